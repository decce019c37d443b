import { expect } from 'chai';
import { AbiCoder, hexlify, keccak256 } from 'ethers';
import fc from 'fast-check';
import { hasCode } from '../../../src/errors.ts';
import { fromHex, toHex } from '../../../src/hash/bytes.ts';
import { abiDecode, abiEncode, keccakOf } from '../../../src/wire/abi.ts';

const ethersCoder = AbiCoder.defaultAbiCoder();

const refuses = (work: () => unknown): boolean => {
  try {
    work();
    return false;
  } catch (error) {
    return hasCode(error, 'BadAbi');
  }
};

/** A type with values that fit it, as the decoder gives them back. */
interface Typed {
  readonly type: string;
  readonly value: unknown;
}

const hexOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => toHex(bytes));

const word: fc.Arbitrary<Typed> = fc.oneof(
  ...[8, 16, 32, 64, 128, 256].map((bits) =>
    fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }).map((value) => ({
      type: `uint${bits}`,
      value,
    })),
  ),
  ...[1, 16, 24, 32].map((size) => hexOf(size).map((value) => ({ type: `bytes${size}`, value }))),
  hexOf(20).map((value) => ({ type: 'address', value })),
  fc.boolean().map((value) => ({ type: 'bool', value })),
);

const blob: fc.Arbitrary<Typed> = fc.oneof(
  fc.uint8Array({ maxLength: 70 }).map((bytes) => ({ type: 'bytes', value: toHex(bytes) })),
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((value) => ({ type: 'string', value })),
);

const { anything: anyTyped } = fc.letrec<{ anything: Typed }>((tie) => ({
  anything: fc.oneof(
    { maxDepth: 3 },
    word,
    blob,
    fc.array(tie('anything'), { minLength: 1, maxLength: 4 }).map((fields) => ({
      type: `(${fields.map((field) => field.type).join(',')})`,
      value: fields.map((field) => field.value),
    })),
    fc.tuple(tie('anything'), fc.nat(3)).map(([item, length]) => ({
      type: `${item.type}[]`,
      value: new Array<unknown>(length).fill(item.value),
    })),
  ),
}));

describe('abi', () => {
  it('encodes as ethers does and decodes what it encoded', () => {
    fc.assert(
      fc.property(fc.array(anyTyped, { minLength: 1, maxLength: 5 }), (fields) => {
        const types = fields.map((field) => field.type);
        const values = fields.map((field) => field.value);
        const encoded = abiEncode(types, values);
        expect(toHex(encoded)).to.equal(ethersCoder.encode(types, values));
        expect(abiDecode(types, encoded)).to.deep.equal(values);
      }),
      { numRuns: 500 },
    );
  });

  it('accepts no second encoding of the same values', () => {
    fc.assert(
      fc.property(
        fc.array(anyTyped, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (fields, place, change) => {
          const types = fields.map((field) => field.type);
          const encoded = abiEncode(
            types,
            fields.map((field) => field.value),
          );
          const at = place % encoded.length;
          encoded[at] = (encoded[at] ?? 0) ^ change;
          let values: unknown[];
          try {
            values = abiDecode(types, encoded);
          } catch (error) {
            return hasCode(error, 'BadAbi');
          }
          return toHex(abiEncode(types, values)) === toHex(encoded);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('takes numbers and byte arrays for the same bytes', () => {
    const id = new Uint8Array(32).fill(7);
    expect(abiEncode(['uint64', 'bytes32', 'bytes'], [5, id, id])).to.deep.equal(
      abiEncode(['uint64', 'bytes32', 'bytes'], [5n, toHex(id), toHex(id)]),
    );
  });

  it('gives addresses in lower case', () => {
    const mixed = '0x52908400098527886E0F7030069857D2E4169EE7';
    expect(abiDecode(['address'], abiEncode(['address'], [mixed]))).to.deep.equal([
      mixed.toLowerCase(),
    ]);
  });

  const misfits: [string, unknown][] = [
    ['uint8', 256],
    ['uint64', -1],
    ['uint64', 1n << 64n],
    ['uint256', 1.5],
    ['uint256', '7'],
    ['bytes32', '0x1234'],
    ['bytes16', new Uint8Array(15)],
    ['bytes', '0x123'],
    ['bytes', '0xzz'],
    ['address', '0x12'],
    ['bool', 1],
    ['string', 7],
    ['string', '\ud800'],
    ['uint8[]', 7],
    ['(uint8,uint8)', [1]],
    ['int8', 1],
    ['uint7', 1],
    ['bytes33', '0x'],
    ['()', []],
  ];
  for (const [type, value] of misfits) {
    it(`refuses ${String(value).slice(0, 12)} as ${type}`, () => {
      expect(refuses(() => abiEncode([type], [value]))).to.equal(true);
    });
  }

  it('refuses another number of values than of types', () => {
    expect(refuses(() => abiEncode(['uint8', 'uint8'], [1]))).to.equal(true);
    expect(refuses(() => abiEncode(['uint8'], [1, 2]))).to.equal(true);
  });

  it('names no value in an error', () => {
    const secret = `0x${'5ec2e7'.repeat(10)}`;
    try {
      abiEncode(['bytes32'], [secret]);
      expect.fail('accepted');
    } catch (error) {
      expect(String(error)).to.not.contain('5ec2e7');
    }
  });

  it('refuses truncated bytes, bytes behind the end and offsets that overlap', () => {
    const types = ['string', 'string'];
    const encoded = abiEncode(types, ['same', 'same']);
    expect(refuses(() => abiDecode(types, encoded.subarray(0, -32)))).to.equal(true);
    expect(refuses(() => abiDecode(types, new Uint8Array([...encoded, ...new Uint8Array(32)])))).to
      .be.true;
    const overlapping = encoded.slice(0, 128);
    overlapping[63] = 0x40; // both texts are the first one, which ethers reads without complaint
    expect(ethersCoder.decode(types, overlapping).toArray()).to.deep.equal(['same', 'same']);
    expect(refuses(() => abiDecode(types, overlapping))).to.equal(true);
  });

  it('refuses a list longer than its bytes at once', () => {
    const bytes = abiEncode(['uint8[]'], [[]]);
    bytes.set([0xff, 0xff, 0xff, 0xff], 60);
    expect(refuses(() => abiDecode(['uint8[]'], bytes))).to.equal(true);
  });

  it('accepts exactly the zeros up to a multiple when one is given', () => {
    const encoded = abiEncode(['uint8'], [1]);
    const full = new Uint8Array(256);
    full.set(encoded);
    expect(abiDecode(['uint8'], full, 256)).to.deep.equal([1n]);
    expect(refuses(() => abiDecode(['uint8'], encoded, 256))).to.equal(true);
    expect(refuses(() => abiDecode(['uint8'], new Uint8Array([...full, ...full]), 256))).to.be.true;
    full[255] = 1;
    expect(refuses(() => abiDecode(['uint8'], full, 256))).to.equal(true);
  });

  it('hashes as a contract does', () => {
    const id = hexlify(new Uint8Array(32).fill(3));
    expect(toHex(keccakOf(['bytes32', 'string'], [id, 'x']))).to.equal(
      keccak256(ethersCoder.encode(['bytes32', 'string'], [id, 'x'])),
    );
    expect(fromHex(id)).to.have.length(32);
  });
});
