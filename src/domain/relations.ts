import { CarelatticeError } from '../errors.ts';
import { equalBytes, fromHex, type Hex, toHex } from '../hash/bytes.ts';
import { isInTree, merkleTree } from '../hash/merkleTree.ts';
import { type RelationLeaf, relationLeaf } from '../wire/leaves.ts';

/** The salted root of a patient's whole relation list, in list order: what she signs in `SetRelations`. */
export const relationsDigest = (list: readonly RelationLeaf[]): Hex =>
  toHex(merkleTree(list.map(relationLeaf)).root);

/** A node's own relation: its leaf and the way to the digest. */
export interface OwnRelation {
  salt: Hex;
  role: number;
  handles: Hex[];
  path: Hex[];
}

/** What node `nodeId` is shown of the list. @throws `NotInRelations` */
export function ownRelation(list: readonly RelationLeaf[], nodeId: Hex): OwnRelation {
  const index = list.findIndex((leaf) => leaf.nodeId === nodeId);
  const leaf = list[index];
  if (leaf === undefined)
    throw new CarelatticeError('NotInRelations', 'the relation list does not name this node');
  const path = merkleTree(list.map(relationLeaf)).proof(index).map(toHex);
  return { salt: leaf.salt, role: leaf.role, handles: [...leaf.handles], path };
}

/** Whether `own` puts `nodeId` under `digest`. */
export function holdsRelation(own: OwnRelation, nodeId: Hex, digest: Hex): boolean {
  const leaf = relationLeaf({ salt: own.salt, nodeId, role: own.role, handles: own.handles });
  return isInTree(
    leaf,
    own.path.map((hash) => fromHex(hash, 32)),
    fromHex(digest, 32),
  );
}

/** Whether the opened list is the one under `digest`. */
export const opensDigest = (list: readonly RelationLeaf[], digest: Hex): boolean =>
  equalBytes(fromHex(relationsDigest(list)), fromHex(digest, 32));
