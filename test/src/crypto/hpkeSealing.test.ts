import { readFileSync } from 'node:fs';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import {
  AEAD_AES_128_GCM,
  AEAD_ChaCha20Poly1305,
  KDF_HKDF_SHA256,
  KEM_DHKEM_X25519_HKDF_SHA256,
  KEM_MLKEM768_X25519,
} from '@panva/hpke-noble';
import { expect } from 'chai';
import fc from 'fast-check';
import * as hpke from 'hpke';
import { cipherSuites as native } from '../../../src/crypto/hpke.node.ts';
import { cipherSuites as pure } from '../../../src/crypto/hpke.ts';
import { deriveKemKeyPair, openWith, sealTo } from '../../../src/crypto/hpkeSealing.ts';
import { fromHex, toHex, utf8, type Hex } from '../../../src/hash/bytes.ts';
import { HYBRID_SUITE, sealedSizeOf, X25519_SUITE } from '../../../src/wire/kemSuite.ts';
import { codeOf } from '../../support/codeOf.ts';

interface HpkeVector {
  readonly source: string;
  readonly suite: number;
  readonly aead: 'AES_128_GCM' | 'ChaCha20Poly1305';
  readonly ikmR: Hex;
  readonly pkRm: Hex;
  readonly info: Hex;
  readonly enc: Hex;
  readonly aad: Hex;
  readonly pt: Hex;
  readonly ct: Hex;
}

const url = new URL('../../../vectors/external/hpke.json', import.meta.url);
// The shape of our extract of the published vectors.
const { vectors } = JSON.parse(readFileSync(url, 'utf8')) as { vectors: HpkeVector[] };

const allowedSuites = [HYBRID_SUITE, X25519_SUITE];
const context = { info: utf8('info'), aad: utf8('aad'), allowedSuites };
const seed = new Uint8Array(32).fill(3);
const secret = new Uint8Array(32).fill(0x5e);

describe('hpkeSealing', () => {
  for (const vector of vectors) {
    it(`agrees with ${vector.source}, ${vector.aead}`, async () => {
      const isHybrid = vector.suite === HYBRID_SUITE;
      const nativeKem = isHybrid ? hpke.KEM_MLKEM768_X25519 : hpke.KEM_DHKEM_X25519_HKDF_SHA256;
      const pureKem = isHybrid ? KEM_MLKEM768_X25519 : KEM_DHKEM_X25519_HKDF_SHA256;
      const aead = vector.aead === 'AES_128_GCM' ? AEAD_AES_128_GCM : AEAD_ChaCha20Poly1305;
      for (const kem of [nativeKem, pureKem]) {
        const suite = new hpke.CipherSuite(kem, KDF_HKDF_SHA256, aead);
        const pair = await suite.DeriveKeyPair(fromHex(vector.ikmR), false);
        const plaintext = await suite.Open(pair, fromHex(vector.enc), fromHex(vector.ct), {
          info: fromHex(vector.info),
          aad: fromHex(vector.aad),
        });
        expect(toHex(plaintext)).to.equal(vector.pt);
      }
      const { publicKey } = await deriveKemKeyPair(vector.suite, fromHex(vector.ikmR));
      expect(toHex(publicKey.bytes)).to.equal(vector.pkRm);
    });
  }

  for (const suite of allowedSuites) {
    it(`seals and opens in suite ${suite} at the size the formats expect`, async () => {
      const pair = await deriveKemKeyPair(suite, seed);
      const sealed = await sealTo(pair.publicKey, secret, context);
      expect(sealed).to.have.length(sealedSizeOf(suite, 32));
      expect(await openWith(pair, sealed, context)).to.deep.equal(secret);
    });

    it(`works together with the JavaScript twin in suite ${suite}`, async () => {
      const [nodeSuite, browserSuite] =
        suite === HYBRID_SUITE ? [native.hybrid, pure.hybrid] : [native.x25519, pure.x25519];
      const options = { info: context.info, aad: context.aad };
      for (const [sealing, opening] of [
        [nodeSuite, browserSuite],
        [browserSuite, nodeSuite],
      ] as const) {
        const pair = await opening.DeriveKeyPair(seed, false);
        const raw = await opening.SerializePublicKey(pair.publicKey);
        expect(toHex(raw)).to.equal(toHex((await deriveKemKeyPair(suite, seed)).publicKey.bytes));
        const key = await sealing.DeserializePublicKey(raw);
        const { encapsulatedSecret, ciphertext } = await sealing.Seal(key, secret, options);
        expect(await opening.Open(pair, encapsulatedSecret, ciphertext, options)).to.deep.equal(
          secret,
        );
      }
    });

    it(`opens nothing that was changed in suite ${suite}`, async () => {
      const pair = await deriveKemKeyPair(suite, seed);
      const sealed = await sealTo(pair.publicKey, secret, context);
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (place, change) => {
          const changed = sealed.slice();
          const at = place % changed.length;
          changed[at] = (changed[at] ?? 0) ^ change;
          // X25519 ignores the top bit of a point's last byte, but the key schedule holds all of enc.
          expect(await codeOf(() => openWith(pair, changed, context))).to.equal('OpeningFailed');
        }),
        { numRuns: 40 },
      );
      for (const cut of [0, 1, 31, sealed.length - 1]) {
        const short = sealed.subarray(0, cut);
        expect(await codeOf(() => openWith(pair, short, context))).to.equal('OpeningFailed');
      }
    });

    it(`opens nothing under another key, info or aad in suite ${suite}`, async () => {
      const pair = await deriveKemKeyPair(suite, seed);
      const other = await deriveKemKeyPair(suite, new Uint8Array(32).fill(4));
      const sealed = await sealTo(pair.publicKey, secret, context);
      const info = utf8('other');
      for (const act of [
        () => openWith(other, sealed, context),
        () => openWith(pair, sealed, { ...context, info }),
        () => openWith(pair, sealed, { ...context, aad: info }),
      ]) {
        expect(await codeOf(act)).to.equal('OpeningFailed');
      }
    });
  }

  it('works together with @hpke/core', async () => {
    const core = new CipherSuite({
      kem: new DhkemX25519HkdfSha256(),
      kdf: new HkdfSha256(),
      aead: new Aes256Gcm(),
    });
    const pair = await deriveKemKeyPair(X25519_SUITE, seed);
    const corePair = await core.kem.deriveKeyPair(seed.slice().buffer);
    const coreRaw = new Uint8Array(await core.kem.serializePublicKey(corePair.publicKey));
    expect(toHex(coreRaw)).to.equal(toHex(pair.publicKey.bytes));

    const sealed = await sealTo(pair.publicKey, secret, context);
    const { info, aad } = context;
    const opened = await core.open(
      { recipientKey: corePair.privateKey, enc: sealed.slice(0, 32).buffer, info },
      sealed.slice(32).buffer,
      aad,
    );
    expect(new Uint8Array(opened)).to.deep.equal(secret);

    const made = await core.seal({ recipientPublicKey: corePair.publicKey, info }, secret, aad);
    const joined = Uint8Array.of(...new Uint8Array(made.enc), ...new Uint8Array(made.ct));
    expect(await openWith(pair, joined, context)).to.deep.equal(secret);
  });

  it('hostile 42: refuses unknown suites, and X25519 where the network demands hybrid', async () => {
    const small = await deriveKemKeyPair(X25519_SUITE, seed);
    const sealed = await sealTo(small.publicKey, secret, context);
    const { info, aad } = context;
    expect(await codeOf(() => sealTo(small.publicKey, secret, { info, aad }))).to.equal(
      'SuiteRefused',
    );
    expect(await codeOf(() => openWith(small, sealed, { info, aad }))).to.equal('SuiteRefused');
    for (const suite of [2, 255]) {
      const unknown = { suite, bytes: small.publicKey.bytes };
      expect(await codeOf(() => deriveKemKeyPair(suite, seed))).to.equal('UnknownSuite');
      const every = { ...context, allowedSuites: [0, 1, suite] };
      expect(await codeOf(() => sealTo(unknown, secret, every))).to.equal('UnknownSuite');
    }
  });

  it('seals to no key of low order, wrong length or wrong form', async () => {
    const orderOne = new Uint8Array(32);
    orderOne[0] = 1;
    for (const key of [new Uint8Array(32), orderOne, new Uint8Array(31)]) {
      const publicKey = { suite: X25519_SUITE, bytes: key };
      expect(await codeOf(() => sealTo(publicKey, secret, context))).to.equal('BadKemKey');
    }
    for (const key of [new Uint8Array(1215), new Uint8Array(1216).fill(255)]) {
      const publicKey = { suite: HYBRID_SUITE, bytes: key };
      expect(await codeOf(() => sealTo(publicKey, secret, context))).to.equal('BadKemKey');
    }
  });

  it('opens nothing from a point of low order', async () => {
    const pair = await deriveKemKeyPair(X25519_SUITE, seed);
    const zeroPoint = new Uint8Array(32 + 48);
    expect(await codeOf(() => openWith(pair, zeroPoint, context))).to.equal('OpeningFailed');
  });

  it('refuses a seed of another length', async () => {
    const short = new Uint8Array(31);
    expect(await codeOf(() => deriveKemKeyPair(HYBRID_SUITE, short))).to.equal('BadSeed');
  });
});
