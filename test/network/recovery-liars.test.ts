import { expect } from 'chai';
import { bring } from '../../src/client/account/authority.ts';
import {
  completeAuthorityItem,
  keySigner,
  recoverAuthorityFields,
  recoverAuthorityItem,
} from '../../src/client/account/authorityMessages.ts';
import { inboxKeyOf } from '../../src/client/inbox/inboxKey.ts';
import { recoverNetwork } from '../../src/client/account/recover.ts';
import { networkOf, newWallet, type Wallet } from '../../src/client/wallet/wallet.ts';
import { sealWalletKey } from '../../src/client/wallet/walletKeys.ts';
import { recoveryCodeOf } from '../../src/crypto/recoveryCode.ts';
import { accountOf, signDigest } from '../../src/crypto/signatures.ts';
import { fromHex, type Hex } from '../../src/hash/bytes.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { giveRecovery } from '../../src/node/holding/giveRecovery.ts';
import { packageOf, sealedPackage } from '../../src/node/holding/patients.ts';
import { encodeMessage } from '../../src/wire/messages.ts';
import { typedDigest } from '../../src/wire/typedData.ts';
import type { ScopePackage } from '../../src/wire/scopePackage.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  activeNode,
  enrolledPatient,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
  timeOf,
} from '../support/edgeNetwork.ts';
import { approvalsOf, DAY, guardedBy, guardIn, pass, wayOf } from '../support/guardians.ts';

describe('nodes that lie to a recovering patient', () => {
  let network: TestNetwork;
  let patient: TestPatient;
  let wallet: Wallet;
  before(async () => {
    network = await startTestNetwork();
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    const guardians = (await guardedBy(network, patient)).slice(0, 3);
    wallet = newWallet(random);
    await sealWalletKey(wallet, [
      { kind: 'recoveryCode', code: recoveryCodeOf(random(16)) },
      { kind: 'guardians', threshold: 2, guardians: 3 },
    ]);
    const successor = keySigner(wallet.authorityKey);
    const fields = recoverAuthorityFields(patient.network, 1n, successor.account);
    const approvals = approvalsOf(guardians, 'RecoverAuthority', fields);
    const approved = { threshold: 3, approvals };
    const item = recoverAuthorityItem(patient.network, successor, fields, approved);
    await bring(wayOf(network), patient.network, item);
    await network.settle();
    await pass(network, 3 * DAY);
    await bring(wayOf(network), patient.network, completeAuthorityItem(patient.network));
    await network.settle();
    expect((await guardIn(network, patient)).authority).to.equal(successor.account);
  });
  after(() => network.close());

  const recovered = async () => {
    const { contracts } = network.node('North').open.components;
    const way = { ...(await waysInto(network, random)), registry: contracts.patientRegistry };
    return recoverNetwork(
      structuredClone(wallet),
      { ...network.manifest, patientId: patient.network.patientId },
      way,
    );
  };

  /** South gives something else than it was given; then the truth again. */
  async function lying(change: (given: ScopePackage) => ScopePackage): Promise<string> {
    const { components: c } = network.node('South').open;
    const held = c.holding.patient(patient.network.patientId);
    if (held === undefined) throw new Error('she is enrolled at South');
    c.holding.putPatient({ ...held, package: sealedPackage(c, change(packageOf(c, held))) });
    try {
      return await codeOf(recovered);
    } finally {
      c.holding.putPatient(held);
    }
  }

  it('are found out when a key does not fit, or a handle is another one than elsewhere', async () => {
    const first = (given: ScopePackage, change: object): ScopePackage => ({
      ...given,
      scopes: given.scopes.map((scope, i) => (i === 0 ? { ...scope, ...change } : scope)),
    });
    const handle: Hex = `0x${'42'.repeat(32)}`;
    expect(await lying((given) => first(given, { handle }))).to.equal('RecoveryContradicts');
    expect(await lying((given) => given)).to.equal('none');
    // North was asked first, so South's key counts for an epoch that only South knows.
    const later = (given: ScopePackage): ScopePackage =>
      first(given, { epoch: 9, privateSeed: random(32) });
    expect(await lying(later)).to.equal('RecoveryContradicts');
  });

  it('are found out when the relation list is not the one on chain', async () => {
    const { components: c } = activeNode(network).open;
    const digest = c.seen.relations(patient.network.patientId)?.digest ?? '0x';
    const message = c.consensus.relationsMessage(digest);
    const [relation] = message?.relations ?? [];
    if (relation === undefined) throw new Error('her list is there');
    const other = `0x${'00'.repeat(32)}`;
    const swap = (from: string, to: string): number =>
      c.db.run(
        "UPDATE patient_message SET entry = replace(entry, ?, ?) WHERE json_extract(entry, '$.relations') IS NOT NULL",
        from,
        to,
      );
    swap(relation.salt, other);
    expect(await codeOf(recovered)).to.equal('RecoveryContradicts');
    swap(other, relation.salt);
    expect(await codeOf(recovered)).to.equal('none');
  });

  it('hostile 34: give nothing for a request that is replayed, late, for another node or with another key', async () => {
    const { components: c } = network.node('North').open;
    const at = { ...networkOf(newWallet(random), network.manifest), ...patient.network };
    const { key, hash } = await inboxKeyOf(wallet, at);
    const { federationId, networkId, chainId, patientId } = patient.network;
    const now = await timeOf(network);
    let nonce = 1n;
    const question = (change: object = {}, sent: object = {}) => {
      nonce += 1n;
      const message = {
        networkId,
        chainId: BigInt(chainId),
        patientId,
        custodian: c.self.nodeId,
        kemKeyHash: hash,
        expiry: BigInt(now + 200),
        nonce,
        ...change,
      };
      const digest = typedDigest('RecoveryRequest', federationId, message);
      return encodeMessage({
        patientId,
        expiry: Number(message.expiry),
        nonce: message.nonce.toString(),
        inboxKey: key,
        signature: signDigest(fromHex(wallet.authorityKey, 32), digest),
        wish: 'package',
        ...sent,
      });
    };
    const asked = (body: Uint8Array) => codeOf(() => giveRecovery(c, body));
    const good = question();
    expect(await asked(good)).to.equal('none');
    expect(await asked(good)).to.equal('Unauthorized');
    const thief = await inboxKeyOf(newWallet(random), at);
    for (const bad of [
      question({ expiry: BigInt(now - 1) }),
      question({ expiry: BigInt(now + 100_000) }),
      question({ custodian: network.node('South').self.nodeId }),
      question({ networkId: patientId }),
      question({ chainId: 5n }),
      question({}, { inboxKey: thief.key }),
      question({}, { patientId: networkId }),
      question({}, { signature: signDigest(random(32), random(32)) }),
    ]) {
      expect(await asked(bad)).to.equal('Unauthorized');
    }
    expect(accountOf(fromHex(wallet.authorityKey, 32))).to.equal(
      c.seen.authority(patient.network.patientId),
    );
  });
});
