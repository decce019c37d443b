import { expect } from 'chai';
import fc from 'fast-check';
import { CarelatticeError } from '../../../src/errors.ts';
import { fromHex, toHex } from '../../../src/hash/bytes.ts';
import { bodyMap, decodeBody, encodeBody, type BodyValue } from '../../../src/wire/cbor.ts';

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return error instanceof CarelatticeError ? error.code : String(error);
  }
  return 'none';
};

const scalar = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }),
  fc.boolean(),
  fc.constant(null),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array({ maxLength: 40 }),
);
const value = fc.letrec<{ value: BodyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

describe('message bodies', () => {
  it('come back as they were, and have one encoding', () => {
    fc.assert(
      fc.property(value, (body) => {
        const bytes = encodeBody(body);
        expect(toHex(encodeBody(decodeBody(bytes)))).to.equal(toHex(bytes));
      }),
      { numRuns: 300 },
    );
    const body = { z: 1, list: [true, null, 'é', -7], id: Uint8Array.of(1, 2), big: 2n ** 60n };
    expect(decodeBody(encodeBody(body))).to.deep.equal(body);
  });

  it('do not depend on the order in which fields were set', () => {
    expect(encodeBody({ bb: 1, a: 2, c: 3 })).to.deep.equal(encodeBody({ c: 3, a: 2, bb: 1 }));
    expect(toHex(encodeBody({ bb: 1, a: 2, c: 3 }))).to.equal('0xa3616102616303626262' + '01');
  });

  it('hold small numbers as number and large ones as bigint', () => {
    expect(decodeBody(encodeBody(5n))).to.equal(5);
    expect(decodeBody(encodeBody(2n ** 53n))).to.equal(2n ** 53n);
    expect(decodeBody(encodeBody(2n ** 64n - 1n))).to.equal(2n ** 64n - 1n);
  });

  const refused: [string, string][] = [
    ['a number that is not in its shortest form', '0x1801'],
    ['keys out of order', '0xa2616201616101'],
    ['the longer key first', '0xa262616101616202'],
    ['a key that comes twice', '0xa2616101616102'],
    ['a list of unknown length', '0x9f01ff'],
    ['undefined', '0xf7'],
    ['a tag', '0xc001'],
    ['floating point', '0xfb3ff8000000000000'],
    ['not a number', '0xf97e00'],
    ['a number for a key', '0xa10101'],
    ['trailing bytes', '0x0101'],
    ['nothing', '0x'],
    ['a list cut off', '0x8201'],
    ['a list of 2^56 items', '0x9b0100000000000000'],
    ['a byte string longer than the body', '0x5affffffff00'],
    ['a text that is no UTF-8', '0x61ff'],
    ['a break alone', '0xff'],
  ];
  for (const [what, hex] of refused) {
    it(`refuse ${what}`, () => {
      expect(codeOf(() => decodeBody(fromHex(hex)))).to.equal('MalformedBody');
    });
  }

  for (const [what, body] of [
    ['a fraction', 1.5],
    ['an unsafe number', 2 ** 53],
    ['undefined', { a: undefined }],
    ['a function', () => 1],
    ['a date', new Date(0)],
    ['a Map', new Map([['a', 1]])],
    ['half a surrogate pair', '\ud800'],
    ['a number of 65 bits', 2n ** 64n],
  ] as const) {
    it(`cannot hold ${what}`, () => {
      expect(codeOf(() => encodeBody(body))).to.equal('MalformedBody');
    });
  }

  it('hostile 35: nested deeper than the limit are refused before the decoder goes down', () => {
    const bomb = new Uint8Array(200_000).fill(0x81);
    expect(codeOf(() => decodeBody(bomb))).to.equal('MalformedBody');
    const nested = fromHex(`0x${'81'.repeat(16)}01`);
    expect(decodeBody(nested)).to.be.an('array');
    expect(codeOf(() => decodeBody(fromHex(`0x${'81'.repeat(17)}01`)))).to.equal('MalformedBody');
  });

  it('hostile 35: above the limits of bytes or items are refused', () => {
    const body = encodeBody(Array.from({ length: 1000 }, () => 1));
    expect(codeOf(() => decodeBody(body, { maxBytes: 1000 }))).to.equal('MalformedBody');
    expect(codeOf(() => decodeBody(body, { maxItems: 1000 }))).to.equal('MalformedBody');
    expect(decodeBody(body, { maxItems: 1001 })).to.have.length(1000);
  });

  it('hostile 40: an error quotes nothing of the body', () => {
    const secret = 'MRN-4711';
    const key = `68${Buffer.from(secret).toString('hex')}`;
    const doubled = fromHex(`0xa2${key}01${key}02`);
    try {
      decodeBody(doubled);
      expect.fail('accepted');
    } catch (error) {
      const text = `${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`;
      expect(text).not.to.contain(secret);
    }
  });

  it('are a map only when they are one', () => {
    expect(bodyMap({ a: 1 })).to.deep.equal({ a: 1 });
    for (const other of [null, 1, 'a', [], new Uint8Array(2)]) {
      expect(codeOf(() => bodyMap(other))).to.equal('MalformedBody');
    }
  });
});
