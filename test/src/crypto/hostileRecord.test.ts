import { createCipheriv } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { aeadOpen } from '../../../src/crypto/aead.node.ts';
import { bodyKeyOf, keyCommitmentOf, recordKeyOf } from '../../../src/crypto/derivations.ts';
import { openRecord, openRecordBytes } from '../../../src/crypto/openRecord.ts';
import type { RecordOpening } from '../../../src/crypto/openRecord.ts';
import { sealRecordBytes } from '../../../src/crypto/record.ts';
import { checkRecord } from '../../../src/crypto/recordScan.ts';
import { sealSegment } from '../../../src/crypto/segments.ts';
import { signDigest } from '../../../src/crypto/signatures.ts';
import { concat, toHex, uint } from '../../../src/hash/bytes.ts';
import {
  decodeRecordHeader,
  encodeRecordHeader,
  recordHeaderHash,
} from '../../../src/wire/recordHeader.ts';
import { typedDigest } from '../../../src/wire/typedData.ts';
import { codeOf } from '../../support/codeOf.ts';
import {
  anchorAnew,
  batchSecret,
  description,
  federationId,
  openingOf,
  putTogether,
  repeated,
  scopeKeyId,
  sealBody,
  sign,
  takeApart,
  toSeal,
  type Parts,
} from './recordFixture.ts';

const MIB = 1 << 20;
const bodyOf = (size: number): Uint8Array => new Uint8Array(size).fill(0xca);

/** Opens as a consumer does, and fails the test if a single byte comes out. */
async function refusal(object: Uint8Array, opening: RecordOpening): Promise<string> {
  let delivered = 0;
  const code = await codeOf(async () => {
    const { body } = await openRecord(() => [object], opening);
    for await (const part of body) delivered += part.length;
  });
  expect(delivered, 'bytes delivered').to.equal(0);
  return code;
}

const at = (parts: Parts, index: number): Uint8Array => parts.segments[index] ?? new Uint8Array(0);

describe('hostile record', () => {
  const manipulations: [string, (parts: Parts, foreign: Parts) => Uint8Array[]][] = [
    ['truncated', (parts) => [at(parts, 0), at(parts, 1), at(parts, 2).slice(0, -1)]],
    ['dropped at the end', (parts) => [at(parts, 0), at(parts, 1)]],
    ['dropped in the middle', (parts) => [at(parts, 0), at(parts, 2)]],
    ['swapped', (parts) => [at(parts, 1), at(parts, 0), at(parts, 2)]],
    ['duplicated', (parts) => [at(parts, 0), at(parts, 0), at(parts, 2)]],
    [
      'spliced from another record',
      (parts, foreign) => [at(parts, 0), at(foreign, 1), at(parts, 2)],
    ],
    ['appended', (parts) => [...parts.segments, at(parts, 2)]],
  ];
  for (const [name, manipulate] of manipulations) {
    it(`hostile 3: refuses a segment ${name}, by a carrier or by the author itself`, async () => {
      const { object, sealed } = await sealBody(bodyOf(2 * MIB + 512 * 1024));
      const foreign = await sealBody(bodyOf(2 * MIB + 512 * 1024));
      const parts = takeApart(object);
      expect(parts.segments).to.have.length(3);
      const segments = manipulate(parts, takeApart(foreign.object));
      const carried = putTogether({ ...parts, segments });
      const codes = ['AnchorMismatch', 'RecordMalformed'];
      expect(await refusal(carried, openingOf(sealed))).to.be.oneOf(codes);
      expect(await codeOf(() => checkRecord([carried], openingOf(sealed)))).to.be.oneOf(codes);
      const authored = anchorAnew({ ...parts, segments }, sealed);
      expect(await refusal(authored.object, authored.opening)).to.be.oneOf([
        'OpeningFailed',
        'RecordMalformed',
        'AnchorMismatch',
      ]);
    });
  }

  it('hostile 3: refuses a last segment that does not say so', async () => {
    const { object, sealed } = await sealBody(bodyOf(16));
    const parts = takeApart(object);
    const { noncePrefix } = decodeRecordHeader(parts.header);
    const key = bodyKeyOf(recordKeyOf(batchSecret, sealed.recordId, sealed.recordSalt));
    const cipher = { key, noncePrefix, headerHash: recordHeaderHash(parts.header) };
    const segments = [sealSegment(cipher, 0, false, bodyOf(16))];
    const authored = anchorAnew({ ...parts, segments }, sealed);
    expect(await refusal(authored.object, authored.opening)).to.equal('OpeningFailed');
  });

  it('hostile 3: delivers nothing but what was checked when the source changes between the readings', async () => {
    const { object, sealed } = await sealBody(bodyOf(6 * MIB));
    const parts = takeApart(object);
    const swapped = putTogether({
      ...parts,
      segments: [at(parts, 0), at(parts, 2), at(parts, 1), ...parts.segments.slice(3)],
    });
    const cut = object.subarray(0, 2 * MIB);
    const other = (await sealBody(bodyOf(6 * MIB))).object;
    const expected: [Uint8Array, string[], number][] = [
      [swapped, ['ContentChanged'], MIB],
      [cut, ['ContentChanged'], MIB],
      [other, ['WrongRecord'], 0],
    ];
    for (const [second, codes, most] of expected) {
      let readings = 0;
      const opened = await openRecord(
        () => [readings++ === 0 ? object : second],
        openingOf(sealed),
      );
      let delivered = 0;
      const code = await codeOf(async () => {
        for await (const part of opened.body) {
          expect(part.every((byte) => byte === 0xca)).to.equal(true);
          delivered += part.length;
        }
      });
      expect(code).to.be.oneOf(codes);
      expect(delivered).to.be.at.most(most);
    }
  });

  it('hostile 6: refuses any byte of the clear header flipped', async () => {
    const { object, sealed } = await sealBody(bodyOf(300));
    for (let index = 0; index < 137; index++) {
      for (const change of [0x01, 0x80]) {
        const changed = object.slice();
        changed[index] = (changed[index] ?? 0) ^ change;
        expect(await refusal(changed, openingOf(sealed)), `byte ${index}`).to.not.equal('none');
        const checked = await codeOf(() => checkRecord([changed], openingOf(sealed)));
        expect(checked, `byte ${index}`).to.not.equal('none');
      }
    }
  });

  it('refuses any byte changed anywhere, cut or added', async () => {
    const { object, sealed } = await sealBody(bodyOf(300));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(object.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (i, by) => {
          const changed = object.slice();
          changed[i] = (changed[i] ?? 0) ^ by;
          expect(await refusal(changed, openingOf(sealed))).to.not.equal('none');
          expect(await refusal(object.subarray(0, i), openingOf(sealed))).to.equal(
            'RecordMalformed',
          );
          const longer = concat(object, Uint8Array.of(by));
          expect(await refusal(longer, openingOf(sealed))).to.equal('RecordMalformed');
        },
      ),
      { numRuns: 150 },
    );
  });

  it('hostile 7: refuses recordId or salt swapped between the records of a wrap', async () => {
    const one = await sealBody(bodyOf(10));
    const other = await sealBody(bodyOf(10));
    const opening = openingOf(one.sealed);
    const { recordId, recordSalt } = other.sealed;
    expect(await refusal(one.object, { ...opening, recordId })).to.equal('WrongRecord');
    expect(await refusal(one.object, { ...opening, recordSalt })).to.equal('SaltMismatch');
    expect(await refusal(other.object, opening)).to.equal('WrongRecord');
    // Below the list: the key itself follows from both.
    const keys = [one, other].flatMap(({ sealed }) =>
      [one, other].map((by) =>
        keyCommitmentOf(recordKeyOf(batchSecret, sealed.recordId, by.sealed.recordSalt)),
      ),
    );
    expect(new Set(keys).size).to.equal(4);
  });

  it('hostile 7: refuses a record under another scope key or batch secret than listed', async () => {
    const { object, sealed } = await sealBody(bodyOf(10));
    const opening = openingOf(sealed);
    const key = { batchSecret: new Uint8Array(32).fill(1) };
    expect(await refusal(object, { ...opening, key })).to.equal('CommitmentMismatch');
    expect(await refusal(object, { ...opening, scopeKeyId: repeated('77') })).to.equal(
      'WrongScopeKey',
    );
  });

  it('hostile 42: refuses a record whose suite the network does not allow', async () => {
    for (const [suite, code] of [
      [0, 'SuiteRefused'],
      [2, 'UnknownSuite'],
    ] as const) {
      const { object, sealed } = await sealRecordBytes({ ...toSeal, suite }, bodyOf(10));
      expect(await refusal(object, openingOf(sealed))).to.equal(code);
      expect(await codeOf(() => checkRecord([object], openingOf(sealed)))).to.equal(code);
    }
  });

  it('refuses another author, network, chain, key epoch or signer', async () => {
    const { object, sealed } = await sealBody(bodyOf(10));
    const parts = takeApart(object);
    const otherKey = new Uint8Array(32).fill(8);
    const forgeries = [
      anchorAnew(parts, sealed, { author: repeated('a1') }),
      anchorAnew(parts, sealed, { networkId: repeated('02') }),
      anchorAnew(parts, sealed, { chainId: 1n }),
      anchorAnew(parts, sealed, { keyEpoch: 4 }),
      anchorAnew(parts, sealed, {}, (message) =>
        signDigest(otherKey, typedDigest('Record', federationId, message)),
      ),
      anchorAnew(parts, sealed, {}, (message) => sign({ ...message, category: 'problem' })),
      anchorAnew(parts, sealed, {}, () => repeated('00', 65)),
    ];
    for (const forged of forgeries) {
      expect(await refusal(forged.object, forged.opening)).to.equal('AuthorMismatch');
    }
    const elsewhere = { ...openingOf(sealed), federationId: repeated('f1') };
    expect(await refusal(object, elsewhere)).to.equal('AuthorMismatch');
  });

  it('refuses an inner header that was signed for other bytes', async () => {
    const { object, sealed } = await sealBody(bodyOf(10));
    const parts = takeApart(object);
    for (const change of [
      { recordId: repeated('09', 16) },
      { headerHash: repeated('09') },
      { bodyRoot: repeated('09') },
    ]) {
      const forged = anchorAnew(parts, sealed, change);
      expect(await refusal(forged.object, forged.opening)).to.equal('InnerHeaderMismatch');
    }
  });

  it('refuses padding that is not the format’s', async () => {
    const { object, sealed } = await sealBody(bodyOf(100));
    const parts = takeApart(object);
    for (const bodyLength of [98n, 105n, 1n << 60n]) {
      const forged = anchorAnew(parts, sealed, { bodyLength });
      expect(await refusal(forged.object, forged.opening)).to.equal('BadPadding');
    }
    // 99 bytes have the same padded size, but the byte behind them is not zero.
    const hidden = anchorAnew(parts, sealed, { bodyLength: 99n });
    expect(await refusal(hidden.object, hidden.opening)).to.equal('BadPadding');
  });

  it('hostile 40: names neither key, salt, plaintext nor description in any refusal', async () => {
    const { object, sealed } = await sealBody(bodyOf(100));
    const parts = takeApart(object);
    const forged = anchorAnew(parts, sealed, { bodyLength: 1n });
    const stranger = anchorAnew(parts, sealed, { author: repeated('a1') });
    const key = { batchSecret: new Uint8Array(32).fill(1) };
    const acts = [
      () => openRecordBytes(forged.object, forged.opening),
      () => openRecordBytes(stranger.object, stranger.opening),
      () => openRecordBytes(object, { ...openingOf(sealed), key }),
      () => openRecordBytes(object.subarray(1), openingOf(sealed)),
      () => openRecordBytes(object.subarray(0, 500), openingOf(sealed)),
    ];
    const secrets = [
      toHex(batchSecret),
      sealed.recordSalt,
      toHex(recordKeyOf(batchSecret, sealed.recordId, sealed.recordSalt)),
      'caca',
      'Observation',
      'HIV',
      scopeKeyId,
      description.author,
    ].map((secret) => secret.replace('0x', ''));
    for (const act of acts) {
      try {
        await act();
        expect.fail('opened');
      } catch (error) {
        const text = `${String(error)} ${JSON.stringify(error, (_, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        )} ${String((error as Error).cause)}`; // every refusal is an Error
        for (const secret of secrets) expect(text).to.not.contain(secret);
      }
    }
  });
});

/** GF(2^128) as GCM has it: the first bit of a block is the lowest power. */
const POLYNOMIAL = 0xe1000000000000000000000000000000n;
function times(a: bigint, b: bigint): bigint {
  let product = 0n;
  let power = b;
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((a >> bit) & 1n) product ^= power;
    power = power & 1n ? (power >> 1n) ^ POLYNOMIAL : power >> 1n;
  }
  return product;
}
const ONE = 1n << 127n;
function toThe(base: bigint, exponent: bigint): bigint {
  let result = ONE;
  for (let rest = exponent, square = base; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = times(result, square);
    square = times(square, square);
  }
  return result;
}
const inverse = (a: bigint): bigint => toThe(a, (1n << 128n) - 2n);
const number = (bytes: Uint8Array): bigint => BigInt(toHex(bytes));
function aesBlock(key: Uint8Array, block: Uint8Array): bigint {
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  return number(cipher.update(block));
}

/** One sealed block that opens under both keys: AES-GCM does not commit to its key. */
function twoKeyBlock(keys: readonly Uint8Array[], nonce: Uint8Array, aad: Uint8Array): Uint8Array {
  const lengths = number(concat(uint(8 * aad.length, 8), uint(128, 8)));
  const sides = keys.map((key) => {
    const h = aesBlock(key, new Uint8Array(16));
    const known =
      times(number(aad.subarray(0, 16)), toThe(h, 4n)) ^
      times(number(aad.subarray(16)), toThe(h, 3n)) ^
      times(lengths, h) ^
      aesBlock(key, concat(nonce, uint(1, 4)));
    return { known, factor: toThe(h, 2n) };
  });
  const sum = (field: 'known' | 'factor'): bigint =>
    sides.reduce((all, side) => all ^ side[field], 0n);
  const block = times(sum('known'), inverse(sum('factor')));
  const tag = (sides[0]?.known ?? 0n) ^ times(block, sides[0]?.factor ?? 0n);
  return concat(uint(block, 16), uint(tag, 16));
}

describe('hostile record for two keys', () => {
  it('hostile 5: a ciphertext made for two keys is refused by both readers', async () => {
    const { object, sealed } = await sealBody(bodyOf(16));
    const parts = takeApart(object);
    const honest = decodeRecordHeader(parts.header);
    const readers = [new Uint8Array(32).fill(0x11), new Uint8Array(32).fill(0x22)];
    const bodyKeys = readers.map(bodyKeyOf);
    const commitments = [repeated('33'), ...readers.map(keyCommitmentOf)];
    const outcomes: string[][] = [];
    for (const keyCommitment of commitments) {
      const header = encodeRecordHeader({ ...honest, keyCommitment });
      const headerHash = recordHeaderHash(header);
      const nonce = concat(honest.noncePrefix, Uint8Array.of(0, 0, 0, 0, 1));
      const segment = twoKeyBlock(bodyKeys, nonce, headerHash);
      const texts = bodyKeys.map((key) => toHex(aeadOpen(key, nonce, headerHash, segment)));
      expect(new Set(texts).size, 'the attack works on bare AES-GCM').to.equal(2);
      const forged = anchorAnew({ ...parts, header, segments: [segment] }, sealed);
      const codes: string[] = [];
      for (const recordKey of readers) {
        codes.push(await refusal(forged.object, { ...forged.opening, key: { recordKey } }));
      }
      outcomes.push(codes);
    }
    expect(outcomes).to.deep.equal([
      ['CommitmentMismatch', 'CommitmentMismatch'],
      ['OpeningFailed', 'CommitmentMismatch'],
      ['CommitmentMismatch', 'OpeningFailed'],
    ]);
  });
});
