import { CarelatticeError } from '../errors.ts';
import { concat, fromHex, type Hex, toHex } from '../hash/bytes.ts';
import { type Random, shuffled } from './random.ts';

/** The sizes a presence query may have, so that the number of patients in a batch stays inside. */
export const PADDED_COUNTS = [16, 64, 256, 1024] as const;
const TAG_BYTES = 16;

export interface PresenceQuery {
  /** The tags back to back, 16 bytes each: one raw block in the content store. */
  block: Uint8Array;
  paddedCount: number;
  /** Where each of the given tags went. */
  positions: number[];
}

/** Shuffles the batch's tags among random ones. @throws `TooManyTags` */
export function presenceQuery(tags: readonly Hex[], random: Random): PresenceQuery {
  const paddedCount = PADDED_COUNTS.find((size) => size >= tags.length);
  if (paddedCount === undefined) {
    throw new CarelatticeError('TooManyTags', 'a batch names at most 1,024 patients', {
      facts: { tags: tags.length },
    });
  }
  const slots = shuffled(
    Array.from({ length: paddedCount }, (_, index) => ({ index, tag: tags[index] })),
    random,
  );
  const positions: number[] = [];
  slots.forEach((slot, position) => {
    if (slot.tag !== undefined) positions[slot.index] = position;
  });
  return {
    block: concat(
      ...slots.map(({ tag }) => (tag === undefined ? random(TAG_BYTES) : fromHex(tag, TAG_BYTES))),
    ),
    paddedCount,
    positions,
  };
}

/** The tags of a fetched query. @throws `BadPresenceQuery` when its size is not the one announced. */
export function tagsOf(block: Uint8Array, paddedCount: number): Hex[] {
  if (block.length !== paddedCount * TAG_BYTES) {
    throw new CarelatticeError(
      'BadPresenceQuery',
      'the presence query does not have the size announced',
      {
        facts: { bytes: block.length, paddedCount },
      },
    );
  }
  return Array.from({ length: paddedCount }, (_, i) =>
    toHex(block.subarray(i * TAG_BYTES, (i + 1) * TAG_BYTES)),
  );
}

/** A node's answer: bit i (most significant first) says that it knows the patient behind tag i. */
export function presenceBitmap(tags: readonly Hex[], isKnown: (tag: Hex) => boolean): Hex {
  const bits = new Uint8Array(tags.length / 8);
  tags.forEach((tag, i) => {
    if (isKnown(tag)) bits[i >> 3] = (bits[i >> 3] ?? 0) | (0x80 >> (i & 7));
  });
  return toHex(bits);
}

export const isPresent = (bitmap: Hex, index: number): boolean =>
  ((fromHex(bitmap)[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0;
