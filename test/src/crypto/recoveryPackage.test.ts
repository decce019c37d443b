import { expect } from 'chai';
import { deriveKemKeyPair } from '../../../src/crypto/hpkeSealing.ts';
import { openRecovery, sealRecovery } from '../../../src/crypto/recoveryPackage.ts';
import { packageHashOf } from '../../../src/crypto/scopePackage.ts';
import { accountOf, signDigest } from '../../../src/crypto/signatures.ts';
import type { Hex } from '../../../src/hash/bytes.ts';
import type { RecoveryContent } from '../../../src/wire/recoveryMessages.ts';
import { type Package, typedDigest } from '../../../src/wire/typedData.ts';
import { codeOf } from '../../support/codeOf.ts';

const id = (byte: string): Hex => `0x${byte.repeat(32)}`;
const filled = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const federationId = id('f0');
const nodeKey = filled(7);
const account = accountOf(nodeKey);
const place = { networkId: id('01'), chainId: 31337n, nodeId: id('0a') };
const sign = (message: Package): Hex =>
  signDigest(nodeKey, typedDigest('Package', federationId, message));

const inboxKey = await deriveKemKeyPair(1, filled(5));
const content: RecoveryContent = {
  patientId: id('9a'),
  seq: 4,
  scopes: [
    {
      category: 'result',
      handle: id('1a'),
      epoch: 2,
      suite: 1,
      publicKey: '0x1234',
      privateSeed: id('06'),
    },
  ],
  presenceEpoch: 1,
  accessKey: id('09'),
  histories: [{ handle: id('1a'), count: 3, historyHead: id('33') }],
};
const address = { ...place, patientId: content.patientId, seq: 4n };
const made = await sealRecovery(content, place, inboxKey.publicKey, sign);
const open = (change: Partial<Omit<Package, 'packageHash'>> = {}, sealed = made.sealed) =>
  openRecovery(sealed, made.signature, { ...address, ...change }, inboxKey, {
    federationId,
    account,
  });

describe('a recovery package', () => {
  it('opens with the inbox key that it was sealed to', async () => {
    expect(await open()).to.deep.equal(content);
  });

  it('is refused under another patient, node, network, chain or number, or with a changed byte', async () => {
    for (const change of [
      { patientId: id('9b') },
      { nodeId: id('0b') },
      { networkId: id('02') },
      { chainId: 1n },
      { seq: 5n },
    ]) {
      expect(await codeOf(() => open(change))).to.equal('BadPackageSignature');
    }
    const tampered = made.sealed.slice();
    tampered[100] = (tampered[100] ?? 0) ^ 1;
    expect(await codeOf(() => open({}, tampered))).to.equal('BadPackageSignature');
  });

  it('is refused when somebody else signed it, or it opens with another key', async () => {
    const other = { federationId, account: accountOf(filled(8)) };
    const asOther = () => openRecovery(made.sealed, made.signature, address, inboxKey, other);
    expect(await codeOf(asOther)).to.equal('BadPackageSignature');
    const anotherKey = await deriveKemKeyPair(1, filled(6));
    const withOther = () =>
      openRecovery(made.sealed, made.signature, address, anotherKey, { federationId, account });
    expect(await codeOf(withOther)).to.equal('OpeningFailed');
  });

  it('is signed for nothing else: no scope package passes for it', async () => {
    const message = { ...address, packageHash: packageHashOf(made.sealed) };
    const signature = sign(message);
    const asScope = () =>
      openRecovery(made.sealed, signature, address, inboxKey, { federationId, account });
    expect(await codeOf(asScope)).to.equal('BadPackageSignature');
  });
});
