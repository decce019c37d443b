import { expect } from 'chai';
import { encodeMessage } from '../../src/wire/messages.ts';
import { scopeEpoch } from '../../src/client/patientMessages.ts';
import { commitmentOf, scopeEntries } from '../../src/client/wallet/wallet.ts';
import { ask } from '../../src/client/ask.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  alarmsOf,
  clientOf,
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
  textAt,
} from '../support/edgeNetwork.ts';

describe('bundles handed in', function () {
  this.timeout(60_000);
  let network: TestNetwork;

  beforeEach(async () => {
    network = await startTestNetwork();
    await network.settle();
  });
  afterEach(() => network.close());

  it('gives the same key and content the same answer, and refuses other content', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const first = await handIn(network, 'North', patient, notes(2), 'key');
    expect(await handIn(network, 'North', patient, notes(2), 'key')).to.deep.equal(first);
    expect(await codeOf(() => handIn(network, 'North', patient, notes(3), 'key'))).to.equal(
      'SubmissionConflict',
    );
    await network.settle();
    const again = await handIn(network, 'North', patient, notes(2), 'key');
    expect(again.submission).to.deep.equal(first.submission);
    await network.settle();
    expect(network.node('South').open.components.holding.countHeld()).to.equal(2);
    expect((await progressOf(network)).requested).to.equal(1);
  });

  it('share one wrap for each patient, category and batch, so that a holder opens one', async () => {
    const [patient, other] = [
      await enrolledPatient(network, ['North', 'South']),
      await enrolledPatient(network, ['North', 'South']),
    ];
    const wrapsOf = async (person: typeof patient, given = notes(2)) =>
      (await handIn(network, 'North', person, given)).records.map(({ wrapCid }) => wrapCid);
    const [first, again] = [await wrapsOf(patient), await wrapsOf(patient)];
    expect(new Set([...first, ...again])).to.have.lengthOf(1);
    const apart = [
      ...first,
      ...(await wrapsOf(patient, notes(2, 'medication'))),
      ...(await wrapsOf(other)),
    ];
    await network.settle();
    const later = await wrapsOf(patient);
    await network.settle();
    expect(new Set([...apart, ...later])).to.have.lengthOf(4);
    const { holding } = network.node('South').open.components;
    expect(holding.countHeld()).to.equal(10);
    for (const { anchor } of holding.heldIn('held', 10))
      expect(await textAt(network, 'South', anchor)).to.match(/^(result|medication) [12]$/);
  });

  it('is taken once when it comes twice at the same time', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const results = await Promise.allSettled([
      handIn(network, 'North', patient, notes(2), 'key'),
      handIn(network, 'North', patient, notes(2), 'key'),
    ]);
    const [one, two] = results.map((result) =>
      result.status === 'fulfilled' ? result.value.submission : String(result.reason),
    );
    expect(one).to.deep.equal(two);
    await network.settle();
    expect(network.node('South').open.components.holding.countHeld()).to.equal(2);
  });

  it('names the patient that it does not know, or not surely', async () => {
    const known = await enrolledPatient(network, ['North']);
    const other = await enrolledPatient(network, ['North']);
    const both = { identifiers: [...known.identifiers, ...other.identifiers] };
    expect(await codeOf(() => handIn(network, 'North', newPatient(network)))).to.equal(
      'PatientUnknown',
    );
    expect(await codeOf(() => handIn(network, 'North', both))).to.equal('PatientAmbiguous');
    const asked = newPatient(network);
    await enrollAt(network, asked, ['North']);
    expect(await codeOf(() => handIn(network, 'North', asked))).to.equal('PatientNotEnrolled');
    await network.settle();
    await handIn(network, 'North', asked, notes(1));
    await network.settle();
    expect(await progressOf(network)).to.deep.equal({ requested: 1, sealed: 1, settled: 1 });
  });

  it('waits for the new key when the chain shows that the old one has stepped', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const { wallet, network: own } = patient;
    const client = clientOf(network);
    own.epochs['result'] = 1;
    const [entry] = await scopeEntries(wallet, own, ['result'], []);
    own.seq += 1;
    const step = {
      seq: own.seq,
      handle: entry!.handle,
      epoch: 1,
      commitment: commitmentOf(wallet, own, entry!),
    };
    const body = encodeMessage(scopeEpoch(wallet, own, step));
    await ask(network.transport, own.networkId, client.consensus, MessageType.PatientMessage, body);
    await network.settle();
    expect(await codeOf(() => handIn(network, 'North', patient))).to.equal('ScopeKeyOutdated');
    await enrollAt(network, patient, ['North', 'South']);
    await network.settle();
    const { records } = await handIn(network, 'North', patient);
    await network.settle();
    expect(await textAt(network, 'South', records[0]!.anchor)).to.equal('result 1');
  });

  it('takes many authors and more records than one batch holds, in order', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const other = await enrolledPatient(network, ['South', 'East']);
    const accepted = await Promise.all([
      handIn(network, 'North', patient, notes(310)),
      handIn(network, 'South', other, notes(20, 'problem')),
      handIn(network, 'East', other, notes(5, 'allergy')),
    ]);
    await settleAll(network);
    const { requested, sealed, settled } = await progressOf(network);
    expect([requested, sealed, settled]).to.deep.equal([4, 4, 4]);
    const holders = [
      ['North', 'South'],
      ['South', 'East'],
      ['South', 'East'],
    ];
    accepted.forEach(({ records }, index) => {
      for (const { anchor } of records)
        for (const name of holders[index] ?? [])
          expect(stateAt(network, name, anchor)).to.equal('held');
    });
    const { chain, nodes } = await tableRoots(network);
    expect(nodes).to.deep.equal({ Keeper: chain, Standby: chain });
    expect(alarmsOf(network)).to.deep.equal([]);
  });

  it('is not doubled by an author who may write a category that it may not hold', async () => {
    const patient = newPatient(network);
    await enrollAt(network, patient, ['South']);
    await network.settle();
    await enrollAt(network, patient, ['North'], ['result']);
    await network.settle();
    await handIn(network, 'North', patient, notes(2, 'imaging'));
    await settleAll(network);
    expect(network.node('South').open.components.holding.countHeld()).to.equal(2);
    expect((await progressOf(network)).requested).to.equal(1);
  });
});
