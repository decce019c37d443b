import { expect } from 'chai';
import { withdraw } from '../../src/client/enrolment/withdraw.ts';
import { codeOf } from '../support/codeOf.ts';
import { resume, suspend } from '../support/consortium.ts';
import {
  alarmsOf,
  blocksAt,
  clientOf,
  enrollAt,
  enrolledPatient,
  handIn,
  knownNode,
  notes,
  progressOf,
  settleAll,
  stateAt,
  startTestNetwork,
  tableRoots,
  type TestNetwork,
  textAt,
} from '../support/edgeNetwork.ts';
import { admitHospital } from '../support/lateNode.ts';

const NORTH_AND_SOUTH = ['North', 'South'];

describe('who comes and goes', function () {
  this.timeout(60_000);
  let network: TestNetwork;

  beforeEach(async () => {
    network = await startTestNetwork({ windows: { admissionDelay: 15 } });
    await network.settle();
  });
  afterEach(() => network.close());

  describe('a hospital admitted later', () => {
    it('takes part after its delay, and holds for who enrols there', async () => {
      const patient = await enrolledPatient(network, NORTH_AND_SOUTH);
      const early = await handIn(network, 'North', patient, notes(2));
      await network.settle();
      network = await admitHospital(network, 'West');

      // Within the delay nobody waits for it.
      const meanwhile = await handIn(network, 'North', patient, notes(1));
      for (let i = 0; i < 8; i++) await network.step();
      expect((await progressOf(network)).settled).to.equal(2);
      const seen = network.node('North').open.components.seen;
      expect(seen.settledOf(2)?.bitmap).to.equal(0b111n);

      for (let i = 0; i < 15; i++) await network.step();
      await enrollAt(network, patient, ['West']);
      await network.settle();
      const { records } = await handIn(network, 'North', patient, notes(1, 'problem'));
      await network.settle();
      expect(stateAt(network, 'West', records[0]!.anchor)).to.equal('held');
      expect(await textAt(network, 'West', records[0]!.anchor)).to.equal('problem 1');
      expect(seen.settledOf(3)?.bitmap).to.equal(0b1111n);
      for (const { anchor } of [...early.records, ...meanwhile.records])
        expect(stateAt(network, 'West', anchor)).to.equal('unknown');

      const own = await handIn(network, 'West', patient, notes(1));
      await network.settle();
      expect(stateAt(network, 'South', own.records[0]!.anchor)).to.equal('held');
      expect(alarmsOf(network)).to.deep.equal([]);
    });
  });

  describe('a hospital she has left', () => {
    const leave = async (
      patient: Awaited<ReturnType<typeof enrolledPatient>>,
      name: string,
    ): Promise<void> => {
      await withdraw(patient.wallet, patient.network, clientOf(network), knownNode(network, name));
      await network.settle();
    };

    it('gets nothing more, while the others go on and open old and new', async () => {
      const patient = await enrolledPatient(network, ['North', 'South', 'East']);
      const old = await handIn(network, 'North', patient, notes(1));
      await network.settle();
      await leave(patient, 'East');

      const { records } = await handIn(network, 'North', patient, notes(2));
      await settleAll(network);
      const [record] = records;
      expect(stateAt(network, 'East', record!.anchor)).to.equal('unknown');
      expect(await blocksAt(network, 'East', records)).to.equal(0);
      expect(stateAt(network, 'South', record!.anchor)).to.equal('held');
      expect(await textAt(network, 'South', record!.anchor)).to.equal('result 1');
      const answer = network.node('East').open.components.seen.request(2)?.answered ?? '';
      expect(answer.slice(2)).to.match(/^0+$/);
      expect(await textAt(network, 'South', old.records[0]!.anchor)).to.equal('result 1');
      expect(alarmsOf(network)).to.deep.equal([]);
    });

    it('is refused at the gateways with what it was delivered before', async () => {
      const patient = await enrolledPatient(network, ['North', 'South', 'East']);
      const { records } = await handIn(network, 'North', patient, notes(1));
      await network.settle();
      const [record] = records;
      const { components } = network.node('East').open;
      const ground = JSON.stringify(components.holding.held(record!.anchor)?.ground);
      const north = network.node('North').self.nodeId;
      const wanted = { owner: record!.anchor, cid: record!.recordCid, size: record!.recordSize };
      const [before] = await components.gateway(north, () => ground).fetchMany([wanted]);
      expect(before?.kind).to.equal('fetched');
      await leave(patient, 'East');
      const [after] = await components.gateway(north, () => ground).fetchMany([wanted]);
      expect(after?.kind === 'failed' && after.error.code).to.equal('ContentNotFound');
    });

    it('writes nothing more for her, and who stays needs her new key', async () => {
      const patient = await enrolledPatient(network, ['North', 'South', 'East']);
      const seen = network.node('North').open.components.seen;
      await leave(patient, 'East');
      expect(await codeOf(() => handIn(network, 'East', patient))).to.equal('PatientNotEnrolled');
      const handles = patient.network.relations.flatMap(({ handles }) => handles);
      expect(
        handles.every((handle) => seen.scopeEpoch(patient.network.patientId, handle)?.epoch === 1),
      ).to.equal(true);
      await handIn(network, 'North', patient);
      await network.settle();
      expect(await progressOf(network)).to.deep.equal({ requested: 1, sealed: 1, settled: 1 });
    });
  });

  describe('a suspended hospital', () => {
    it('requests nothing and is not waited for, then goes on where it was', async () => {
      const patient = await enrolledPatient(network, NORTH_AND_SOUTH);
      const first = await handIn(network, 'North', patient, notes(1));
      await network.settle();
      await suspend(network, 'South');
      await network.settle();

      const during = await handIn(network, 'North', patient, notes(1));
      const own = await handIn(network, 'South', patient, notes(1, 'problem'));
      await network.settle();
      expect(await progressOf(network)).to.deep.equal({ requested: 2, sealed: 2, settled: 2 });
      const { seen } = network.node('North').open.components;
      expect(seen.settledOf(2)?.bitmap).to.equal(0b101n);
      expect(stateAt(network, 'South', during.records[0]!.anchor)).to.equal('unknown');

      await resume(network, 'South');
      await settleAll(network);
      // What it had sealed meanwhile goes out now.
      expect(stateAt(network, 'North', own.records[0]!.anchor)).to.equal('held');
      const { records } = await handIn(network, 'North', patient, notes(1));
      for (let i = 0; i < 320; i++) await network.step();
      expect(stateAt(network, 'South', records[0]!.anchor)).to.equal('held');
      expect(stateAt(network, 'South', first.records[0]!.anchor)).to.equal('held');
      const { chain, nodes } = await tableRoots(network);
      expect(nodes).to.deep.equal({ Keeper: chain, Standby: chain });
      expect(alarmsOf(network)).to.include('South: listMissing');
    });
  });
});
