import { z } from 'zod';
import type { Hex } from '../hash/bytes.ts';

/** What the fields of message bodies may be: byte strings are `Hex`, CIDs base32 text, long numbers decimal text. */

/** Exactly this many bytes. */
export const hexOf = (bytes: number) =>
  z.custom<Hex>(
    (value) =>
      typeof value === 'string' && value.length === 2 + 2 * bytes && value.startsWith('0x'),
  );
/** Any number of bytes. */
export const bytesField = z.custom<Hex>(
  (value) => typeof value === 'string' && value.startsWith('0x'),
);
export const id = hexOf(32);
export const cid = z.string().min(10).max(120);
export const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
export const path = z.array(id).max(256);
/** A uint256 in decimal digits. */
export const decimal = z.string().regex(/^[0-9]{1,78}$/);
