import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { TypedDataEncoder } from 'ethers';
import fc from 'fast-check';
import { hasCode } from '../../../src/errors.ts';
import { toHex, utf8, type Hex } from '../../../src/hash/bytes.ts';
import { keccak256 } from '../../../src/hash/keccak.ts';
import { fieldsOf, isStructName, structs } from '../../../src/wire/typedDataStructs.ts';
import { domainSeparator, typedDataOf, typedDigest, typeOf } from '../../../src/wire/typedData.ts';
import type { StructName } from '../../../src/wire/typedData.ts';

const hexOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => toHex(bytes));

function valueOf(type: string): fc.Arbitrary<unknown> {
  if (type.endsWith('[]')) return fc.array(valueOf(type.slice(0, -2)), { maxLength: 4 });
  if (isStructName(type)) return messageOf(type);
  if (type === 'string') return fc.string({ unit: 'grapheme', maxLength: 20 });
  if (type === 'bytes') return fc.uint8Array({ maxLength: 70 }).map((bytes) => toHex(bytes));
  if (type === 'address') return hexOf(20);
  const size = Number(/\d+$/.exec(type)?.[0]);
  if (type.startsWith('bytes')) return hexOf(size);
  if (size <= 32) return fc.nat(2 ** size - 1);
  return fc.bigInt({ min: 0n, max: (1n << BigInt(size)) - 1n });
}

function messageOf(name: StructName): fc.Arbitrary<never> {
  const fields = fieldsOf(name).map((field) => [field.name, valueOf(field.type)] as const);
  // Values are drawn by the declared types, which is what the compiler would check.
  return fc.record(Object.fromEntries(fields)) as fc.Arbitrary<never>;
}

// The names are the keys of the declaration itself.
const names = Object.keys(structs) as StructName[];
const federationId: Hex = `0x${'f0'.repeat(32)}`;

/** The typed value of what the vectors write as text. */
function typedValue(type: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => typedValue(type.slice(0, -2), item));
  // A struct of the vectors is an object of fields.
  if (isStructName(type)) return typedMessage(type, value as Record<string, unknown>);
  if (!type.startsWith('uint')) return value;
  return Number(type.slice(4)) <= 32 ? Number(value) : BigInt(String(value));
}

// The vectors hold every field; a missing one would be refused by the digest.
const typedMessage = (name: StructName, message: Readonly<Record<string, unknown>>): never =>
  Object.fromEntries(
    fieldsOf(name).map((field) => [field.name, typedValue(field.type, message[field.name])]),
  ) as never;

interface DigestVector {
  readonly name: StructName;
  readonly federationId: Hex;
  readonly typeHash: Hex;
  readonly message: Readonly<Record<string, unknown>>;
  readonly digest: Hex;
}

describe('typedData', () => {
  for (const name of names) {
    it(`gives the digest that ethers gives for ${name}`, () => {
      fc.assert(
        fc.property(hexOf(32), messageOf(name), (federation, message) => {
          const { domain, types, message: walletMessage } = typedDataOf(name, federation, message);
          const { EIP712Domain, ...own } = types;
          expect(EIP712Domain?.map((field) => field.name)).to.deep.equal([
            'name',
            'version',
            'salt',
          ]);
          const mutable = Object.fromEntries(
            Object.entries(own).map(([key, fields]) => [key, [...fields]]),
          );
          // What a wallet gets: an object of the fields, through JSON.
          const sent = JSON.parse(JSON.stringify(walletMessage)) as Record<string, unknown>;
          expect(toHex(typedDigest(name, federation, message))).to.equal(
            TypedDataEncoder.hash(domain, mutable, sent),
          );
          expect(TypedDataEncoder.from(mutable).encodeType(name)).to.equal(typeOf(name));
        }),
        { numRuns: 25 },
      );
    });

    it(`changes the digest of ${name} with every field`, () => {
      fc.assert(
        fc.property(messageOf(name), messageOf(name), (one, other) => {
          const digest = toHex(typedDigest(name, federationId, one));
          for (const { name: field } of fieldsOf(name)) {
            const texts = [one, other].map((message) =>
              JSON.stringify(typedDataOf(name, federationId, message).message[field]),
            );
            if (texts[0] === texts[1]) continue;
            // One field of a well-formed message is replaced by another well-formed value.
            const changed = { ...(one as object), [field]: other[field] } as never;
            expect(toHex(typedDigest(name, federationId, changed))).to.not.equal(digest);
          }
        }),
        { numRuns: 10 },
      );
    });
  }

  it('separates federations', () => {
    const other: Hex = `0x${'f1'.repeat(32)}`;
    expect(toHex(domainSeparator(federationId))).to.not.equal(toHex(domainSeparator(other)));
    const message = { target: `0x${'aa'.repeat(20)}`, data: '0x' } as const;
    const first = toHex(typedDigest('Call', federationId, message));
    expect(toHex(typedDigest('Call', other, message))).to.not.equal(first);
    expect(toHex(typedDigest('Call', federationId, message))).to.equal(first);
  });

  it('refuses a message with a missing or ill-typed field and goes on working', () => {
    const enrollment = {
      networkId: `0x${'01'.repeat(32)}`,
      chainId: 1n,
      patientId: `0x${'02'.repeat(32)}`,
      nodeId: `0x${'03'.repeat(32)}`,
      seq: 5n,
    } as const;
    const digest = toHex(typedDigest('Enrollment', federationId, enrollment));
    for (const bad of [{ nodeId: undefined }, { seq: 1n << 64n }, { patientId: '0x02' }]) {
      try {
        // Wrong on purpose: what a caller without types could pass.
        typedDigest('Enrollment', federationId, { ...enrollment, ...bad } as never);
        expect.fail('accepted');
      } catch (error) {
        expect(hasCode(error, 'BadAbi')).to.equal(true);
      }
    }
    expect(toHex(typedDigest('Enrollment', federationId, enrollment))).to.equal(digest);
  });

  it('gives the digests of the vectors', () => {
    const url = new URL('../../../vectors/typedDataDigests.json', import.meta.url);
    // Has the shape stated above; the contracts' tests read the same file.
    const vectors = JSON.parse(readFileSync(url, 'utf8')) as DigestVector[];
    expect(vectors.map((vector) => vector.name)).to.include.members(names);
    for (const { name, federationId: federation, message, typeHash, digest } of vectors) {
      expect(toHex(keccak256(utf8(typeOf(name))))).to.equal(typeHash);
      expect(toHex(typedDigest(name, federation, typedMessage(name, message)))).to.equal(digest);
    }
  });
});
