import { expect } from 'chai';
import fc from 'fast-check';
import { concat, toHex, uint, type Hex } from '../../../src/hash/bytes.ts';
import { labelledHash } from '../../../src/hash/labelled.ts';
import {
  decodeRecordHeader,
  encodeRecordHeader,
  MAX_INNER_SIZE,
  recordHeaderHash,
  SEGMENT_SIZE,
  type RecordHeader,
} from '../../../src/wire/recordHeader.ts';
import { codeOf } from '../../support/codeOf.ts';

const filled = (byte: string, size: number): Hex => `0x${byte.repeat(size)}`;
const header: RecordHeader = {
  suite: 1,
  recordId: filled('1d', 16),
  scopeKeyId: filled('5c', 32),
  segmentSize: SEGMENT_SIZE,
  bodySize: 10_240,
  innerSize: 1296,
  noncePrefix: new Uint8Array(7).fill(0x3e),
  keyCommitment: filled('cc', 32),
  saltHash: filled('55', 32),
};

describe('recordHeader', () => {
  it('lays out 137 bytes in the order of the format', () => {
    const expected = [
      '0x01',
      '01',
      '1d'.repeat(16),
      '5c'.repeat(32),
      '00100000',
      '0000000000002800',
      '00000510',
      '3e'.repeat(7),
      'cc'.repeat(32),
      '55'.repeat(32),
    ].join('');
    expect(toHex(encodeRecordHeader(header))).to.equal(expected);
    expect(decodeRecordHeader(encodeRecordHeader(header))).to.deep.equal(header);
  });

  it('reads back whatever sizes it writes', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.integer({ min: 1, max: (MAX_INNER_SIZE - 16) / 256 }),
        fc.nat(255),
        (bodySize, steps, suite) => {
          const given = { ...header, bodySize, innerSize: 256 * steps + 16, suite };
          expect(decodeRecordHeader(encodeRecordHeader(given))).to.deep.equal(given);
        },
      ),
    );
  });

  it('hashes the bytes under their label', () => {
    const bytes = encodeRecordHeader(header);
    expect(recordHeaderHash(bytes)).to.deep.equal(labelledHash('header', bytes));
  });

  const changes: [string, number, Uint8Array][] = [
    ['version 0', 0, Uint8Array.of(0)],
    ['version 2', 0, Uint8Array.of(2)],
    ['another segment size', 50, uint(65_536, 4)],
    ['no segment size', 50, uint(0, 4)],
    ['a body of 2^53 bytes', 54, uint(2 ** 53, 8)],
    ['a body of 2^64 - 1 bytes', 54, uint((1n << 64n) - 1n, 8)],
    ['no inner header', 62, uint(16, 4)],
    ['an inner header shorter than its tag', 62, uint(15, 4)],
    ['an inner header out of step', 62, uint(1297, 4)],
    ['an inner header above the limit', 62, uint(MAX_INNER_SIZE + 256, 4)],
  ];
  for (const [name, offset, bytes] of changes) {
    it(`refuses ${name}`, async () => {
      const encoded = encodeRecordHeader(header);
      encoded.set(bytes, offset);
      expect(await codeOf(() => decodeRecordHeader(encoded))).to.equal('RecordMalformed');
    });
  }

  it('refuses other lengths', async () => {
    const encoded = encodeRecordHeader(header);
    for (const bytes of [encoded.subarray(1), concat(encoded, encoded), new Uint8Array(0)]) {
      expect(await codeOf(() => decodeRecordHeader(bytes))).to.equal('RecordMalformed');
    }
    const noncePrefix = new Uint8Array(8);
    expect(await codeOf(() => encodeRecordHeader({ ...header, noncePrefix }))).to.equal(
      'RecordMalformed',
    );
  });
});
