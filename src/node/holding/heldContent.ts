import { concat } from '../../hash/bytes.ts';
import { decodeInnerHeader, encodeInnerHeader, type InnerHeader } from '../../wire/innerHeader.ts';

/** What a node that holds the key has found inside a record: what its author signed, and the content key. */
export interface HeldContent extends InnerHeader {
  /** 32 bytes. */
  readonly recordKey: Uint8Array;
}

const KEY_SIZE = 32;

/** content key (32) ‖ inner header. */
export const encodeHeldContent = ({ recordKey, ...inner }: HeldContent): Uint8Array =>
  concat(recordKey, encodeInnerHeader(inner));

export const keyOfHeldContent = (bytes: Uint8Array): Uint8Array => bytes.slice(0, KEY_SIZE);

/** @throws `BadInnerHeader` */
export const decodeHeldContent = (bytes: Uint8Array): HeldContent => ({
  ...decodeInnerHeader(bytes.subarray(KEY_SIZE)),
  recordKey: keyOfHeldContent(bytes),
});
