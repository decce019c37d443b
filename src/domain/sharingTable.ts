import { CarelatticeError } from '../errors.ts';
import { equalBytes, fromHex, type Hex, toHex, ZERO_32 } from '../hash/bytes.ts';
import { isInTree, merkleRoot, merkleTree } from '../hash/merkleTree.ts';
import { EMPTY_HEAD, nextHistoryHead } from '../hash/runningHash.ts';
import {
  emptySparseTree,
  rootOfSparseProof,
  type SparseMerkleTree,
} from '../hash/sparseMerkleTree.ts';
import {
  type HandleLeaf,
  handleLeaf,
  type SharingLeaf,
  sharingLeaf,
  sharingPosition,
} from '../wire/leaves.ts';
import type { PatientEntry } from '../wire/messages.ts';
import type { Random } from './random.ts';

/**
 * The sharing table: who may hold what of whom, and how much is sealed. Only the consensus node and its standbys see it;
 * the chain sees its root.
 */
export interface SharingTable {
  readonly root: Hex;
  readonly entries: ReadonlyMap<Hex, PatientEntry>;
  readonly tree: SparseMerkleTree;
}

export const EMPTY_TABLE: SharingTable = {
  root: ZERO_32,
  entries: new Map(),
  tree: emptySparseTree,
};

/** The table that holds these entries. */
export const tableOf = (entries: Iterable<PatientEntry>): SharingTable =>
  withEntries(EMPTY_TABLE, [...entries]);

/** The table after some patients' entries changed. */
export function withEntries(table: SharingTable, changed: readonly PatientEntry[]): SharingTable {
  const entries = new Map(table.entries);
  let tree = table.tree;
  for (const entry of changed) {
    entries.set(entry.patientId, entry);
    tree = tree.set(sharingPosition(entry.patientId), sharingLeaf(entry.leaf));
  }
  return { root: toHex(tree.root), entries, tree };
}

/** The table as it was before `after` replaced `before`; who has no entry in `before` was new. */
export function withoutChange(
  table: SharingTable,
  before: readonly PatientEntry[],
  after: readonly PatientEntry[],
): SharingTable {
  const entries = new Map(table.entries);
  let tree = table.tree;
  for (const { patientId } of after) {
    entries.delete(patientId);
    tree = tree.set(sharingPosition(patientId), new Uint8Array(32));
  }
  return withEntries({ root: toHex(tree.root), entries, tree }, before);
}

const handlesRoot = (handles: readonly HandleLeaf[]): Hex =>
  toHex(merkleRoot(handles.map(handleLeaf)));

const salt = (random: Random): Hex => toHex(random(32));

/** A patient's entry with fresh salts and the next version, so that no old leaf tells anything of the new one. */
function renewed(
  previous: PatientEntry | undefined,
  change: Pick<PatientEntry, 'patientId' | 'relations' | 'handles'>,
  relations: { seq: number; digest: Hex },
  random: Random,
): PatientEntry {
  const handles = [...change.handles]
    .sort((a, b) => (a.handle < b.handle ? -1 : 1))
    .map((state) => ({ ...state, salt: salt(random) }));
  return {
    patientId: change.patientId,
    relations: change.relations,
    handles,
    leaf: {
      salt: salt(random),
      relationsSeq: relations.seq,
      relationsDigest: relations.digest,
      handlesRoot: handlesRoot(handles),
      version: (previous?.leaf.version ?? 0) + 1,
    },
  };
}

/** The entry after the patient's new relation list took effect on chain. */
export function withRelations(
  table: SharingTable,
  patientId: Hex,
  relations: PatientEntry['relations'],
  signed: { seq: number; digest: Hex },
  random: Random,
): PatientEntry {
  const previous = table.entries.get(patientId);
  return renewed(
    previous,
    { patientId, relations, handles: previous?.handles ?? [] },
    signed,
    random,
  );
}

export interface SealedItem {
  patientId: Hex;
  handle: Hex;
  anchor: Hex;
  recordId: Hex;
}

/** The entries after these records were appended, in order. @throws `PatientNotInTable` */
export function withRecords(
  table: SharingTable,
  items: readonly SealedItem[],
  random: Random,
): PatientEntry[] {
  const byPatient = new Map<Hex, SealedItem[]>();
  for (const item of items)
    byPatient.set(item.patientId, [...(byPatient.get(item.patientId) ?? []), item]);
  return [...byPatient].map(([patientId, own]) => {
    const previous = table.entries.get(patientId);
    if (previous === undefined) {
      throw new CarelatticeError(
        'PatientNotInTable',
        'the sharing table has no relations of this patient',
      );
    }
    const handles = new Map(previous.handles.map((state) => [state.handle, state]));
    for (const item of own) {
      const before = handles.get(item.handle);
      handles.set(item.handle, {
        ...fold(before ?? noRecords(item.handle), [item]),
        salt: ZERO_32,
        handle: item.handle,
      });
    }
    const { relationsSeq: seq, relationsDigest: digest } = previous.leaf;
    return renewed(
      previous,
      { ...previous, handles: [...handles.values()] },
      { seq, digest },
      random,
    );
  });
}

export interface HistoryState {
  count: number;
  historyHead: Hex;
}

const noRecords = (handle: Hex): HandleLeaf => ({
  salt: ZERO_32,
  handle,
  count: 0,
  historyHead: toHex(EMPTY_HEAD),
});

/** Count and head after these records follow, in order: the check of a holder's completeness. */
export function fold(
  state: HistoryState,
  items: readonly { anchor: Hex; recordId: Hex }[],
): HistoryState {
  return items.reduce<HistoryState>(
    ({ count, historyHead }, { anchor, recordId }) => ({
      count: count + 1,
      historyHead: toHex(
        nextHistoryHead(fromHex(historyHead), fromHex(anchor, 32), fromHex(recordId, 16)),
      ),
    }),
    { count: state.count, historyHead: state.historyHead },
  );
}

export const NO_HISTORY: HistoryState = { count: 0, historyHead: toHex(EMPTY_HEAD) };

export interface ProvenHandle extends HandleLeaf {
  path: Hex[];
}

/** The handles of `entry` that a holder may see, each with its way to `handlesRoot`. */
export function provenHandles(
  entry: PatientEntry | undefined,
  mayHold: readonly Hex[],
): ProvenHandle[] {
  if (entry === undefined) return [];
  const tree = merkleTree(entry.handles.map(handleLeaf));
  return entry.handles.flatMap((state, index) =>
    mayHold.includes(state.handle) ? [{ ...state, path: tree.proof(index).map(toHex) }] : [],
  );
}

/** Whether a handle's state lies under the `handlesRoot` of a leaf. */
export const isHandleUnder = (handle: ProvenHandle, root: Hex): boolean =>
  isInTree(
    handleLeaf(handle),
    handle.path.map((hash) => fromHex(hash, 32)),
    fromHex(root, 32),
  );

export interface HexSparseProof {
  map: Hex;
  siblings: Hex[];
}

export function patientProof(table: SharingTable, patientId: Hex): HexSparseProof {
  const { map, siblings } = table.tree.proof(sharingPosition(patientId));
  return { map: toHex(map), siblings: siblings.map(toHex) };
}

/** Whether `leaf` (undefined: absence) of the patient stands under `root`. A malformed proof proves nothing. */
export function isLeafUnder(
  patientId: Hex,
  leaf: SharingLeaf | undefined,
  proof: HexSparseProof,
  root: Hex,
): boolean {
  try {
    const reached = rootOfSparseProof(
      sharingPosition(patientId),
      leaf === undefined ? new Uint8Array(32) : sharingLeaf(leaf),
      { map: fromHex(proof.map, 32), siblings: proof.siblings.map((hash) => fromHex(hash, 32)) },
    );
    return equalBytes(reached, fromHex(root, 32));
  } catch (error) {
    if (error instanceof CarelatticeError) return false;
    throw error;
  }
}
