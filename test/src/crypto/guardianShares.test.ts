import { expect } from 'chai';
import fc from 'fast-check';
import {
  checksumOf,
  combineShares,
  type GuardianShare,
  splitAmongGuardians,
} from '../../../src/crypto/guardianShares.ts';
import { guardianShareText, readGuardianShare } from '../../../src/crypto/keySlotForm.ts';
import { randomBytes } from '../../../src/crypto/random.ts';
import { fromHex, toHex } from '../../../src/hash/bytes.ts';
import { codeOf } from '../../support/codeOf.ts';

const patient = toHex(randomBytes(32));
const key = randomBytes(32);
const divide = (threshold: number, guardians: number, of = patient) =>
  splitAmongGuardians(key, { patient: of, threshold, guardians }, randomBytes);

/** The share with other fields and a checksum that fits: a guardian who lies. */
function forged(share: GuardianShare, change: Partial<GuardianShare>): GuardianShare {
  const next = { ...share, ...change };
  return { ...next, checksum: checksumOf(next) };
}

const sizes = fc
  .integer({ min: 2, max: 9 })
  .chain((guardians) => fc.tuple(fc.integer({ min: 2, max: guardians }), fc.constant(guardians)))
  .chain(([threshold, guardians]) =>
    fc.record({
      threshold: fc.constant(threshold),
      guardians: fc.constant(guardians),
      asked: fc.shuffledSubarray(
        Array.from({ length: guardians }, (_, i) => i),
        { minLength: threshold },
      ),
    }),
  );

describe('guardianShares', () => {
  it('open with any t of n, in any order, and not with t - 1', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, async ({ threshold, guardians, asked }) => {
        const { shares, shareSet } = await divide(threshold, guardians);
        const given = shares.filter(({ index }) => asked.includes(index - 1));
        given.sort((a, b) => asked.indexOf(a.index - 1) - asked.indexOf(b.index - 1));
        expect(await combineShares(patient, shareSet, given)).to.deep.equal(key);
        const few = given.slice(0, threshold - 1);
        const tooFew = await codeOf(() => combineShares(patient, shareSet, few));
        expect(tooFew).to.equal('TooFewShares');
      }),
      { numRuns: 30 },
    );
  });

  it('tell nothing of the key below the threshold: neither slot nor share repeats it', async () => {
    const { shares, shareSet } = await divide(2, 2);
    const text = JSON.stringify([shares, shareSet]);
    expect(text).to.not.contain(toHex(key).slice(2));
    // Were t - 1 shares enough, a lowered threshold in the slot would open the key.
    const lowered = { ...shareSet, threshold: 2 };
    const { shares: three, shareSet: ofThree } = await divide(3, 3);
    expect(await combineShares(patient, lowered, shares)).to.deep.equal(key);
    expect(
      await combineShares(patient, { ...ofThree, threshold: 2 }, three.slice(0, 2)),
    ).to.not.deep.equal(key);
  });

  it('are told apart: damaged, of another patient, of other guardians, forged, twice, too few', async () => {
    const { shares, shareSet } = await divide(2, 3);
    const [first, second] = shares;
    if (first === undefined || second === undefined) return expect.fail('three shares');
    const again = (await divide(2, 3)).shares[0];
    const others = (await divide(2, 3, toHex(randomBytes(32)))).shares[0];
    if (again === undefined || others === undefined) return expect.fail('three shares');
    const lie = toHex(fromHex(first.share).map((byte) => byte ^ 1));
    const cases: [string, GuardianShare[]][] = [
      ['none', [first, second]],
      ['ShareDamaged', [{ ...first, share: lie }, second]],
      ['ShareDamaged', [{ ...first, index: 3 }, second]],
      ['ShareDamaged', [{ ...first, threshold: 1 }, second]],
      ['ShareOfAnotherPatient', [others, second]],
      ['ShareOfAnotherSet', [again, second]],
      ['ShareForged', [forged(first, { share: lie }), second]],
      ['ShareForged', [forged(first, { index: 3 }), second]],
      ['ShareForged', [forged(first, { index: 200 }), second]],
      ['ShareTwice', [first, first]],
      ['ShareTwice', [first, second, first]],
      ['TooFewShares', [first]],
    ];
    for (const [expected, given] of cases)
      expect(await codeOf(() => combineShares(patient, shareSet, given))).to.equal(expected);
  });

  it('refuse every changed digit of a share', async () => {
    const { shares, shareSet } = await divide(2, 2);
    const [first, second] = shares;
    if (first === undefined || second === undefined) return expect.fail('two shares');
    const text = guardianShareText(first);
    const begin = text.indexOf('"patient"');
    const places = [...text.matchAll(/[0-9a-f]/g)]
      .map(({ index }) => index)
      .filter((i) => i > begin);
    const anyPlace = fc.tuple(fc.constantFrom(...places), fc.constantFrom(...'0123456789abcdef'));
    const refusals = ['BadShare', 'ShareDamaged'];
    await fc.assert(
      fc.asyncProperty(anyPlace, async ([at, digit]) => {
        fc.pre(text[at] !== digit);
        const typed = text.slice(0, at) + digit + text.slice(at + 1);
        const use = async () =>
          combineShares(patient, shareSet, [readGuardianShare(typed), second]);
        expect(refusals).to.include(await codeOf(use));
      }),
      { numRuns: 150 },
    );
  });

  it('are kept as a text that says what it is', async () => {
    const { shares } = await divide(2, 3);
    for (const share of shares) {
      const text = guardianShareText(share);
      expect(readGuardianShare(text)).to.deep.equal(share);
      expect(text).to.contain(`Share ${share.index} of 3`).and.to.contain('Any 2 shares open it');
    }
    const text = guardianShareText(shares[0] ?? expect.fail('three shares'));
    const cut = text.replace(/"share": "0x..../, '"share": "0x');
    for (const wrong of ['', '{}', 'null', cut])
      expect(await codeOf(() => readGuardianShare(wrong))).to.equal('BadShare');
  });

  it('are made for two guardians or more who must agree', async () => {
    const wrong = [
      [1, 3],
      [0, 3],
      [4, 3],
      [2, 256],
      [2, 1],
      [1.5, 3],
      [2, NaN],
    ] as const;
    for (const [threshold, guardians] of wrong)
      expect(await codeOf(() => divide(threshold, guardians))).to.equal('BadGuardians');
  });
});
