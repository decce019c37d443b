import { CarelatticeError } from '../errors.ts';
import { concat, equalBytes, toNumber, uint } from './bytes.ts';
import { keccak256 } from './keccak.ts';

/**
 * The append-only log: Merkle trees of the shape of RFC 6962 (2.1), with keccak256. A leaf hashes as
 * keccak256(0x00 ‖ leaf), an inner node as keccak256(0x01 ‖ left ‖ right); a log without leaves has 32 zero bytes
 * for its root. Sizes are safe integers, indices begin at 0.
 */

const EMPTY_ROOT = new Uint8Array(32);
const LEAF = Uint8Array.of(0);
const INNER = Uint8Array.of(1);

const leafHash = (leaf: Uint8Array): Uint8Array => keccak256(concat(LEAF, leaf));
const innerHash = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  keccak256(concat(INNER, left, right));

// Sizes may pass 32 bits, where the bit operators end.
const isOdd = (value: number): boolean => value % 2 === 1;
const half = (value: number): number => Math.floor(value / 2);

/** The largest power of two below `size`, which is 2 or more. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** All that appending needs of a log: its perfect subtrees, the largest (and oldest) first. At most 53 roots. */
export interface LogFrontier {
  readonly size: number;
  readonly peaks: readonly Uint8Array[];
}

/** The log without leaves. */
export const EMPTY_LOG: LogFrontier = { size: 0, peaks: [] };

/** The log with one leaf more: O(log size) hashes at worst, two on average. */
export function appendLeaf(log: LogFrontier, leaf: Uint8Array): LogFrontier {
  const peaks = [...log.peaks];
  let node = leafHash(leaf);
  for (let rest = log.size; isOdd(rest); rest = half(rest)) {
    node = innerHash(peaks.pop() as Uint8Array, node); // one peak for each bit of the size
  }
  peaks.push(node);
  return { size: log.size + 1, peaks };
}

/** The root of the log as it is now, 32 bytes. */
export const rootOfFrontier = (log: LogFrontier): Uint8Array =>
  log.peaks.length === 0
    ? EMPTY_ROOT
    : log.peaks.reduceRight((right, left) => innerHash(left, right));

const bitsSet = (value: number): number => {
  let bits = 0;
  for (let rest = value; rest > 0; rest = half(rest)) bits += rest % 2;
  return bits;
};

/** size (8) ‖ peaks (32 each). */
export const encodeFrontier = (log: LogFrontier): Uint8Array =>
  concat(uint(log.size, 8), ...log.peaks);

/** @throws `BadFrontier`, `NumberTooLarge` */
export function decodeFrontier(bytes: Uint8Array): LogFrontier {
  const size = toNumber(bytes.subarray(0, 8));
  if (bytes.length !== 8 + 32 * bitsSet(size)) {
    throw new CarelatticeError('BadFrontier', 'these bytes are no frontier of a log', {
      facts: { bytes: bytes.length },
    });
  }
  const peaks = Array.from({ length: (bytes.length - 8) / 32 }, (_, index) =>
    bytes.slice(8 + 32 * index, 40 + 32 * index),
  );
  return { size, peaks };
}

/** The root of a log with these leaves. */
export const logRoot = (leaves: readonly Uint8Array[]): Uint8Array =>
  rootOfFrontier(leaves.reduce(appendLeaf, EMPTY_LOG));

/**
 * The roots that the log had at `sizes`, in their order, by one pass over the leaves; undefined for a size that the
 * leaves do not reach.
 */
export function logRootsAt(
  leaves: Iterable<Uint8Array>,
  sizes: readonly number[],
): (Uint8Array | undefined)[] {
  const wanted = new Set(sizes);
  const roots = new Map<number, Uint8Array>();
  let log = EMPTY_LOG;
  if (wanted.has(0)) roots.set(0, EMPTY_ROOT);
  for (const leaf of leaves) {
    log = appendLeaf(log, leaf);
    if (wanted.has(log.size)) roots.set(log.size, rootOfFrontier(log));
  }
  return sizes.map((size) => roots.get(size));
}

function assertRange(name: string, value: number, from: number, to: number): void {
  if (Number.isSafeInteger(value) && value >= from && value <= to) return;
  throw new CarelatticeError('NoSuchLeaf', 'the log has no such leaf or size', {
    facts: { [name]: value, from, to },
  });
}

/** `PATH(index, leaves)` of RFC 6962, 2.1.1: the siblings, from the bottom up. @throws `NoSuchLeaf` */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  assertRange('index', index, 0, leaves.length - 1);
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...inclusionProof(left, index), logRoot(right)]
    : [...inclusionProof(right, index - split), logRoot(left)];
}

/** Whether the log of `size` leaves and root `root` has `leaf` at `index` (RFC 9162, 2.1.3.2). */
export function isIncluded(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size)) return false;
  if (index < 0 || index >= size) return false;
  let [place, last] = [index, size - 1];
  let node = leafHash(leaf);
  for (const sibling of proof) {
    if (last === 0 || sibling.length !== 32) return false;
    if (isOdd(place) || place === last) {
      node = innerHash(sibling, node);
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      node = innerHash(node, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && equalBytes(node, root);
}

function subproof(first: number, leaves: readonly Uint8Array[], isWhole: boolean): Uint8Array[] {
  if (first === leaves.length) return isWhole ? [] : [logRoot(leaves)];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return first <= split
    ? [...subproof(first, left, isWhole), logRoot(right)]
    : [...subproof(first - split, right, false), logRoot(left)];
}

/**
 * `PROOF(first, leaves)` of RFC 6962, 2.1.2: that the log of these leaves begins with the log of its `first` ones;
 * nothing needs to be shown for `first` 0. @throws `NoSuchLeaf`
 */
export function consistencyProof(leaves: readonly Uint8Array[], first: number): Uint8Array[] {
  assertRange('first', first, 0, leaves.length);
  return first === 0 ? [] : subproof(first, leaves, true);
}

/** A log as it stood once. */
export interface LogHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Whether the log `second` begins with the log `first` (RFC 9162, 2.1.4.2); every log begins with the empty one. */
export function isConsistent(
  first: LogHead,
  second: LogHead,
  proof: readonly Uint8Array[],
): boolean {
  const sizes = [first.size, second.size];
  if (!sizes.every((size) => Number.isSafeInteger(size) && size >= 0)) return false;
  if (first.size > second.size) return false;
  if (first.size === 0) return proof.length === 0 && equalBytes(first.root, EMPTY_ROOT);
  if (first.size === second.size) return proof.length === 0 && equalBytes(first.root, second.root);
  let [place, last] = [first.size - 1, second.size - 1];
  while (isOdd(place)) [place, last] = [half(place), half(last)];
  // A first size that is a power of two is itself the subtree to begin with.
  const path = place === 0 ? [first.root, ...proof] : proof;
  const [start, ...siblings] = path;
  if (start === undefined || proof.some((node) => node.length !== 32)) return false;
  let [older, newer] = [start, start];
  for (const sibling of siblings) {
    if (last === 0) return false;
    if (isOdd(place) || place === last) {
      older = innerHash(sibling, older);
      newer = innerHash(sibling, newer);
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      newer = innerHash(newer, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && equalBytes(older, first.root) && equalBytes(newer, second.root);
}
