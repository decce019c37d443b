import { aeadOpen, aeadSeal } from '#aead';
import { concat, uint } from '../hash/bytes.ts';
import type { RecordHeader } from '../wire/recordHeader.ts';

/**
 * The segments of a record body: a STREAM of AES-256-GCM (Hoang, Reyhanitabar, Rogaway, Vizár 2015). The nonce counts
 * them and marks the last one, and all are bound to the header, so that none can be dropped, moved or spliced.
 */

const TAG = 16;

/** What the segments of one record have in common. */
export interface SegmentCipher {
  /** 32 bytes: `bodyKey`, or `innerKey` for the inner header. */
  readonly key: Uint8Array;
  /** 7 bytes. */
  readonly noncePrefix: Uint8Array;
  readonly headerHash: Uint8Array;
}

type Layout = Pick<RecordHeader, 'bodySize' | 'segmentSize'>;

/** At least one segment, empty for an empty body. */
export const segmentCount = ({ bodySize, segmentSize }: Layout): number =>
  Math.max(1, Math.ceil(bodySize / segmentSize));

/** Plaintext bytes of segment `index`. */
export const plainSizeAt = ({ bodySize, segmentSize }: Layout, index: number): number =>
  Math.min(segmentSize, bodySize - index * segmentSize);

/** Bytes of segment `index` in the object. */
export const sealedSizeAt = (layout: Layout, index: number): number =>
  plainSizeAt(layout, index) + TAG;

/** Bytes of all segments in the object. */
export const sealedBodySize = (layout: Layout): number =>
  layout.bodySize + TAG * segmentCount(layout);

const nonceOf = (prefix: Uint8Array, index: number, isLast: boolean): Uint8Array =>
  concat(prefix, uint(index, 4), Uint8Array.of(isLast ? 1 : 0));

/** @throws `NumberTooLarge` beyond 2^32 segments */
export const sealSegment = (
  { key, noncePrefix, headerHash }: SegmentCipher,
  index: number,
  isLast: boolean,
  plaintext: Uint8Array,
): Uint8Array => aeadSeal(key, nonceOf(noncePrefix, index, isLast), headerHash, plaintext);

/** @throws `OpeningFailed`, `NumberTooLarge` */
export const openSegment = (
  { key, noncePrefix, headerHash }: SegmentCipher,
  index: number,
  isLast: boolean,
  sealed: Uint8Array,
): Uint8Array => aeadOpen(key, nonceOf(noncePrefix, index, isLast), headerHash, sealed);
