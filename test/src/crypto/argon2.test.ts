import { expect } from 'chai';
import fc from 'fast-check';
import * as native from '../../../src/crypto/argon2.node.ts';
import * as pure from '../../../src/crypto/argon2.ts';
import { ARGON2_COST } from '../../../src/crypto/argon2Cost.ts';
import { toHex, utf8 } from '../../../src/hash/bytes.ts';

/** From test.c of P-H-C/phc-winner-argon2, version 0x13: password "password", salt "somesalt". */
const REFERENCE = [
  [
    { memoryKiB: 256, passes: 2, lanes: 1 },
    '0x9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe',
  ],
  [
    { memoryKiB: 256, passes: 2, lanes: 2 },
    '0x6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037',
  ],
] as const;

describe('argon2', () => {
  it('agrees with the reference implementation', async () => {
    for (const [cost, tag] of REFERENCE)
      for (const { argon2id } of [native, pure])
        expect(toHex(await argon2id(utf8('password'), utf8('somesalt'), cost))).to.equal(tag);
  });

  it('gives the same bytes in Node and in a browser', async () => {
    const salts = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const passwords = fc.uint8Array({ minLength: 1, maxLength: 80 });
    const passes = fc.integer({ min: 1, max: 3 });
    await fc.assert(
      fc.asyncProperty(passwords, salts, passes, async (password, salt, count) => {
        const cost = { memoryKiB: 32, passes: count, lanes: 1 };
        expect(await native.argon2id(password, salt, cost)).to.deep.equal(
          await pure.argon2id(password, salt, cost),
        );
      }),
      { numRuns: 25 },
    );
  });

  it('gives the same bytes at the cost of a real slot', async () => {
    const [password, salt] = [utf8('correct horse battery'), new Uint8Array(32).fill(7)];
    expect(await native.argon2id(password, salt, ARGON2_COST)).to.deep.equal(
      await pure.argon2id(password, salt, ARGON2_COST),
    );
  });
});
