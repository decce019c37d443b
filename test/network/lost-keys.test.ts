import { expect } from 'chai';
import { bring } from '../../src/client/account/authority.ts';
import {
  completeAuthorityItem,
  recoverAuthorityFields,
  recoverAuthorityItem,
} from '../../src/client/account/authorityMessages.ts';
import { ownRecords } from '../../src/client/reading/ownRecords.ts';
import {
  recoverNetwork,
  type RecoveryNetwork,
  renewKeys,
  rewrapAt,
} from '../../src/client/account/recover.ts';
import { askPackage } from '../../src/client/account/recoveryQuestions.ts';
import { newWallet, type Wallet, type WalletNetwork } from '../../src/client/wallet/wallet.ts';
import { sealWalletKey } from '../../src/client/wallet/walletKeys.ts';
import { recoveryCodeOf } from '../../src/crypto/recoveryCode.ts';
import { CATEGORIES } from '../../src/fhir/categories.ts';
import { toHex } from '../../src/hash/bytes.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  enrollAt,
  enrolledPatient,
  handIn,
  knownNode,
  newPatient,
  notes,
  random,
  startTestNetwork,
  stateAt,
  textAt,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import {
  approvalsOf,
  DAY,
  guardedBy,
  guardIn,
  pass,
  type TestGuardian,
  wayOf,
} from '../support/guardians.ts';
import { keySigner } from '../../src/client/account/authorityMessages.ts';

/** A new wallet on a new device: it knows nothing. */
async function emptyWallet(): Promise<Wallet> {
  const wallet = newWallet(random);
  await sealWalletKey(wallet, [
    { kind: 'recoveryCode', code: recoveryCodeOf(random(16)) },
    { kind: 'guardians', threshold: 2, guardians: 3 },
  ]);
  return wallet;
}

const recoveryInto = async (network: TestNetwork): Promise<RecoveryNetwork> => {
  const ways = await waysInto(network, random);
  const { contracts } = network.node('North').open.components;
  return { ...ways, registry: contracts.patientRegistry };
};

/** Three guardians give her the account of a wallet, after the delay. */
async function giveAccount(
  network: TestNetwork,
  patient: TestPatient,
  guardians: readonly TestGuardian[],
  wallet: Wallet,
): Promise<void> {
  const successor = keySigner(wallet.authorityKey);
  const { guardianSeq, threshold } = await guardIn(network, patient);
  const fields = recoverAuthorityFields(patient.network, guardianSeq, successor.account);
  const approvals = approvalsOf(guardians.slice(0, 3), 'RecoverAuthority', fields);
  const approved = { threshold, approvals };
  const item = recoverAuthorityItem(patient.network, successor, fields, approved);
  await bring(wayOf(network), patient.network, item);
  await network.settle();
  await pass(network, 3 * DAY);
  await bring(wayOf(network), patient.network, completeAuthorityItem(patient.network));
  await network.settle();
}

async function textsOf(
  network: TestNetwork,
  wallet: Wallet,
  at: WalletNetwork,
  node: string,
): Promise<string[]> {
  const texts: string[] = [];
  const own = ownRecords(wallet, at, knownNode(network, node), await waysInto(network, random));
  for await (const { body } of own) texts.push(Buffer.from(body).toString());
  return texts.sort();
}

describe('a patient who has lost every way to her keys', () => {
  let network: TestNetwork;
  let patient: TestPatient;
  let guardians: TestGuardian[];
  let wallet: Wallet;
  let found: WalletNetwork;
  before(async () => {
    network = await startTestNetwork();
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    guardians = await guardedBy(network, patient);
    await handIn(network, 'North', patient, [...notes(2), ...notes(1, 'medication')]);
    await network.settle();
    wallet = await emptyWallet();
  });
  after(() => network.close());

  const address = () => ({ ...network.manifest, patientId: patient.network.patientId });

  it('hostile 18: gets nothing back before her guardians have given her an account', async () => {
    const way = await recoveryInto(network);
    const early = () => recoverNetwork(wallet, address(), way);
    expect(await codeOf(early)).to.equal('Unauthorized');
    // Whoever has only her wallet's key, a thief, is given no keys either.
    const thief = { ...patient.wallet, rootKey: toHex(random(32)) };
    const north = knownNode(network, 'North');
    const asThief = () => askPackage(thief, patient.network, north, way);
    expect(await codeOf(asThief)).to.equal('NotRecovered');
  });

  it('takes her identifiers and keys back from her nodes, checked against chain and each other', async () => {
    await giveAccount(network, patient, guardians, wallet);
    const way = await recoveryInto(network);
    const { network: at, lost, silent } = await recoverNetwork(wallet, address(), way);
    found = at;
    expect(lost).to.deep.equal([]);
    expect(silent).to.deep.equal([]);
    expect(found.relations).to.deep.equal(patient.network.relations);
    expect(found.seq).to.equal(patient.network.seq);
    expect(await textsOf(network, wallet, found, 'South')).to.deep.equal([
      'medication 1',
      'result 1',
      'result 2',
    ]);
  });

  it('puts a new root key behind everything, and her old records open with it alone', async () => {
    const way = await recoveryInto(network);
    const guard = await guardIn(network, patient);
    await renewKeys(wallet, found, way, guard);
    await network.settle();
    expect(await rewrapAt(wallet, found, knownNode(network, 'South'), way)).to.equal(3);
    expect(await rewrapAt(wallet, found, knownNode(network, 'South'), way)).to.equal(0);
    const forgetful = structuredClone(found);
    if (forgetful.kept !== undefined) forgetful.kept.scopeSeeds = [];
    expect(await textsOf(network, wallet, forgetful, 'South')).to.deep.equal([
      'medication 1',
      'result 1',
      'result 2',
    ]);
  });

  it('goes on as before: new records, a new hospital, the old wallet is nobody', async () => {
    const { records } = await handIn(network, 'North', patient, notes(1, 'allergy'));
    await network.settle();
    const anchor = records[0]?.anchor ?? '0x';
    expect(await textAt(network, 'South', anchor)).to.equal('allergy 1');
    expect(await textsOf(network, wallet, found, 'South')).to.include('allergy 1');
    const again = { wallet, network: found, identifiers: patient.identifiers };
    await enrollAt(network, again, ['East']);
    await network.settle();
    const next = await handIn(network, 'North', patient);
    await network.settle();
    expect(stateAt(network, 'East', next.records[0]?.anchor ?? '0x')).to.equal('held');
    const old = () => textsOf(network, patient.wallet, patient.network, 'South');
    expect(await codeOf(old)).to.equal('Unauthorized');
  });

  it('says which categories are lost because no node was given their key, and which nodes were silent', async () => {
    const other = newPatient(network);
    const given = CATEGORIES.filter((category) => category !== 'result');
    await enrollAt(network, other, ['North', 'East'], given);
    await network.settle();
    const friends = await guardedBy(network, other);
    const next = await emptyWallet();
    await giveAccount(network, other, friends, next);
    await network.node('East').stop();
    const way = await recoveryInto(network);
    const outcome = await recoverNetwork(
      next,
      { ...address(), patientId: other.network.patientId },
      way,
    );
    expect(outcome.lost).to.deep.equal(['result']);
    expect(outcome.silent.map(({ nodeId }) => nodeId)).to.deep.equal([
      network.node('East').self.nodeId,
    ]);
  });
});
