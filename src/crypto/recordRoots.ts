import { sha256 } from '#sha256';
import { concat, fromHex, toHex, type Hex } from '../hash/bytes.ts';
import { keccak256 } from '../hash/keccak.ts';
import { labelledHash } from '../hash/labelled.ts';

/** The digests that bind a record object together. */
export interface RecordRoots {
  readonly headerHash: Hex;
  readonly bodyRoot: Hex;
  readonly ciphertextRoot: Hex;
}

/** `bodyRoot` = H("body", SHA-256 of each segment), `ciphertextRoot` = H("ciphertext", bodyRoot, SHA-256(sealed inner header)). */
export function recordRoots(
  headerHash: Uint8Array,
  segmentHashes: readonly Uint8Array[],
  sealedInner: Uint8Array,
): RecordRoots {
  const bodyRoot = labelledHash('body', ...segmentHashes);
  const ciphertextRoot = labelledHash('ciphertext', bodyRoot, sha256(sealedInner));
  return {
    headerHash: toHex(headerHash),
    bodyRoot: toHex(bodyRoot),
    ciphertextRoot: toHex(ciphertextRoot),
  };
}

/** `anchor` = keccak256(recordSalt, headerHash, ciphertextRoot), the leaf of the batch root. */
export const anchorOf = (recordSalt: Hex, roots: Omit<RecordRoots, 'bodyRoot'>): Hex =>
  toHex(
    keccak256(
      concat(
        fromHex(recordSalt, 32),
        fromHex(roots.headerHash, 32),
        fromHex(roots.ciphertextRoot, 32),
      ),
    ),
  );
