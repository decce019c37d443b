import { hmacSha256 } from '#sha256';
import { concat, fromHex, type Hex, toHex, uint } from '../hash/bytes.ts';
import { keccak256 } from '../hash/keccak.ts';

/** What a node's receipt log shows of one access: two values that only its patient can place. */
export interface ReceiptLeaf {
  /** 16 bytes. */
  tag: Hex;
  /** keccak256(abi.encode(salt, receiptDigest)), 32 bytes. */
  inner: Hex;
}

/**
 * The name of a patient's receipt `n` (from 1) in one node's log: the first 16 bytes of HMAC-SHA256(accessKey, n as
 * 8 bytes). `accessKey` (32 bytes) is known to the patient and that node.
 */
export const receiptTag = (accessKey: Uint8Array, n: number): Hex =>
  toHex(hmacSha256(accessKey, uint(n, 8)).subarray(0, 16));

/** The sealed half of a leaf; `salt` and `receiptDigest` are 32 bytes. @throws `BadHex` */
export const receiptInner = (salt: Hex, receiptDigest: Hex): Hex =>
  toHex(keccak256(concat(fromHex(salt, 32), fromHex(receiptDigest, 32))));

/** keccak256(abi.encode(bytes16 tag, bytes32 inner)), 32 bytes: what the log (hash/merkleLog.ts) takes as its leaf. */
export const receiptLeaf = ({ tag, inner }: ReceiptLeaf): Uint8Array =>
  keccak256(concat(fromHex(tag, 16), new Uint8Array(16), fromHex(inner, 32)));
