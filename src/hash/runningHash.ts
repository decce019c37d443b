import { concat } from './bytes.ts';
import { keccak256 } from './keccak.ts';

/**
 * The head of a patient's history under one handle: head' = keccak256(head, anchor, recordId), as `abi.encode`
 * (recordId, 16 bytes, is padded with zeros on the right).
 */
export function nextHistoryHead(
  head: Uint8Array,
  anchor: Uint8Array,
  recordId: Uint8Array,
): Uint8Array {
  return keccak256(concat(head, anchor, recordId, new Uint8Array(16)));
}

/** The head of a history without records. */
export const EMPTY_HEAD = new Uint8Array(32);
