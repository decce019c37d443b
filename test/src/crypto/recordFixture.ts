import { innerKeyOf, recordKeyOf } from '../../../src/crypto/derivations.ts';
import type { RecordOpening } from '../../../src/crypto/openRecord.ts';
import { sealRecordBytes, type SealedRecord } from '../../../src/crypto/record.ts';
import { anchorOf, recordRoots } from '../../../src/crypto/recordRoots.ts';
import { sealedSizeAt, sealSegment, segmentCount } from '../../../src/crypto/segments.ts';
import { accountOf, signDigest } from '../../../src/crypto/signatures.ts';
import { concat, toHex, type Hex } from '../../../src/hash/bytes.ts';
import { sha256 } from '../../../src/hash/sha256.ts';
import { encodeInnerHeader } from '../../../src/wire/innerHeader.ts';
import {
  decodeRecordHeader,
  RECORD_HEADER_SIZE,
  recordHeaderHash,
} from '../../../src/wire/recordHeader.ts';
import { typedDigest, type RecordMessage } from '../../../src/wire/typedData.ts';

export const repeated = (byte: string, size = 32): Hex => `0x${byte.repeat(size)}`;

export const federationId = repeated('f0');
export const scopeKeyId = repeated('5c');
export const batchSecret = new Uint8Array(32).fill(0xb5);
export const authorKey = new Uint8Array(32).fill(7);

export const description = {
  networkId: repeated('01'),
  chainId: 31337n,
  author: repeated('a0'),
  keyEpoch: 3,
  category: 'result',
  resourceTypes: ['Observation', 'DiagnosticReport'],
  sensitivity: ['HIV'],
  status: 'final',
  recordedAt: 1_700_000_000n,
  eventFrom: 1_690_000_000n,
  eventTo: 1_690_000_100n,
  previousVersion: repeated('00', 16),
  mediaType: 'application/fhir+json',
};

export const sign = (message: RecordMessage): Hex =>
  signDigest(authorKey, typedDigest('Record', federationId, message));

export const toSeal = { description, batchSecret, scopeKeyId, suite: 1, sign };

export const sealBody = (body: Uint8Array) => sealRecordBytes(toSeal, body);

/** What an enrolled node knows of a record that it opens. */
export const openingOf = (
  sealed: Pick<SealedRecord, 'anchor' | 'recordSalt' | 'recordId'>,
): RecordOpening => ({
  federationId,
  anchor: sealed.anchor,
  recordSalt: sealed.recordSalt,
  recordId: sealed.recordId,
  scopeKeyId,
  key: { batchSecret },
  origin: description,
  signingAccountOf: (keyEpoch) => (keyEpoch === 3 ? accountOf(authorKey) : undefined),
});

/** An object taken apart. */
export interface Parts {
  readonly header: Uint8Array;
  readonly segments: readonly Uint8Array[];
  readonly inner: Uint8Array;
}

export function takeApart(object: Uint8Array): Parts {
  const header = object.slice(0, RECORD_HEADER_SIZE);
  const layout = decodeRecordHeader(header);
  const segments: Uint8Array[] = [];
  let at = RECORD_HEADER_SIZE;
  for (let index = 0; index < segmentCount(layout); index++) {
    const end = at + sealedSizeAt(layout, index);
    segments.push(object.slice(at, end));
    at = end;
  }
  return { header, segments, inner: object.slice(at) };
}

export const putTogether = ({ header, segments, inner }: Parts): Uint8Array =>
  concat(header, ...segments, inner);

/** A dishonest author: signs and anchors whatever it put into the object. */
export function anchorAnew(
  parts: Parts,
  sealed: SealedRecord,
  change: Partial<RecordMessage> = {},
  signer = sign,
): { object: Uint8Array; opening: RecordOpening } {
  const { noncePrefix, recordId } = decodeRecordHeader(parts.header);
  const headerHash = recordHeaderHash(parts.header);
  const hashes = parts.segments.map((segment) => sha256(segment));
  const { bodyRoot } = recordRoots(headerHash, hashes, new Uint8Array(0));
  const message = {
    ...sealed.message,
    headerHash: toHex(headerHash),
    bodyRoot,
    ...change,
  };
  const key = innerKeyOf(recordKeyOf(batchSecret, recordId, sealed.recordSalt));
  const plain = encodeInnerHeader({ message, signature: signer(message) });
  const inner = sealSegment({ key, noncePrefix, headerHash }, 0, true, plain);
  const anchor = anchorOf(sealed.recordSalt, recordRoots(headerHash, hashes, inner));
  return {
    object: putTogether({ ...parts, inner }),
    opening: openingOf({ ...sealed, anchor }),
  };
}
