import { sha256 } from '#sha256';
import { CarelatticeError } from '../errors.ts';
import { concat, fromHex, toHex, ZERO_32, type Hex } from '../hash/bytes.ts';
import { encodeInnerHeader } from '../wire/innerHeader.ts';
import {
  encodeRecordHeader,
  MAX_INNER_SIZE,
  RECORD_HEADER_SIZE,
  recordHeaderHash,
  SEGMENT_SIZE,
  type RecordHeader,
} from '../wire/recordHeader.ts';
import type { RecordMessage } from '../wire/typedData.ts';
import { byteReader, type ByteReader, type ByteSource } from './byteReader.ts';
import { bodyKeyOf, innerKeyOf, keyCommitmentOf, recordKeyOf, saltHashOf } from './derivations.ts';
import { padmeSize } from './padme.ts';
import { randomBytes, type RandomSource } from './random.ts';
import { anchorOf, recordRoots, type RecordRoots } from './recordRoots.ts';
import { plainSizeAt, sealedBodySize, sealSegment, segmentCount } from './segments.ts';

/** What the author says of a record; the rest of the signed message follows from sealing. */
export type RecordDescription = Omit<
  RecordMessage,
  'recordId' | 'headerHash' | 'bodyRoot' | 'bodyLength'
>;

export interface RecordToSeal {
  readonly description: RecordDescription;
  /** Exact number of bytes that the body will give. */
  readonly bodyLength: number;
  /** 32 random bytes per patient, category and batch. */
  readonly batchSecret: Uint8Array;
  readonly scopeKeyId: Hex;
  /** Suite of that scope key. */
  readonly suite: number;
  /** Signs the typed data `Record` by the author's signing key: 65 bytes. */
  sign(message: RecordMessage): Hex | Promise<Hex>;
}

/** What the author keeps and lists of a record that is sealed. */
export interface SealedRecord extends RecordRoots {
  readonly recordId: Hex;
  /** Goes into sealed lists and journals only; destroying it erases the record. */
  readonly recordSalt: Hex;
  readonly anchor: Hex;
  /** Bytes of the object. */
  readonly size: number;
  readonly message: RecordMessage;
  readonly signature: Hex;
}

export interface RecordSealing {
  readonly recordId: Hex;
  /** Bytes of the object, known from the start. */
  readonly size: number;
  /** The object: clear header, segments, sealed inner header. Can be read once. @throws `BodyLengthMismatch` */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** @throws `NotSealedYet` before `bytes` has been read to its end */
  result(): SealedRecord;
}

/** Segment `index` of the padded body: what the reader still gives of `bodyLength`, then zeros. */
async function plainSegment(
  reader: ByteReader,
  header: RecordHeader,
  bodyLength: number,
  index: number,
): Promise<Uint8Array> {
  const size = plainSizeAt(header, index);
  const left = Math.max(0, bodyLength - index * header.segmentSize);
  if (left >= size) return reader.read(size);
  const padded = new Uint8Array(size);
  padded.set(await reader.read(left));
  return padded;
}

const lengthMismatch = (bodyLength: number, cause?: unknown): CarelatticeError =>
  new CarelatticeError('BodyLengthMismatch', 'the body is not as long as was said', {
    facts: { bodyLength },
    cause,
  });

/** The inner header is sealed last, but its size stands in the header: it follows from the description. */
function innerSizeOf(description: RecordDescription, bodyLength: number, recordId: Hex): number {
  const message = { ...description, recordId, headerHash: ZERO_32, bodyRoot: ZERO_32 };
  const placeholder: Hex = `0x${'00'.repeat(65)}`;
  const plain = encodeInnerHeader({
    message: { ...message, bodyLength: BigInt(bodyLength) },
    signature: placeholder,
  });
  if (plain.length + 16 > MAX_INNER_SIZE) {
    throw new CarelatticeError('InnerHeaderTooLarge', 'the record is described by too much text', {
      facts: { bytes: plain.length, most: MAX_INNER_SIZE - 16 },
    });
  }
  return plain.length + 16;
}

/**
 * Seals a record in one pass and flat memory. Each call draws a new recordId, salt and nonce prefix.
 * @throws `BadAbi` when the description does not fit, `InnerHeaderTooLarge`, `BodyLengthMismatch`
 */
export function sealRecord(
  record: RecordToSeal,
  body: ByteSource,
  random: RandomSource = randomBytes,
): RecordSealing {
  const { description, bodyLength } = record;
  if (!Number.isSafeInteger(bodyLength) || bodyLength < 0) throw lengthMismatch(bodyLength);
  const recordId = toHex(random(16));
  const recordSalt = toHex(random(32));
  const recordKey = recordKeyOf(record.batchSecret, recordId, recordSalt);
  const header: RecordHeader = {
    suite: record.suite,
    recordId,
    scopeKeyId: record.scopeKeyId,
    segmentSize: SEGMENT_SIZE,
    bodySize: padmeSize(bodyLength),
    innerSize: innerSizeOf(description, bodyLength, recordId),
    noncePrefix: random(7),
    keyCommitment: keyCommitmentOf(recordKey),
    saltHash: saltHashOf(recordSalt),
  };
  const clear = encodeRecordHeader(header);
  const headerHash = recordHeaderHash(clear);
  const size = RECORD_HEADER_SIZE + sealedBodySize(header) + header.innerSize;
  const { noncePrefix } = header;
  let started = false;
  let sealed: SealedRecord | undefined;

  async function* segments(hashes: Uint8Array[]): AsyncGenerator<Uint8Array> {
    const cipher = { key: bodyKeyOf(recordKey), noncePrefix, headerHash };
    const count = segmentCount(header);
    const reader = byteReader(body);
    try {
      for (let index = 0; index < count; index++) {
        const plaintext = await plainSegment(reader, header, bodyLength, index);
        const segment = sealSegment(cipher, index, index === count - 1, plaintext);
        hashes.push(sha256(segment));
        yield segment;
      }
      if (!(await reader.atEnd())) throw lengthMismatch(bodyLength);
    } catch (error) {
      if (error instanceof CarelatticeError && error.code === 'SourceEnded') {
        throw lengthMismatch(bodyLength, error);
      }
      throw error;
    } finally {
      await reader.close();
    }
  }

  async function* object(): AsyncGenerator<Uint8Array> {
    // A second run would use the same nonces for what may be another body.
    if (started) throw new CarelatticeError('SealedOnce', 'a record is sealed once; seal it anew');
    started = true;
    yield clear;
    const hashes: Uint8Array[] = [];
    yield* segments(hashes);
    const { bodyRoot } = recordRoots(headerHash, hashes, new Uint8Array(0));
    const message: RecordMessage = {
      ...description,
      recordId,
      headerHash: toHex(headerHash),
      bodyRoot,
      bodyLength: BigInt(bodyLength),
    };
    const signature = await record.sign(message);
    fromHex(signature, 65);
    const cipher = { key: innerKeyOf(recordKey), noncePrefix, headerHash };
    const inner = sealSegment(cipher, 0, true, encodeInnerHeader({ message, signature }));
    const roots = recordRoots(headerHash, hashes, inner);
    const anchor = anchorOf(recordSalt, roots);
    sealed = { ...roots, recordId, recordSalt, anchor, size, message, signature };
    yield inner;
  }

  return {
    recordId,
    size,
    bytes: { [Symbol.asyncIterator]: object },
    result() {
      if (sealed === undefined) {
        throw new CarelatticeError('NotSealedYet', 'read all bytes of the record first');
      }
      return sealed;
    },
  };
}

/** Seals a body that lies in memory. @throws as `sealRecord` */
export async function sealRecordBytes(
  record: Omit<RecordToSeal, 'bodyLength'>,
  body: Uint8Array,
  random: RandomSource = randomBytes,
): Promise<{ object: Uint8Array; sealed: SealedRecord }> {
  const sealing = sealRecord({ ...record, bodyLength: body.length }, [body], random);
  const parts: Uint8Array[] = [];
  for await (const part of sealing.bytes) parts.push(part);
  return { object: concat(...parts), sealed: sealing.result() };
}
