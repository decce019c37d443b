import { CarelatticeError } from '../errors.ts';
import { concat, equalBytes } from './bytes.ts';
import { keccak256 } from './keccak.ts';

/**
 * The sparse tree of the sharing table: 256 levels, a leaf lies at the bits of its 32-byte position (first bit at the
 * root), empty = 32 zero bytes, inner = keccak256(left, right), and zero when both are zero.
 */

const EMPTY = new Uint8Array(32);
const DEPTH = 256;

const bitAt = (position: Uint8Array, level: number): number =>
  ((position[level >> 3] ?? 0) >> (7 - (level & 7))) & 1;

const isEmpty = (node: Uint8Array): boolean => equalBytes(node, EMPTY);

const innerOf = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  isEmpty(left) && isEmpty(right) ? EMPTY : keccak256(concat(left, right));

/** A 256-bit map of non-empty siblings (first bit: the sibling next to the root), and those siblings in that order. */
export interface SparseProof {
  readonly map: Uint8Array;
  readonly siblings: readonly Uint8Array[];
}

/** The root that `leaf` (zero: absence) at `position` gives under `proof`. @throws `BadSparseProof` */
export function rootOfSparseProof(
  position: Uint8Array,
  leaf: Uint8Array,
  proof: SparseProof,
): Uint8Array {
  if (position.length !== 32 || leaf.length !== 32 || proof.map.length !== 32) {
    throw new CarelatticeError('BadSparseProof', 'position, leaf and map have 32 bytes each');
  }
  let next = proof.siblings.length;
  let node = leaf;
  for (let level = DEPTH - 1; level >= 0; level--) {
    let sibling: Uint8Array = EMPTY;
    if (bitAt(proof.map, level) === 1) {
      const given = proof.siblings[--next];
      if (given?.length !== 32 || isEmpty(given)) {
        throw new CarelatticeError('BadSparseProof', 'siblings do not fit their map');
      }
      sibling = given;
    }
    node = bitAt(position, level) === 0 ? innerOf(node, sibling) : innerOf(sibling, node);
  }
  if (next !== 0) throw new CarelatticeError('BadSparseProof', 'siblings do not fit their map');
  return node;
}

interface Branch {
  readonly hash: Uint8Array;
  readonly left: Node;
  readonly right: Node;
}
interface Lonely {
  /** The hash of this subtree, which holds one leaf only. */
  readonly hash: Uint8Array;
  readonly position: Uint8Array;
  readonly leaf: Uint8Array;
}
type Node = Branch | Lonely | undefined;

const hashOf = (node: Node): Uint8Array => node?.hash ?? EMPTY;

/** The subtree at `level` that holds one leaf only: kept as one node, hashed down its whole path. */
function lonely(position: Uint8Array, leaf: Uint8Array, level: number): Lonely {
  let hash = leaf;
  for (let at = DEPTH - 1; at >= level; at--) {
    hash =
      bitAt(position, at) === 0 ? keccak256(concat(hash, EMPTY)) : keccak256(concat(EMPTY, hash));
  }
  return { hash, position, leaf };
}

function branch(left: Node, right: Node, level: number): Node {
  if (left === undefined && right === undefined) return undefined;
  // A lone leaf moves up, so that the shape depends on the contents alone.
  if (left === undefined && right !== undefined && 'position' in right)
    return lonely(right.position, right.leaf, level);
  if (right === undefined && left !== undefined && 'position' in left)
    return lonely(left.position, left.leaf, level);
  return { hash: innerOf(hashOf(left), hashOf(right)), left, right };
}

function insert(node: Node, position: Uint8Array, leaf: Uint8Array, level: number): Node {
  if (node === undefined) return isEmpty(leaf) ? undefined : lonely(position, leaf, level);
  if ('position' in node) {
    if (equalBytes(node.position, position))
      return isEmpty(leaf) ? undefined : lonely(position, leaf, level);
    if (isEmpty(leaf)) return node;
    // Two leaves meet here: push the old one down by one level and go on.
    const below = lonely(node.position, node.leaf, level + 1);
    const [left, right] =
      bitAt(node.position, level) === 0 ? [below, undefined] : [undefined, below];
    return insertBelow(left, right, position, leaf, level);
  }
  return insertBelow(node.left, node.right, position, leaf, level);
}

function insertBelow(
  left: Node,
  right: Node,
  position: Uint8Array,
  leaf: Uint8Array,
  level: number,
): Node {
  return bitAt(position, level) === 0
    ? branch(insert(left, position, leaf, level + 1), right, level)
    : branch(left, insert(right, position, leaf, level + 1), level);
}

/** An immutable tree: `set` gives the next one and leaves this one as it was. */
export interface SparseMerkleTree {
  readonly root: Uint8Array;
  set(position: Uint8Array, leaf: Uint8Array): SparseMerkleTree;
  /** Proof of the leaf at `position`, or of its absence. */
  proof(position: Uint8Array): SparseProof;
}

function treeOf(top: Node): SparseMerkleTree {
  return {
    root: hashOf(top),
    set: (position, leaf) => treeOf(insert(top, position, leaf, 0)),
    proof(position) {
      const map = new Uint8Array(32);
      const siblings: Uint8Array[] = [];
      const add = (level: number, sibling: Uint8Array): void => {
        map[level >> 3] = (map[level >> 3] ?? 0) | (1 << (7 - (level & 7)));
        siblings.push(sibling);
      };
      let node = top;
      for (let level = 0; node !== undefined; level++) {
        if ('position' in node) {
          // Another leaf alone in this subtree: it is the sibling where the two paths part.
          if (!equalBytes(node.position, position)) {
            let parting = level;
            while (bitAt(node.position, parting) === bitAt(position, parting)) parting++;
            add(parting, lonely(node.position, node.leaf, parting + 1).hash);
          }
          break;
        }
        const [next, other]: [Node, Node] =
          bitAt(position, level) === 0 ? [node.left, node.right] : [node.right, node.left];
        if (other !== undefined) add(level, other.hash);
        node = next;
      }
      return { map, siblings };
    },
  };
}

export const emptySparseTree: SparseMerkleTree = treeOf(undefined);
