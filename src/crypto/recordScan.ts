import { sha256 } from '#sha256';
import { CarelatticeError, hasCode } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { assertSuite, HYBRID_ONLY, type AllowedSuites } from '../wire/kemSuite.ts';
import {
  decodeRecordHeader,
  RECORD_HEADER_SIZE,
  recordHeaderHash,
  type RecordHeader,
} from '../wire/recordHeader.ts';
import { byteReader, type ByteReader, type ByteSource } from './byteReader.ts';
import { saltHashOf } from './derivations.ts';
import { anchorOf, recordRoots, type RecordRoots } from './recordRoots.ts';
import { sealedBodySize, sealedSizeAt, segmentCount } from './segments.ts';

/** How a record is listed: what everybody checks who gets the object, with or without its key. */
export interface ListedRecord {
  readonly anchor: Hex;
  readonly recordSalt: Hex;
  readonly recordId: Hex;
  /** The scope key of this patient and category that the object must name. */
  readonly scopeKeyId: Hex;
  /** Bytes of the object, where the list gives them. */
  readonly size?: number | undefined;
  /** The suites the network allows; hybrid alone by default. */
  readonly allowedSuites?: AllowedSuites | undefined;
}

/** A record object that agrees with its listing. */
export interface CheckedRecord extends RecordRoots {
  readonly header: RecordHeader;
  readonly size: number;
}

/** The start of an object, agreed with its listing. */
export interface RecordStart {
  readonly header: RecordHeader;
  readonly headerHash: Uint8Array;
  readonly size: number;
}

export interface RecordScan extends CheckedRecord {
  readonly start: RecordStart;
  readonly segmentHashes: readonly Uint8Array[];
  readonly sealedInner: Uint8Array;
}

/** Sees each sealed segment as it passes, before anything is known of its truth. */
export type SegmentWatcher = (start: RecordStart) => (sealed: Uint8Array, index: number) => void;

const wrong = (code: string, message: string, recordId: Hex): CarelatticeError =>
  new CarelatticeError(code, `${message}; fetch it from another holder`, { facts: { recordId } });

function assertListed(header: RecordHeader, size: number, listed: ListedRecord): void {
  const { recordId } = listed;
  assertSuite(header.suite, listed.allowedSuites ?? HYBRID_ONLY);
  if (header.recordId !== recordId) {
    throw wrong('WrongRecord', 'this is another record than the one listed', recordId);
  }
  if (header.scopeKeyId !== listed.scopeKeyId) {
    throw wrong('WrongScopeKey', 'the record names another scope key than listed', recordId);
  }
  if (header.saltHash !== saltHashOf(listed.recordSalt)) {
    throw wrong('SaltMismatch', 'the listed salt is not the salt of this record', recordId);
  }
  if (listed.size !== undefined && listed.size !== size) {
    throw wrong('RecordMalformed', 'the record is not as large as listed', recordId);
  }
}

/** Reads the clear header. @throws as `scanRecord` */
export async function readRecordStart(
  reader: ByteReader,
  listed: ListedRecord,
): Promise<RecordStart> {
  const clear = await reader.read(RECORD_HEADER_SIZE);
  const header = decodeRecordHeader(clear);
  const size = RECORD_HEADER_SIZE + sealedBodySize(header) + header.innerSize;
  assertListed(header, size, listed);
  return { header, headerHash: recordHeaderHash(clear), size };
}

async function readAll(
  reader: ByteReader,
  listed: ListedRecord,
  watcher: SegmentWatcher | undefined,
): Promise<RecordScan> {
  const start = await readRecordStart(reader, listed);
  const { header, headerHash, size } = start;
  const watch = watcher?.(start);
  const segmentHashes: Uint8Array[] = [];
  for (let index = 0; index < segmentCount(header); index++) {
    const segment = await reader.read(sealedSizeAt(header, index));
    segmentHashes.push(sha256(segment));
    watch?.(segment, index);
  }
  const sealedInner = (await reader.read(header.innerSize)).slice();
  if (!(await reader.atEnd())) {
    throw wrong('RecordMalformed', 'bytes follow the record', listed.recordId);
  }
  const roots = recordRoots(headerHash, segmentHashes, sealedInner);
  if (anchorOf(listed.recordSalt, roots) !== listed.anchor) {
    throw wrong(
      'AnchorMismatch',
      'the bytes are not the record that was anchored',
      listed.recordId,
    );
  }
  return { ...roots, header, size, start, segmentHashes, sealedInner };
}

/**
 * Reads a whole object once, in flat memory, and checks all that needs no key: form, suite, recordId, scope key, salt
 * hash, anchor. Every bit of the object is under the anchor.
 * @throws `RecordMalformed`, `UnknownSuite`, `SuiteRefused`, `WrongRecord`, `WrongScopeKey`, `SaltMismatch`,
 * `AnchorMismatch`
 */
export async function scanRecord(
  source: ByteSource,
  listed: ListedRecord,
  watcher?: SegmentWatcher,
): Promise<RecordScan> {
  const reader = byteReader(source);
  try {
    return await readAll(reader, listed, watcher);
  } catch (error) {
    if (!hasCode(error, 'SourceEnded')) throw error;
    throw wrong('RecordMalformed', 'the record is cut off', listed.recordId);
  } finally {
    await reader.close();
  }
}

/** What a holder or index node without the key checks of an object it was given. @throws as `scanRecord` */
export async function checkRecord(
  source: ByteSource,
  listed: ListedRecord,
): Promise<CheckedRecord> {
  const { header, size, headerHash, bodyRoot, ciphertextRoot } = await scanRecord(source, listed);
  return { header, size, headerHash, bodyRoot, ciphertextRoot };
}
