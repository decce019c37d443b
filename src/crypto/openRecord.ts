import { sha256 } from '#sha256';
import { CarelatticeError, hasCode } from '../errors.ts';
import { concat, equalBytes, type Hex } from '../hash/bytes.ts';
import { decodeInnerHeader, type InnerHeader } from '../wire/innerHeader.ts';
import { typedDigest, type RecordMessage } from '../wire/typedData.ts';
import { byteReader, type ByteSource } from './byteReader.ts';
import { bodyKeyOf, innerKeyOf, keyCommitmentOf, recordKeyOf } from './derivations.ts';
import { padmeSize } from './padme.ts';
import { readRecordStart, scanRecord } from './recordScan.ts';
import type { CheckedRecord, ListedRecord, RecordScan, RecordStart } from './recordScan.ts';
import { openSegment, sealedSizeAt, segmentCount, type SegmentCipher } from './segments.ts';
import { recoverAccount } from './signatures.ts';

/** What a holder of the key knows beforehand of the record it opens. */
export interface RecordOpening extends ListedRecord {
  readonly federationId: Hex;
  /** The batch's secret, or the one record's key that a reader was given: 32 bytes. */
  readonly key: { readonly batchSecret: Uint8Array } | { readonly recordKey: Uint8Array };
  /** The author's node and network, as the record list and the signed batch name them. */
  readonly origin: Pick<RecordMessage, 'networkId' | 'chainId' | 'author'>;
  /** The account of that node's signing key in an epoch; undefined when it had none. */
  signingAccountOf(keyEpoch: number): Hex | undefined | Promise<Hex | undefined>;
}

export interface OpenedRecord extends CheckedRecord, InnerHeader {
  /** The plaintext without padding; may be read again. @throws `ContentChanged` when the source gives other bytes */
  readonly body: AsyncIterable<Uint8Array>;
}

const refused = (code: string, message: string, recordId: Hex): CarelatticeError =>
  new CarelatticeError(code, message, { facts: { recordId } });

function keyOf({ key, recordId, recordSalt }: RecordOpening, { header }: RecordStart): Uint8Array {
  const recordKey =
    'recordKey' in key ? key.recordKey : recordKeyOf(key.batchSecret, recordId, recordSalt);
  if (keyCommitmentOf(recordKey) !== header.keyCommitment) {
    throw refused('CommitmentMismatch', 'the record was not sealed with this key', recordId);
  }
  return recordKey;
}

const cipherOf = (key: Uint8Array, { header, headerHash }: RecordStart): SegmentCipher => ({
  key,
  noncePrefix: header.noncePrefix,
  headerHash,
});

/** Opens every segment once before anything is delivered: an author can sign segments that do not open. */
interface Rehearsal {
  recordKey: Uint8Array;
  failed: boolean;
  /** Where the body ends at the earliest: behind its last byte that is not zero. */
  contentEnd: number;
  /** The plaintext of a small body, which then need not be read again. */
  held: Uint8Array[] | undefined;
}

/** Largest padded body that is held in memory instead of being read twice. */
const HELD_SIZE = 4 << 20;

function endOfContent(plaintext: Uint8Array): number {
  let end = plaintext.length;
  while (end > 0 && plaintext[end - 1] === 0) end--;
  return end;
}

function rehearse(recordKey: Uint8Array, start: RecordStart) {
  const held = start.header.bodySize <= HELD_SIZE ? [] : undefined;
  const rehearsal: Rehearsal = { recordKey, failed: false, contentEnd: 0, held };
  const cipher = cipherOf(bodyKeyOf(recordKey), start);
  const count = segmentCount(start.header);
  const watch = (sealed: Uint8Array, index: number): void => {
    if (rehearsal.failed) return;
    try {
      const plaintext = openSegment(cipher, index, index === count - 1, sealed);
      const end = endOfContent(plaintext);
      if (end > 0) rehearsal.contentEnd = index * start.header.segmentSize + end;
      rehearsal.held?.push(plaintext);
    } catch (error) {
      if (!hasCode(error, 'OpeningFailed')) throw error;
      rehearsal.failed = true; // told when the anchor has been compared: only then it is the author's fault
    }
  };
  return { rehearsal, watch };
}

/** The inner header, when it belongs to these bytes and its author signed it. */
async function openInner(
  scan: RecordScan,
  recordKey: Uint8Array,
  opening: RecordOpening,
): Promise<InnerHeader> {
  const cipher = cipherOf(innerKeyOf(recordKey), scan.start);
  const inner = decodeInnerHeader(openSegment(cipher, 0, true, scan.sealedInner));
  const { message, signature } = inner;
  const { origin, recordId } = opening;
  const belongs =
    message.recordId === recordId &&
    message.headerHash === scan.headerHash &&
    message.bodyRoot === scan.bodyRoot;
  if (!belongs) {
    throw refused('InnerHeaderMismatch', 'the inner header belongs to another record', recordId);
  }
  const isFromOrigin =
    message.networkId === origin.networkId &&
    message.chainId === origin.chainId &&
    message.author === origin.author;
  if (!isFromOrigin) {
    throw refused('AuthorMismatch', 'the record names another author than its list', recordId);
  }
  const account = await opening.signingAccountOf(message.keyEpoch);
  const signer = recoverAccount(typedDigest('Record', opening.federationId, message), signature);
  if (account === undefined || signer !== account) {
    throw refused('AuthorMismatch', 'the record is not signed by its author', recordId);
  }
  return inner;
}

function assertPadding({ bodyLength }: RecordMessage, scan: RecordScan, contentEnd: number): void {
  const { bodySize, recordId } = scan.header;
  const length = Number(bodyLength); // beyond 2^53 it equals no size below
  if (padmeSize(length) !== bodySize || contentEnd > length) {
    throw refused('BadPadding', 'the author padded the record in another way', recordId);
  }
}

/** The first `bodyLength` bytes of the plaintext in memory, as copies. */
function* deliverHeld(held: readonly Uint8Array[], bodyLength: number): Generator<Uint8Array> {
  let left = bodyLength;
  for (const plaintext of held) {
    if (left === 0) return;
    const part = plaintext.slice(0, left);
    left -= part.length;
    yield part;
  }
}

/** Reads the segments again and delivers them: byte for byte those that were checked. */
async function* deliver(
  source: ByteSource,
  opening: RecordOpening,
  scan: RecordScan,
  cipher: SegmentCipher,
  bodyLength: number,
): AsyncGenerator<Uint8Array> {
  const changed = (): CarelatticeError =>
    refused('ContentChanged', 'the record changed while it was read', scan.header.recordId);
  const { header } = scan;
  const count = segmentCount(header);
  const reader = byteReader(source);
  try {
    const start = await readRecordStart(reader, opening);
    if (!equalBytes(start.headerHash, scan.start.headerHash)) throw changed();
    for (let index = 0; index * header.segmentSize < bodyLength; index++) {
      const sealed = await reader.read(sealedSizeAt(header, index));
      const expected = scan.segmentHashes[index];
      if (expected === undefined || !equalBytes(sha256(sealed), expected)) throw changed();
      const plaintext = openSegment(cipher, index, index === count - 1, sealed);
      yield plaintext.subarray(0, bodyLength - index * header.segmentSize);
    }
  } catch (error) {
    throw hasCode(error, 'SourceEnded') ? changed() : error;
  } finally {
    await reader.close();
  }
}

/**
 * Opens a record. Everything is checked before any plaintext is delivered: what `checkRecord` checks, then the key
 * commitment, the inner header, its author's signature, that every segment opens, and the padding. `source` is read
 * twice when the body is larger than 4 MiB; memory stays flat.
 * @throws as `checkRecord`, and `CommitmentMismatch`, `OpeningFailed`, `BadInnerHeader`, `InnerHeaderMismatch`,
 * `AuthorMismatch`, `BadPadding`
 */
export async function openRecord(
  source: () => ByteSource,
  opening: RecordOpening,
): Promise<OpenedRecord> {
  let rehearsal: Rehearsal | undefined;
  const scan = await scanRecord(source(), opening, (start) => {
    const begun = rehearse(keyOf(opening, start), start);
    rehearsal = begun.rehearsal;
    return begun.watch;
  });
  // The watcher has run: a scan without a header throws.
  const { recordKey, failed, contentEnd, held } = rehearsal as unknown as Rehearsal;
  const { message, signature } = await openInner(scan, recordKey, opening);
  if (failed) {
    throw refused('OpeningFailed', 'a segment does not open with the key', opening.recordId);
  }
  assertPadding(message, scan, contentEnd);
  const bodyLength = Number(message.bodyLength);
  const cipher = cipherOf(bodyKeyOf(recordKey), scan.start);
  const body: AsyncIterable<Uint8Array> = {
    async *[Symbol.asyncIterator]() {
      if (held === undefined) yield* deliver(source(), opening, scan, cipher, bodyLength);
      else yield* deliverHeld(held, bodyLength);
    },
  };
  const { header, size, headerHash, bodyRoot, ciphertextRoot } = scan;
  return { header, size, headerHash, bodyRoot, ciphertextRoot, message, signature, body };
}

/** Opens a record that lies in memory. @throws as `openRecord` */
export async function openRecordBytes(
  object: Uint8Array,
  opening: RecordOpening,
): Promise<OpenedRecord & { readonly plaintext: Uint8Array }> {
  const opened = await openRecord(() => [object], opening);
  const parts: Uint8Array[] = [];
  for await (const part of opened.body) parts.push(part);
  return { ...opened, plaintext: concat(...parts) };
}
