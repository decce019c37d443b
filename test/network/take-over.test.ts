import { expect } from 'chai';
import {
  activeNode,
  alarmsOf,
  enrollAt,
  enrolledPatient,
  handIn,
  newPatient,
  notes,
  progressOf,
  settleAll,
  stateAt,
  startTestNetwork,
  tableRoots,
  type TestNetwork,
} from '../support/edgeNetwork.ts';
import { stopAt, survives } from '../support/stopAt.ts';

describe('a consensus node that is gone', function () {
  this.timeout(60_000);
  let network: TestNetwork;

  beforeEach(async () => {
    network = await startTestNetwork({ windows: { takeOverSeconds: 8 } });
    await network.settle();
  });
  afterEach(() => network.close());

  /** Steps until another consensus node is active. */
  async function untilTakenOver(): Promise<void> {
    for (let i = 0; i < 60 && activeNode(network).name === 'Keeper'; i++) await network.step();
    expect(activeNode(network).name).to.equal('Standby');
  }

  async function expectAgreement(): Promise<void> {
    const { chain, nodes } = await tableRoots(network);
    expect(nodes).to.deep.equal({ Keeper: chain, Standby: chain });
  }

  it('is followed by the standby, which gets lists and answers anew and settles', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const before = await handIn(network, 'North', patient, notes(1));
    await network.settle();
    await network.node('Keeper').stop();
    const { records } = await handIn(network, 'North', patient, notes(2));
    const other = await handIn(network, 'South', patient, notes(1, 'problem'));
    await untilTakenOver();
    await settleAll(network);

    expect(await progressOf(network)).to.deep.equal({ requested: 3, sealed: 3, settled: 3 });
    for (const { anchor } of [...before.records, ...records, ...other.records]) {
      expect(stateAt(network, 'North', anchor)).to.equal('held');
      expect(stateAt(network, 'South', anchor)).to.equal('held');
    }
    const author = network.node('North').open.components.author;
    expect(author.holderCount(2)?.outstanding).to.equal(0);

    await network.node('Keeper').start();
    await settleAll(network);
    await expectAgreement();
    expect(activeNode(network).name).to.equal('Standby');

    const last = await handIn(network, 'South', patient, notes(1));
    await settleAll(network);
    expect(stateAt(network, 'North', last.records[0]!.anchor)).to.equal('held');
    await expectAgreement();
  });

  it('leaves a seal whose deliveries did not go out: the standby delivers it', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const stop = stopAt('consensus: seal applied');
    await network.node('Keeper').stop();
    await network.node('Keeper').start({ reached: stop.reached });
    const { records } = await handIn(network, 'North', patient, notes(2));
    expect(await survives(() => network.settle())).to.equal(false);
    await network.node('Keeper').stop();
    expect((await progressOf(network)).sealed).to.equal(1);

    // Only an open request lets a standby take over: the next one is it.
    const next = await handIn(network, 'South', patient, notes(1));
    await network.settle();
    await untilTakenOver();
    await settleAll(network);
    for (const { anchor } of [...records, ...next.records]) {
      expect(stateAt(network, 'North', anchor)).to.equal('held');
      expect(stateAt(network, 'South', anchor)).to.equal('held');
    }
    expect(await progressOf(network)).to.deep.equal({ requested: 2, sealed: 2, settled: 2 });
    await network.node('Keeper').start();
    await settleAll(network);
    await expectAgreement();
  });

  it('takes over again when the other one is gone', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    await network.node('Keeper').stop();
    await handIn(network, 'North', patient, notes(1));
    await untilTakenOver();
    await settleAll(network);
    await network.node('Keeper').start();
    await settleAll(network);
    await network.node('Standby').stop();
    const { records } = await handIn(network, 'North', patient, notes(1));
    for (let i = 0; i < 60 && activeNode(network).name === 'Standby'; i++) await network.step();
    await settleAll(network);
    expect(activeNode(network).name).to.equal('Keeper');
    expect(stateAt(network, 'South', records[0]!.anchor)).to.equal('held');
    await network.node('Standby').start();
    await settleAll(network);
    await expectAgreement();
    expect(await progressOf(network)).to.deep.equal({ requested: 2, sealed: 2, settled: 2 });
  });

  it('does not take a prepared seal with it', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const stop = stopAt('consensus: seal prepared');
    await network.node('Keeper').stop();
    await network.node('Keeper').start({ reached: stop.reached });
    const { records } = await handIn(network, 'North', patient, notes(2));
    expect(await survives(() => network.settle())).to.equal(false);
    await network.node('Keeper').stop();
    await untilTakenOver();
    await network.node('Keeper').start();
    await settleAll(network);
    for (const { anchor } of records) expect(stateAt(network, 'South', anchor)).to.equal('held');
    await expectAgreement();
    expect(await progressOf(network)).to.deep.equal({ requested: 1, sealed: 1, settled: 1 });
  });

  it('leaves no enrolment behind that it had taken', async () => {
    const known = await enrolledPatient(network, ['North', 'South']);
    const patient = newPatient(network);
    await enrollAt(network, patient, ['North', 'East']);
    await network.node('Standby').open.tick();
    await network.node('Keeper').open.courier.flush();
    await network.node('Keeper').stop();
    await handIn(network, 'North', known, notes(1));
    await untilTakenOver();
    await settleAll(network);
    const { records } = await handIn(network, 'North', patient, notes(1));
    await settleAll(network);
    expect(stateAt(network, 'East', records[0]!.anchor)).to.equal('held');
    await network.node('Keeper').start();
    await settleAll(network);
    await expectAgreement();
  });

  it('seals on without a standby, with an alarm, and the standby catches up', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    await network.node('Standby').stop();
    for (let i = 0; i < 3; i++) {
      await handIn(network, 'North', patient, notes(1));
      await network.settle();
    }
    expect((await progressOf(network)).settled).to.equal(3);
    expect(alarmsOf(network)).to.include('Keeper: standbyMissing');
    await network.node('Standby').start();
    await settleAll(network);
    await expectAgreement();
  });
});
