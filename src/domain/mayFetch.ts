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

export interface FetchedRecord {
  readonly patientId: Hex;
  readonly handle: Hex;
  readonly recordCid: string;
  readonly wrapCid: string;
  /** The same secret under a later key of the patient: for her alone. */
  readonly rewrap?: { readonly cid: string };
}

/** What the gateway's own node knows, from its own journal and its own chain. */
export interface GatewayKnowledge {
  isAdmitted(nodeId: Hex): boolean;
  /** The record under this anchor, as this node holds it. */
  recordOf(anchor: Hex): FetchedRecord | undefined;
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

/** The patient herself, proved by her own signature: records and wraps of all her handles. */
export function mayFetchOwn(
  patientId: Hex,
  wanted: Pick<Wanted, 'cid' | 'anchor'>,
  known: Pick<GatewayKnowledge, 'recordOf'>,
): boolean {
  const record = known.recordOf(wanted.anchor);
  if (record?.patientId !== patientId) return false;
  return [record.recordCid, record.wrapCid, record.rewrap?.cid].includes(wanted.cid);
}

/** A reader whom this node granted these anchors: the record's block, never its wrap. */
export const mayFetchGranted = (
  granted: ReadonlySet<Hex>,
  wanted: Pick<Wanted, 'cid' | 'anchor'>,
  known: Pick<GatewayKnowledge, 'recordOf'>,
): boolean => granted.has(wanted.anchor) && known.recordOf(wanted.anchor)?.recordCid === wanted.cid;

/** A clinician's hospital in a logged emergency: the summaries shown to it, with the wraps that custodians' shares open. */
export const mayFetchInEmergency = (
  granted: ReadonlySet<Hex>,
  wanted: Pick<Wanted, 'cid' | 'anchor'>,
  known: Pick<GatewayKnowledge, 'recordOf'>,
): boolean => {
  const record = granted.has(wanted.anchor) ? known.recordOf(wanted.anchor) : undefined;
  return record !== undefined && [record.recordCid, record.wrapCid].includes(wanted.cid);
};

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
