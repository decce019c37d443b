import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import * as native from '../../../src/crypto/aead.node.ts';
import * as pure from '../../../src/crypto/aead.ts';
import { fromHex, type Hex, utf8 } from '../../../src/hash/bytes.ts';
import { codeOf } from '../../support/codeOf.ts';

interface GcmTest {
  readonly tcId: number;
  readonly key: Hex;
  readonly nonce: Hex;
  readonly aad: Hex;
  readonly plaintext: Hex;
  readonly sealed: Hex;
  readonly result: 'valid' | 'invalid';
}

const url = new URL('../../../vectors/external/aesGcm.json', import.meta.url);
// The shape of our extract of Wycheproof.
const { tests } = JSON.parse(readFileSync(url, 'utf8')) as { tests: GcmTest[] };

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

for (const [name, { aeadSeal, aeadOpen }] of [
  ['node:crypto', native],
  ['noble', pure],
] as const) {
  describe(`aead by ${name}`, () => {
    it('agrees with Wycheproof', async () => {
      expect(tests.filter((test) => test.result === 'invalid')).to.not.be.empty;
      for (const test of tests) {
        const [key, nonce, aad] = [fromHex(test.key), fromHex(test.nonce), fromHex(test.aad)];
        const [plaintext, sealed] = [fromHex(test.plaintext), fromHex(test.sealed)];
        if (test.result === 'valid') {
          expect(aeadSeal(key, nonce, aad, plaintext)).to.deep.equal(sealed);
          expect(aeadOpen(key, nonce, aad, sealed)).to.deep.equal(plaintext);
        } else {
          expect(await codeOf(() => aeadOpen(key, nonce, aad, sealed))).to.equal('OpeningFailed');
        }
      }
    });

    it('opens nothing that was changed anywhere', async () => {
      await fc.assert(
        fc.asyncProperty(
          bytes(32),
          bytes(12),
          fc.uint8Array({ maxLength: 40 }),
          fc.uint8Array({ maxLength: 200 }),
          fc.nat(),
          fc.integer({ min: 1, max: 255 }),
          async (key, nonce, aad, plaintext, place, change) => {
            const sealed = aeadSeal(key, nonce, aad, plaintext);
            expect(aeadOpen(key, nonce, aad, sealed)).to.deep.equal(plaintext);
            for (const part of [key, nonce, aad, sealed]) {
              if (part.length === 0) continue;
              const at = place % part.length;
              part[at] = (part[at] ?? 0) ^ change;
              expect(await codeOf(() => aeadOpen(key, nonce, aad, sealed))).to.equal(
                'OpeningFailed',
              );
              part[at] = (part[at] ?? 0) ^ change;
            }
            const short = sealed.subarray(0, place % sealed.length);
            expect(await codeOf(() => aeadOpen(key, nonce, aad, short))).to.equal('OpeningFailed');
          },
        ),
        { numRuns: 100 },
      );
    });

    it('hostile 40: tells nothing in the error of a failing decryption', () => {
      const key = new Uint8Array(32).fill(0x5e);
      const sealed = aeadSeal(key, new Uint8Array(12), utf8('patient-7'), utf8('canary'));
      try {
        aeadOpen(key, new Uint8Array(12), utf8('patient-8'), sealed);
        expect.fail('opened');
      } catch (error) {
        expect(error).to.have.property('cause', undefined);
        expect(JSON.stringify([String(error), error])).to.not.match(/5e5e|canary|patient/);
      }
    });
  });
}

describe('aead', () => {
  it('gives equal bytes from both implementations', () => {
    fc.assert(
      fc.property(
        bytes(32),
        bytes(12),
        fc.uint8Array(),
        fc.uint8Array(),
        (key, nonce, aad, text) => {
          const sealed = native.aeadSeal(key, nonce, aad, text);
          expect(pure.aeadSeal(key, nonce, aad, text)).to.deep.equal(sealed);
          expect(pure.aeadOpen(key, nonce, aad, sealed)).to.deep.equal(text);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('refuses keys and nonces of other sizes', async () => {
    const none = new Uint8Array(0);
    for (const { aeadSeal, aeadOpen } of [native, pure]) {
      for (const [key, nonce] of [
        [16, 12],
        [32, 16],
      ] as const) {
        const inputs = [new Uint8Array(key), new Uint8Array(nonce), none] as const;
        expect(await codeOf(() => aeadSeal(...inputs, none))).to.equal('BadAeadInput');
        expect(await codeOf(() => aeadOpen(...inputs, none))).to.equal('BadAeadInput');
      }
    }
  });
});
