import { fromHex, type Hex } from '../hash/bytes.ts';
import { isInTree } from '../hash/merkleTree.ts';
import { type EntryLeaf, entryLeaf, type RangeLeaf, rangeLeaf } from '../wire/leaves.ts';
import { holdsRelation, type OwnRelation } from './relations.ts';

/** What an asking node shows: its entry under a sealed batch's `deliveriesRoot`, and its standing relation. */
export interface DeliveryGround {
  kind: 'delivery';
  entry: EntryLeaf;
  entryPath: Hex[];
  range: Omit<RangeLeaf, 'nodeId'>;
  rangePath: Hex[];
  relation: OwnRelation;
}
/** An anchored request whose presence query is asked for. */
export interface QueryGround {
  kind: 'presence-query';
  request: number;
}
export type Ground = DeliveryGround | QueryGround;

export interface Wanted {
  cid: string;
  /** The record's anchor; for a presence query its digest. */
  anchor: Hex;
  ground: Ground;
}

/** What the gateway's own node knows, from its own journal and its own chain. */
export interface GatewayKnowledge {
  isAdmitted(nodeId: Hex): boolean;
  /** The record under this anchor, as this node holds it. */
  recordOf(
    anchor: Hex,
  ): { patientId: Hex; handle: Hex; recordCid: string; wrapCid: string } | undefined;
  deliveriesRoot(from: number, to: number): Hex | undefined;
  /** The patient's current relations digest on chain. */
  relationsDigest(patientId: Hex): Hex | undefined;
  /** The CID of the presence query of an anchored request. */
  queryCid(request: number): string | undefined;
}

/**
 * The one rule of the gateway: may node `asker` fetch this content? Answered before anything about existence is revealed;
 * the caller gives the same answer for "no" and "not here".
 */
export function mayFetch(asker: Hex, wanted: Wanted, known: GatewayKnowledge): boolean {
  if (!known.isAdmitted(asker)) return false;
  const { ground } = wanted;
  switch (ground.kind) {
    case 'presence-query':
      return known.queryCid(ground.request) === wanted.cid;
    case 'delivery': {
      const record = known.recordOf(wanted.anchor);
      if (record === undefined) return false;
      if (wanted.cid !== record.recordCid && wanted.cid !== record.wrapCid) return false;
      return (
        wasDelivered(asker, wanted.anchor, ground, known) &&
        isRelated(asker, record, ground.relation, known)
      );
    }
  }
}

const paths = (path: readonly Hex[]): Uint8Array[] => path.map((hash) => fromHex(hash, 32));

function wasDelivered(
  asker: Hex,
  anchor: Hex,
  ground: DeliveryGround,
  known: GatewayKnowledge,
): boolean {
  const { entry, range } = ground;
  const root = known.deliveriesRoot(range.from, range.to);
  return (
    root !== undefined &&
    entry.anchor === anchor &&
    entry.request >= range.from &&
    entry.request <= range.to &&
    isInTree(entryLeaf(entry), paths(ground.entryPath), fromHex(range.digest, 32)) &&
    isInTree(rangeLeaf({ ...range, nodeId: asker }), paths(ground.rangePath), fromHex(root, 32))
  );
}

function isRelated(
  asker: Hex,
  record: { patientId: Hex; handle: Hex },
  relation: OwnRelation,
  known: GatewayKnowledge,
): boolean {
  const digest = known.relationsDigest(record.patientId);
  return (
    digest !== undefined &&
    relation.handles.includes(record.handle) &&
    holdsRelation(relation, asker, digest)
  );
}
