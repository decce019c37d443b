import { expect } from 'chai';
import { stepScopes } from '../../src/client/account/stepScopes.ts';
import { submitSteps, withSteps } from '../../src/client/account/stepScopes.ts';
import { waitingTable } from '../../src/journal/waitingTable.ts';
import { handInOrWait, retryWaiting } from '../../src/node/recording/waitingSubmissions.ts';
import {
  bundleOf,
  clientOf,
  enrolledPatient,
  handIn,
  notes,
  readNotes,
  startTestNetwork,
  stateAt,
  type TestNetwork,
  textAt,
} from '../support/edgeNetwork.ts';

describe('scope keys stepped at the wish of the patient', () => {
  let network: TestNetwork;
  before(async () => {
    network = await startTestNetwork();
    await network.settle();
  });
  after(() => network.close());

  it('seal what comes to the new key and leave the old records readable', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const before = await handIn(network, 'North', patient, notes(1));
    await network.settle();
    await stepScopes(patient.wallet, patient.network, clientOf(network), ['result']);
    await network.settle();
    const after = await handIn(network, 'North', patient, notes(1));
    await network.settle();
    const [old, young] = [before.records[0], after.records[0]];
    if (old === undefined || young === undefined) throw new Error('each hand-in is a record');
    expect(young.scopeKeyId).to.not.equal(old.scopeKeyId);
    expect(await textAt(network, 'South', old.anchor)).to.equal('result 1');
    expect(await textAt(network, 'South', young.anchor)).to.equal('result 1');
  });

  it('let an author without the new key wait visibly, and seal when it has come', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const client = clientOf(network);
    // The chain shows the step before the author has been told of it.
    const next = withSteps(patient.network, ['result']);
    const untold = structuredClone(patient.network);
    await submitSteps(patient.wallet, untold, next, client, ['result']);
    await network.settle();
    const { components } = network.node('North').open;
    const bundle = bundleOf(patient, notes(1));
    const handedIn = await handInOrWait(components, readNotes, bundle, 'first');
    expect(handedIn).to.deep.equal({ waiting: 'ScopeKeyOutdated' });
    expect(waitingTable(components.db).count()).to.equal(1);
    expect(await retryWaiting(components, readNotes)).to.equal(0);

    patient.network.seq = untold.seq;
    patient.network.epochs = untold.epochs;
    await stepScopes(patient.wallet, patient.network, client, ['result']);
    await network.settle();
    expect(await retryWaiting(components, readNotes)).to.equal(1);
    expect(waitingTable(components.db).count()).to.equal(0);
    await network.settle();
    const sealed = components.author.submission('first')?.anchors[0] ?? '0x';
    expect(stateAt(network, 'South', sealed)).to.equal('held');
  });
});
