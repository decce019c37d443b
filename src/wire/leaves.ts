import { concat, fromHex, type Hex, uint } from '../hash/bytes.ts';
import { keccak256 } from '../hash/keccak.ts';
import { keccakOf } from './abi.ts';

/** Every leaf is keccak256 of `abi.encode` of its fields in order (`docs/protocol.md`, Leaves). */

const word = (value: number): Uint8Array => uint(value, 32);

/** What the consensus node took as a node's answer to one storage request; `bitmap` has paddedCount bits. */
export interface AnswerLeaf {
  salt: Hex;
  request: number;
  nodeId: Hex;
  bitmap: Hex;
}
export const answerLeaf = (leaf: AnswerLeaf): Uint8Array =>
  keccakOf(
    ['bytes32', 'uint64', 'bytes32', 'bytes'],
    [leaf.salt, leaf.request, leaf.nodeId, leaf.bitmap],
  );

/** A node's delivery (or, with its settlement's digest, its settlement) of a range of requests. */
export interface RangeLeaf {
  salt: Hex;
  from: number;
  to: number;
  nodeId: Hex;
  digest: Hex;
}
export const rangeLeaf = (leaf: RangeLeaf): Uint8Array =>
  keccak256(
    concat(
      fromHex(leaf.salt, 32),
      word(leaf.from),
      word(leaf.to),
      fromHex(leaf.nodeId, 32),
      fromHex(leaf.digest, 32),
    ),
  );

/** One record in a node's delivery list; the list's digest is the Merkle root of these, in order. */
export interface EntryLeaf {
  salt: Hex;
  request: number;
  anchor: Hex;
}
export const entryLeaf = (leaf: EntryLeaf): Uint8Array =>
  keccak256(concat(fromHex(leaf.salt, 32), word(leaf.request), fromHex(leaf.anchor, 32)));

/** One node in a patient's relation list: which handles it may hold. Role: `NodeRegistry`'s number. */
export interface RelationLeaf {
  salt: Hex;
  nodeId: Hex;
  role: number;
  handles: readonly Hex[];
}
export const relationLeaf = (leaf: RelationLeaf): Uint8Array =>
  keccakOf(
    ['bytes32', 'bytes32', 'uint8', 'bytes32[]'],
    [leaf.salt, leaf.nodeId, leaf.role, leaf.handles],
  );

/** How many records of one handle are sealed, and the head they fold to. */
export interface HandleLeaf {
  salt: Hex;
  handle: Hex;
  count: number;
  historyHead: Hex;
}
export const handleLeaf = (leaf: HandleLeaf): Uint8Array =>
  keccak256(
    concat(
      fromHex(leaf.salt, 32),
      fromHex(leaf.handle, 32),
      word(leaf.count),
      fromHex(leaf.historyHead, 32),
    ),
  );

/** A patient's leaf of the sharing table. */
export interface SharingLeaf {
  salt: Hex;
  relationsSeq: number;
  relationsDigest: Hex;
  handlesRoot: Hex;
  version: number;
}
export const sharingLeaf = (leaf: SharingLeaf): Uint8Array =>
  keccak256(
    concat(
      fromHex(leaf.salt, 32),
      word(leaf.relationsSeq),
      fromHex(leaf.relationsDigest, 32),
      fromHex(leaf.handlesRoot, 32),
      word(leaf.version),
    ),
  );

/** Where a patient's leaf lies in the sparse tree. */
export const sharingPosition = (patientId: Hex): Uint8Array => keccak256(fromHex(patientId, 32));

/** One of a patient's guardians; the salt keeps the account from being guessed. */
export interface GuardianLeaf {
  patientId: Hex;
  account: Hex;
  salt: Hex;
}
export const guardianLeaf = (leaf: GuardianLeaf): Uint8Array =>
  keccakOf(['bytes32', 'address', 'bytes32'], [leaf.patientId, leaf.account, leaf.salt]);
