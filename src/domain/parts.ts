import { CarelatticeError } from '../errors.ts';
import { concat, fromHex, type Hex, toHex } from '../hash/bytes.ts';

/** Bytes of one part: with its frame it fills one 16 KiB envelope. */
export const PART_BYTES = 15 * 1024;
/** Parts of lists that one node gets in a round; the rest waits for the next. */
export const PARTS_PER_ROUND = 4;

/** Cuts a list into parts; at least one, so that an empty list travels too. */
export function cut(list: Uint8Array): Hex[] {
  const parts: Hex[] = [];
  for (let at = 0; at === 0 || at < list.length; at += PART_BYTES)
    parts.push(toHex(list.subarray(at, at + PART_BYTES)));
  return parts;
}

/** @throws `PartMissing` unless all parts are there. */
export function assemble(parts: readonly (Hex | undefined)[], expected: number): Uint8Array {
  const present = Array.from({ length: expected }, (_, i) => parts[i]);
  return concat(
    ...present.map((part, index) => {
      if (part === undefined)
        throw new CarelatticeError('PartMissing', 'a part of the list is missing', {
          facts: { index },
        });
      return fromHex(part);
    }),
  );
}
