import { CarelatticeError } from '../errors.ts';
import { concat, equalBytes } from './bytes.ts';
import { keccak256 } from './keccak.ts';

/**
 * The plain tree: leaves in the order given, pairs sorted as in OpenZeppelin's `MerkleProof`, an odd node
 * moves up unchanged; one leaf is its own root, no leaf gives 32 zero bytes.
 */

const EMPTY = new Uint8Array(32);

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 32; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const parentOf = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  keccak256(compare(a, b) <= 0 ? concat(a, b) : concat(b, a));

function levelAbove(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i] as Uint8Array; // i < length
    const right = level[i + 1];
    above.push(right === undefined ? left : parentOf(left, right));
  }
  return above;
}

export interface MerkleTree {
  readonly root: Uint8Array;
  readonly size: number;
  /** The siblings of leaf `index`, from the bottom up. @throws `NoSuchLeaf` */
  proof(index: number): Uint8Array[];
}

export function merkleTree(leaves: readonly Uint8Array[]): MerkleTree {
  const levels: (readonly Uint8Array[])[] = [leaves];
  for (let level = leaves; level.length > 1;) {
    level = levelAbove(level);
    levels.push(level);
  }
  return {
    root: levels.at(-1)?.[0] ?? EMPTY,
    size: leaves.length,
    proof(index) {
      if (!Number.isInteger(index) || index < 0 || index >= leaves.length) {
        throw new CarelatticeError('NoSuchLeaf', 'the tree has no such leaf', {
          facts: { index, leaves: leaves.length },
        });
      }
      const siblings: Uint8Array[] = [];
      let position = index;
      for (const level of levels.slice(0, -1)) {
        const sibling = level[position ^ 1];
        if (sibling !== undefined) siblings.push(sibling);
        position >>= 1;
      }
      return siblings;
    },
  };
}

export const merkleRoot = (leaves: readonly Uint8Array[]): Uint8Array => merkleTree(leaves).root;

/** Whether `proof` leads from `leaf` to `root`. An empty tree contains nothing: a zero root never holds. */
export function isInTree(
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  return !equalBytes(root, EMPTY) && equalBytes(proof.reduce(parentOf, leaf), root);
}
