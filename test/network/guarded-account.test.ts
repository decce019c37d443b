import { expect } from 'chai';
import {
  adoptRotation,
  bring,
  rotate,
  rotationOf,
  setGuardians,
  veto,
} from '../../src/client/account/authority.ts';
import {
  completeAuthorityItem,
  freezeAuthorityFields,
  freezeAuthorityItem,
  recoverAuthorityFields,
  recoverAuthorityItem,
} from '../../src/client/account/authorityMessages.ts';
import { newCircle } from '../../src/client/account/guardians.ts';
import { revokeAll } from '../../src/client/consent/revoke.ts';
import { authorityOf } from '../../src/client/wallet/wallet.ts';
import { withdraw } from '../../src/client/enrolment/withdraw.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  clientOf,
  enrollAt,
  enrolledPatient,
  handIn,
  knownNode,
  random,
  startTestNetwork,
  stateAt,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import {
  approvalsOf,
  DAY,
  guardedBy,
  guardIn,
  newSigner,
  pass,
  type TestGuardian,
  wayOf,
} from '../support/guardians.ts';

const waysOf = (network: TestNetwork) => new Map([[network.manifest.networkId, wayOf(network)]]);

/** A thief has everything that lay in her device. */
const stolen = (patient: TestPatient): TestPatient => structuredClone(patient);

async function freeze(network: TestNetwork, patient: TestPatient, by: readonly TestGuardian[]) {
  const { guardianSeq, threshold } = await guardIn(network, patient);
  const fields = freezeAuthorityFields(patient.network, guardianSeq, 20 * DAY);
  const approvals = approvalsOf(by, 'FreezeAuthority', fields);
  const item = freezeAuthorityItem(patient.network, fields, { threshold, approvals });
  await bring(wayOf(network), patient.network, item);
  await network.settle();
}

async function recover(
  network: TestNetwork,
  patient: TestPatient,
  by: readonly TestGuardian[],
  successor = newSigner(),
) {
  const { guardianSeq, threshold } = await guardIn(network, patient);
  const fields = recoverAuthorityFields(patient.network, guardianSeq, successor.account);
  const approvals = approvalsOf(by, 'RecoverAuthority', fields);
  const approved = { threshold, approvals };
  const item = recoverAuthorityItem(patient.network, successor, fields, approved);
  await bring(wayOf(network), patient.network, item);
  await network.settle();
  return successor;
}

const complete = async (network: TestNetwork, patient: TestPatient): Promise<void> => {
  await bring(wayOf(network), patient.network, completeAuthorityItem(patient.network));
  await network.settle();
};

describe("a patient's account", () => {
  let network: TestNetwork;
  before(async () => {
    network = await startTestNetwork();
    await network.settle();
  });
  after(() => network.close());

  it('moves to another one at once without guardians; holders follow, the old one is nobody', async () => {
    const patient = await enrolledPatient(network, ['North']);
    const thief = stolen(patient);
    const next = newSigner();
    const message = rotationOf(patient.wallet, next.account, random);
    const outcomes = await rotate(patient.wallet, next.key, message, waysOf(network));
    expect(outcomes.map(({ error }) => error?.code)).to.deep.equal([undefined]);
    await network.settle();
    const guard = await guardIn(network, patient);
    const guards = new Map([[network.manifest.networkId, guard]]);
    expect(adoptRotation(patient.wallet, guards)).to.equal(true);
    expect(authorityOf(patient.wallet)).to.equal(next.account);

    const attempt = () => enrollAt(network, thief, ['South']);
    expect(await codeOf(attempt)).to.equal('EnrollmentRefused');
    await enrollAt(network, patient, ['South']);
    await network.settle();
    const { records } = await handIn(network, 'North', patient);
    await network.settle();
    expect(stateAt(network, 'South', records[0]?.anchor ?? '0x')).to.equal('held');
  });

  it('hostile 18: waits when a thief moves it; the owner vetoes', async () => {
    const patient = await enrolledPatient(network, ['North']);
    await guardedBy(network, patient);
    const thief = stolen(patient);
    const taken = newSigner();
    const message = rotationOf(thief.wallet, taken.account, random);
    await rotate(thief.wallet, taken.key, message, waysOf(network));
    await network.settle();
    const waiting = await guardIn(network, patient);
    expect(waiting.authority).to.equal(authorityOf(patient.wallet));
    expect(waiting.pending?.authority).to.equal(taken.account);
    expect(await codeOf(() => complete(network, patient))).to.equal('TooEarly');

    await veto(patient.wallet, patient.network, wayOf(network), waiting);
    await network.settle();
    await pass(network, 4 * DAY);
    expect(await codeOf(() => complete(network, patient))).to.equal('NothingPending');
    expect((await guardIn(network, patient)).authority).to.equal(authorityOf(patient.wallet));
  });

  it('hostile 18: is frozen by guardians before a thief can lock her out; revocations still pass; they recover it', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const [a, b, c] = await guardedBy(network, patient);
    if (a === undefined || b === undefined || c === undefined) throw new Error('five guardians');
    const thief = stolen(patient);
    await freeze(network, patient, [a, b, c]);
    const { guardianSeq } = await guardIn(network, patient);
    expect(guardianSeq).to.equal(2n);

    const message = rotationOf(thief.wallet, newSigner().account, random);
    const [moved] = await rotate(thief.wallet, newSigner().key, message, waysOf(network));
    expect(moved?.error?.code).to.equal('BadSignature');
    const taken = newSigner();
    const signed = rotationOf(thief.wallet, taken.account, random);
    const [frozen] = await rotate(thief.wallet, taken.key, signed, waysOf(network));
    expect(frozen?.error?.code).to.equal('AuthorityFrozen');

    const relations = () => network.node('North').open.components.seen;
    const before = relations().relations(patient.network.patientId);
    const south = knownNode(network, 'South');
    expect(
      await codeOf(() => withdraw(thief.wallet, thief.network, clientOf(network), south)),
    ).to.equal('AuthorityFrozen');
    await network.settle();
    expect(relations().relations(patient.network.patientId)).to.deep.equal(before);

    const [revoked] = await revokeAll(patient.wallet, 1n, waysOf(network));
    expect(revoked?.error).to.equal(undefined);

    const next = await recover(network, patient, [a, b, c]);
    expect(await codeOf(() => complete(network, patient))).to.equal('TooEarly');
    const guard = await guardIn(network, patient);
    const stop = () => veto(thief.wallet, thief.network, wayOf(network), guard);
    expect(await codeOf(stop)).to.equal('AuthorityFrozen');
    await pass(network, 3 * DAY);
    await complete(network, patient);
    expect((await guardIn(network, patient)).authority).to.equal(next.account);
    expect(relations().authority(patient.network.patientId)).to.equal(next.account);
  });

  it('is completed as often as something is due, though the message has the same words each time', async () => {
    const patient = await enrolledPatient(network, ['North']);
    await guardedBy(network, patient);
    for (const next of [newSigner(), newSigner()]) {
      const message = rotationOf(patient.wallet, next.account, random);
      await rotate(patient.wallet, next.key, message, waysOf(network));
      await network.settle();
      await pass(network, 3 * DAY);
      await complete(network, patient);
      const guard = await guardIn(network, patient);
      expect(guard.authority).to.equal(next.account);
      adoptRotation(patient.wallet, new Map([[network.manifest.networkId, guard]]));
    }
  });

  it('is guarded in batches that one transaction can carry: four at once, the others after', async () => {
    const patients: TestPatient[] = [];
    for (let i = 0; i < 6; i++) patients.push(await enrolledPatient(network, ['North']));
    const { chain, manifest } = network;
    const { abi } = network.node('North').open.components.contracts.patientRegistry;
    const from = await chain.rpc.send('eth_blockNumber', []);
    for (const patient of patients) {
      const circle = newCircle(
        [newSigner().account, newSigner().account],
        { threshold: 2 },
        random,
      );
      const guard = await guardIn(network, patient);
      await setGuardians(patient.wallet, patient.network, wayOf(network), guard, circle);
    }
    await network.settle();
    const topic = abi.getEvent('GuardiansSet')?.topicHash;
    const { address } = manifest.contracts.PatientRegistry;
    const logs = (await chain.rpc.send('eth_getLogs', [
      { address, fromBlock: from, topics: [topic] },
    ])) as { transactionHash: string }[]; // as eth_getLogs answers
    const sent = logs.map(({ transactionHash }) => transactionHash);
    expect(sent).to.have.length(6);
    const counts = [...new Set(sent)].map((hash) => sent.filter((one) => one === hash).length);
    expect(counts).to.deep.equal([4, 2]);
  });

  it('hostile 18: is recovered by no fewer guardians than she asked for', async () => {
    const patient = await enrolledPatient(network, ['North']);
    const guardians = await guardedBy(network, patient);
    const two = guardians.slice(0, 2);
    expect(await codeOf(() => recover(network, patient, two))).to.equal('TooFewGuardians');
    const stranger = await enrolledPatient(network, ['North']);
    const others = await guardedBy(network, stranger);
    const mixed = [...two, ...others.slice(0, 1)];
    expect(await codeOf(() => recover(network, patient, mixed))).to.equal('ApprovalMismatch');
  });
});
