import { z } from 'zod';
import type { Hex } from '../hash/bytes.ts';
import type { BlockRef } from './blocks.ts';

const blockRef = z.strictObject({
  number: z.int().nonnegative(),
  hash: z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value)),
});

/**
 * Where a reader of the chain stands: plain JSON that its owner stores together with what it made of the
 * events. Every event below block `next` has been delivered; `window` holds the hashes of the newest
 * blocks read, ascending, its last entry block `next - 1` (empty only before the first page).
 */
export interface Cursor {
  readonly next: number;
  readonly window: readonly BlockRef[];
}

/** Checks a cursor read back from a journal. */
export const cursorSchema: z.ZodType<Cursor> = z.strictObject({
  next: z.int().nonnegative(),
  window: z.array(blockRef),
});

/** The cursor of a reader that has read nothing before block `first`, the block of the deployment. */
export const startCursor = (first: number): Cursor => ({ next: first, window: [] });

/** The cursor after `blocks` (ascending, the last one ending the page), with at most `size` hashes behind. */
export function advanced(cursor: Cursor, blocks: readonly BlockRef[], size: number): Cursor {
  const last = blocks.at(-1);
  if (last === undefined) return cursor;
  const refs = [...cursor.window, ...blocks.map(({ number, hash }) => ({ number, hash }))];
  return {
    next: last.number + 1,
    window: refs.filter(({ number }) => number > last.number - size),
  };
}

/** The cursor as it stood right after `ancestor`. */
export const rewound = (cursor: Cursor, ancestor: BlockRef): Cursor => ({
  next: ancestor.number + 1,
  window: cursor.window.filter(({ number }) => number <= ancestor.number),
});
