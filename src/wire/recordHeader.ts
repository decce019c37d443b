import { CarelatticeError } from '../errors.ts';
import { concat, fromHex, toHex, toNumber, uint, type Hex } from '../hash/bytes.ts';
import { labelledHash } from '../hash/labelled.ts';

/** The clear header of a record object: 137 bytes, with nothing about patient, author, category or date. */
export interface RecordHeader {
  /** HPKE suite of the scope key. */
  readonly suite: number;
  /** 16 random bytes. */
  readonly recordId: Hex;
  readonly scopeKeyId: Hex;
  /** Plaintext bytes per segment. */
  readonly segmentSize: number;
  /** Plaintext bytes of the padded body. */
  readonly bodySize: number;
  /** Bytes of the sealed inner header. */
  readonly innerSize: number;
  /** 7 random bytes. */
  readonly noncePrefix: Uint8Array;
  readonly keyCommitment: Hex;
  readonly saltHash: Hex;
}

export const RECORD_HEADER_SIZE = 137;
export const RECORD_VERSION = 1;
/** The one segment size of version 1, in bytes of plaintext. */
export const SEGMENT_SIZE = 1 << 20;
/** Largest sealed inner header: what a reader must hold in memory before it knows the author. */
export const MAX_INNER_SIZE = 64 * 1024 + 16;

// Offset of each field.
const SUITE = 1;
const RECORD_ID = 2;
const SCOPE_KEY_ID = 18;
const SEGMENT = 50;
const BODY = 54;
const INNER = 62;
const NONCE_PREFIX = 66;
const KEY_COMMITMENT = 73;
const SALT_HASH = 105;

const malformed = (message: string): CarelatticeError =>
  new CarelatticeError('RecordMalformed', message);

export function encodeRecordHeader(header: RecordHeader): Uint8Array {
  if (header.noncePrefix.length !== 7) throw malformed('a nonce prefix has 7 bytes');
  return concat(
    uint(RECORD_VERSION, 1),
    uint(header.suite, 1),
    fromHex(header.recordId, 16),
    fromHex(header.scopeKeyId, 32),
    uint(header.segmentSize, 4),
    uint(header.bodySize, 8),
    uint(header.innerSize, 4),
    header.noncePrefix,
    fromHex(header.keyCommitment, 32),
    fromHex(header.saltHash, 32),
  );
}

/**
 * @throws `RecordMalformed` on a wrong length, version or segment size, a body of 2^53 bytes or more, or an inner
 * header that is too large or no whole number of 256-byte steps. The suite is left to the network's policy.
 */
export function decodeRecordHeader(bytes: Uint8Array): RecordHeader {
  if (bytes.length !== RECORD_HEADER_SIZE) throw malformed('a record header has 137 bytes');
  if (bytes[0] !== RECORD_VERSION) throw malformed('this version of records is unknown');
  const number = (from: number, to: number): number => toNumber(bytes.subarray(from, to));
  const hex = (from: number, to: number): Hex => toHex(bytes.subarray(from, to));
  if (number(BODY, BODY + 2) >= 32) throw malformed('the body is larger than can be counted');
  const header: RecordHeader = {
    suite: number(SUITE, RECORD_ID),
    recordId: hex(RECORD_ID, SCOPE_KEY_ID),
    scopeKeyId: hex(SCOPE_KEY_ID, SEGMENT),
    segmentSize: number(SEGMENT, BODY),
    bodySize: number(BODY, INNER),
    innerSize: number(INNER, NONCE_PREFIX),
    noncePrefix: bytes.slice(NONCE_PREFIX, KEY_COMMITMENT),
    keyCommitment: hex(KEY_COMMITMENT, SALT_HASH),
    saltHash: hex(SALT_HASH, RECORD_HEADER_SIZE),
  };
  if (header.segmentSize !== SEGMENT_SIZE) throw malformed('segments of version 1 have 1 MiB');
  const innerPlain = header.innerSize - 16;
  if (innerPlain <= 0 || innerPlain % 256 !== 0 || header.innerSize > MAX_INNER_SIZE) {
    throw malformed('the size of the inner header is none');
  }
  return header;
}

/** `headerHash` = H("header", header) of the 137 bytes. */
export const recordHeaderHash = (bytes: Uint8Array): Uint8Array => labelledHash('header', bytes);
