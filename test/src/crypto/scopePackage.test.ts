import { expect } from 'chai';
import fc from 'fast-check';
import { deriveKemKeyPair } from '../../../src/crypto/hpkeSealing.ts';
import {
  openScopePackage,
  packageHashOf,
  sealScopePackage,
} from '../../../src/crypto/scopePackage.ts';
import type { SealedPackage } from '../../../src/crypto/scopePackage.ts';
import { accountOf, signDigest } from '../../../src/crypto/signatures.ts';
import type { Hex } from '../../../src/hash/bytes.ts';
import type { ScopePackage } from '../../../src/wire/scopePackage.ts';
import { typedDigest, type Package } from '../../../src/wire/typedData.ts';
import { codeOf } from '../../support/codeOf.ts';

const id = (byte: string): Hex => `0x${byte.repeat(32)}`;
const filled = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const federationId = id('f0');
const authorityKey = filled(7);
const address = { networkId: id('01'), chainId: 31337n, nodeId: id('0a') };
const opening = { federationId, authority: accountOf(authorityKey), address };
const sign = (message: Package): Hex =>
  signDigest(authorityKey, typedDigest('Package', federationId, message));

const nodeKey = await deriveKemKeyPair(1, filled(5));
const scopeKey = await deriveKemKeyPair(1, filled(6));
const content: ScopePackage = {
  patientId: id('9a'),
  seq: 4n,
  scopes: [
    {
      category: 'result',
      handle: id('1a'),
      epoch: 2,
      suite: 1,
      publicKey: scopeKey.publicKey.bytes,
      privateSeed: filled(6),
    },
    {
      category: 'financial',
      handle: id('1b'),
      epoch: 1,
      suite: 1,
      publicKey: new Uint8Array(1216),
    },
  ],
  presenceEpoch: 1,
  presenceSecret: filled(8),
  accessKey: filled(9),
  relation: { salt: id('5a'), nodeId: address.nodeId, role: 1, handles: [id('1a')] },
  path: [id('6a'), id('6b')],
};
const sealOne = (given: ScopePackage = content) =>
  sealScopePackage(given, address, nodeKey.publicKey, sign);

describe('scopePackage', () => {
  it('gives the node what the patient sealed for it', async () => {
    expect(await openScopePackage(await sealOne(), nodeKey, opening)).to.deep.equal(content);
  });

  it('refuses a package for another node, network or chain', async () => {
    const sealed = await sealOne();
    for (const change of [{ nodeId: id('0b') }, { networkId: id('02') }, { chainId: 1n }]) {
      const other = { ...opening, address: { ...address, ...change } };
      expect(await codeOf(() => openScopePackage(sealed, nodeKey, other))).to.equal(
        'PackageMismatch',
      );
    }
  });

  it('refuses a package signed by another account, for another federation, or altered', async () => {
    const sealed = await sealOne();
    const stranger = { ...opening, authority: accountOf(filled(1)) };
    const elsewhere = { ...opening, federationId: id('f1') };
    const renumbered: SealedPackage = { ...sealed, message: { ...sealed.message, seq: 5n } };
    const unsigned: SealedPackage = { ...sealed, signature: '0x' };
    for (const act of [
      () => openScopePackage(sealed, nodeKey, stranger),
      () => openScopePackage(sealed, nodeKey, elsewhere),
      () => openScopePackage(renumbered, nodeKey, opening),
      () => openScopePackage(unsigned, nodeKey, opening),
    ]) {
      expect(await codeOf(act)).to.equal('BadPackageSignature');
    }
    const bytes = sealed.sealed.slice();
    bytes[700] = (bytes[700] ?? 0) ^ 1;
    const altered = { ...sealed, sealed: bytes };
    expect(await codeOf(() => openScopePackage(altered, nodeKey, opening))).to.equal(
      'PackageMismatch',
    );
  });

  it('refuses sealed bytes taken from another occasion, even when signed anew', async () => {
    const { sealed } = await sealOne();
    for (const change of [{ seq: 5n }, { patientId: id('9b') }]) {
      const message = {
        ...address,
        patientId: content.patientId,
        seq: content.seq,
        packageHash: packageHashOf(sealed),
        ...change,
      };
      const moved = { message, signature: sign(message), sealed };
      expect(await codeOf(() => openScopePackage(moved, nodeKey, opening))).to.equal(
        'OpeningFailed',
      );
    }
  });

  it('refuses to seal a relation of another node, and a private key that does not fit', async () => {
    const relation = { ...content.relation, nodeId: id('0b') };
    expect(await codeOf(() => sealOne({ ...content, relation }))).to.equal('PackageMismatch');
    const scopes = content.scopes.map((scope) => ({ ...scope, privateSeed: filled(1) }));
    const misfit = await sealOne({ ...content, scopes });
    expect(await codeOf(() => openScopePackage(misfit, nodeKey, opening))).to.equal(
      'ScopeKeyMismatch',
    );
  });

  it('opens with the key of the node only', async () => {
    const sealed = await sealOne();
    const other = await deriveKemKeyPair(1, filled(4));
    expect(await codeOf(() => openScopePackage(sealed, other, opening))).to.equal('OpeningFailed');
  });

  it('hostile 42: is sealed and opened in allowed suites only', async () => {
    const small = await deriveKemKeyPair(0, filled(5));
    const seal = (allowed?: readonly number[]) =>
      sealScopePackage(content, address, small.publicKey, sign, allowed);
    expect(await codeOf(() => seal())).to.equal('SuiteRefused');
    const sealed = await seal([0, 1]);
    const both = { ...opening, allowedSuites: [0, 1] };
    expect(await openScopePackage(sealed, small, both)).to.deep.equal(content);
    expect(await codeOf(() => openScopePackage(sealed, small, opening))).to.equal('SuiteRefused');
    expect(await codeOf(() => openScopePackage(sealed, nodeKey, both))).to.equal('OpeningFailed');
  });

  it('hostile 40: names neither patient nor keys in a refusal', async () => {
    const sealed = await sealOne();
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.sealed.length - 1), async (at) => {
        const bytes = sealed.sealed.slice();
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        const message = { ...sealed.message, packageHash: packageHashOf(bytes) };
        const altered = { message, signature: sign(message), sealed: bytes };
        try {
          await openScopePackage(altered, nodeKey, opening);
          expect.fail('opened');
        } catch (error) {
          expect(String(error)).to.match(/OpeningFailed|sealed data does not open/);
          expect(String(error)).to.not.match(/9a9a|0707|0606|0808|0909/);
        }
      }),
      { numRuns: 20 },
    );
  });
});
