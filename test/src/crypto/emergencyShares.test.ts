import { expect } from 'chai';
import { scopeKeyIdOf } from '../../../src/crypto/derivations.ts';
import { joinSummaryKey, splitSummaryKey } from '../../../src/crypto/emergencyShares.ts';
import { deriveKemKeyPair } from '../../../src/crypto/hpkeSealing.ts';
import { randomBytes } from '../../../src/crypto/random.ts';
import { fromHex, type Hex, toHex } from '../../../src/hash/bytes.ts';
import { HYBRID_SUITE } from '../../../src/wire/kemSuite.ts';
import { codeOf } from '../../support/codeOf.ts';

describe("shares of a summary's key", () => {
  const seed = randomBytes(32);
  let shares: readonly [Hex, Hex, Hex];
  let keyId: Hex;
  before(async () => {
    const [a = '0x', b = '0x', c = '0x'] = await splitSummaryKey(seed);
    shares = [a, b, c];
    keyId = scopeKeyIdOf((await deriveKemKeyPair(HYBRID_SUITE, seed)).publicKey);
  });

  it('give the key by any two of three, and by all', async () => {
    const [a, b, c] = shares;
    for (const some of [[a, b], [a, c], [c, b], shares]) {
      const { publicKey } = await joinSummaryKey(some, keyId);
      expect(scopeKeyIdOf(publicKey)).to.equal(keyId);
    }
  });

  it('give nothing by one, also when it is shown twice', async () => {
    const [a] = shares;
    for (const some of [[], [a], [a, a]])
      expect(await codeOf(() => joinSummaryKey(some, keyId))).to.equal('TooFewCustodians');
  });

  it('give the key although one of three is false', async () => {
    const [a, b, c] = shares;
    const bytes = fromHex(c);
    const falsities: Uint8Array[] = [
      Uint8Array.from(bytes, (byte, i) => (i === 0 ? byte ^ 1 : byte)),
      // The point of another share, and the point that is the secret's own.
      Uint8Array.from(bytes, (byte, i) => (i === 32 ? (fromHex(a)[32] ?? 0) : byte)),
      Uint8Array.from(bytes, (byte, i) => (i === 32 ? 0 : byte)),
    ];
    for (const falsity of falsities.map(toHex)) {
      const { publicKey } = await joinSummaryKey([falsity, a, b], keyId);
      expect(scopeKeyIdOf(publicKey)).to.equal(keyId);
      expect(await codeOf(() => joinSummaryKey([falsity, a], keyId))).to.equal(
        'SummaryKeyMismatch',
      );
    }
  });

  it('of two givings-out do not fit each other', async () => {
    const [other = '0x'] = await splitSummaryKey(seed);
    expect(await codeOf(() => joinSummaryKey([shares[0], other], keyId))).to.equal(
      'SummaryKeyMismatch',
    );
  });

  it('refuse what has another length', async () => {
    const attempt = (): unknown => joinSummaryKey([shares[0], '0x0102'], keyId);
    expect(await codeOf(attempt)).to.equal('BadHex');
  });
});
