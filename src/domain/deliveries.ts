import { fromHex, type Hex, toHex, uint } from '../hash/bytes.ts';
import { hkdf, labelledHash } from '../hash/labelled.ts';
import { merkleRoot, merkleTree } from '../hash/merkleTree.ts';
import { answerLeaf, entryLeaf, rangeLeaf } from '../wire/leaves.ts';
import type { DeliveryList, PatientEntry, PreparedSeal, RecordList } from '../wire/messages.ts';
import { ownRelation } from './relations.ts';
import { patientProof, provenHandles, type SharingTable } from './sharingTable.ts';

/** What a seal promises to every node: its list, the list's place under `deliveriesRoot`. All salts come from one seed. */

type Entry = DeliveryList['entries'][number];

export interface SealedList extends RecordList {
  author: Hex;
}

const saltOf = (seed: Hex, kind: string, ...parts: Hex[]): Hex =>
  toHex(hkdf(fromHex(seed), kind, ...parts.map((part) => fromHex(part))));

const numberHex = (value: number): Hex => toHex(uint(value, 8));

/** Whether the patient lets this node hold this handle. */
const mayHold = (entry: PatientEntry | undefined, nodeId: Hex, handle: Hex): boolean =>
  entry?.relations.some(
    (relation) => relation.nodeId === nodeId && relation.handles.includes(handle),
  ) ?? false;

/** The entries of one node's list, in sealed order; `batch` points into `lists`. */
export function entriesFor(
  nodeId: Hex,
  lists: readonly SealedList[],
  table: SharingTable,
  seed: Hex,
): Entry[] {
  return lists.flatMap((list, batch) => {
    const tree = merkleTree(list.records.map((record) => fromHex(record.anchor, 32)));
    return list.records.flatMap((record, index): Entry[] => {
      const patient = table.entries.get(record.patientId);
      if (!mayHold(patient, nodeId, record.handle)) return [];
      const { tagIndex: _, ...fields } = record;
      const others = patient?.relations.find(
        (relation) =>
          relation.nodeId !== nodeId &&
          relation.nodeId !== list.author &&
          relation.handles.includes(record.handle),
      );
      return [
        {
          ...fields,
          salt: saltOf(seed, 'entry', nodeId, record.anchor),
          batch,
          batchPath: tree.proof(index).map(toHex),
          peers: others === undefined ? [list.author] : [list.author, others.nodeId],
        },
      ];
    });
  });
}

const listDigest = (entries: readonly Entry[], lists: readonly SealedList[]): Hex =>
  toHex(merkleRoot(entries.map((entry) => entryLeafOf(entry, lists))));

export const entryLeafOf = (
  entry: Pick<Entry, 'salt' | 'batch' | 'anchor'>,
  batches: readonly { request: number }[],
): Uint8Array =>
  entryLeaf({
    salt: entry.salt,
    request: batches[entry.batch]?.request ?? 0,
    anchor: entry.anchor,
  });

type SealPlan = Pick<PreparedSeal, 'from' | 'to' | 'seed' | 'nodes' | 'answers'>;

function deliveryLeaves(
  plan: SealPlan,
  lists: readonly SealedList[],
  table: SharingTable,
): Uint8Array[] {
  return plan.nodes.map((nodeId) =>
    rangeLeaf({
      salt: saltOf(plan.seed, 'delivery', nodeId),
      from: plan.from,
      to: plan.to,
      nodeId,
      digest: listDigest(entriesFor(nodeId, lists, table, plan.seed), lists),
    }),
  );
}

export function sealRoots(
  plan: SealPlan,
  lists: readonly SealedList[],
  table: SharingTable,
): { deliveriesRoot: Hex; answersRoot: Hex } {
  return {
    deliveriesRoot: toHex(merkleRoot(deliveryLeaves(plan, lists, table))),
    answersRoot: toHex(merkleRoot(answerLeaves(plan))),
  };
}

const answerSalt = (plan: SealPlan, answer: SealPlan['answers'][number]): Hex =>
  saltOf(plan.seed, 'answer', answer.nodeId, numberHex(answer.request));

const answerLeaves = (plan: SealPlan): Uint8Array[] =>
  plan.answers.map((answer) => answerLeaf({ ...answer, salt: answerSalt(plan, answer) }));

/** The answers that the seal took from a node, each with its way to `answersRoot`. */
export function provenAnswers(
  plan: SealPlan,
  nodeId: Hex,
): { request: number; salt: Hex; bitmap: Hex; path: Hex[] }[] {
  const tree = merkleTree(answerLeaves(plan));
  return plan.answers.flatMap((answer, index) =>
    answer.nodeId === nodeId
      ? [
          {
            request: answer.request,
            salt: answerSalt(plan, answer),
            bitmap: answer.bitmap,
            path: tree.proof(index).map(toHex),
          },
        ]
      : [],
  );
}

/** All nodes' lists of a seal: `before` and `after` are the table under its two roots. */
export function deliveryLists(
  plan: SealPlan,
  lists: readonly SealedList[],
  before: SharingTable,
  after: SharingTable,
): Map<Hex, DeliveryList> {
  const tree = merkleTree(deliveryLeaves(plan, lists, before));
  return new Map(
    plan.nodes.map((nodeId, index) => {
      const entries = entriesFor(nodeId, lists, before, plan.seed);
      const patientIds = [...new Set(entries.map((entry) => entry.patientId))];
      return [
        nodeId,
        {
          salt: saltOf(plan.seed, 'delivery', nodeId),
          path: tree.proof(index).map(toHex),
          batches: usedBatches(entries, lists),
          entries: renumbered(entries),
          patients: patientIds.map((patientId) => patientPart(patientId, nodeId, before, after)),
        },
      ];
    }),
  );
}

/** A node sees only the batches that concern it. */
function usedBatches(
  entries: readonly Entry[],
  lists: readonly SealedList[],
): DeliveryList['batches'] {
  const used = [...new Set(entries.map((entry) => entry.batch))];
  return used.flatMap((index) => {
    const list = lists[index];
    return list === undefined
      ? []
      : [
          {
            request: list.request,
            author: list.author,
            keyEpoch: list.keyEpoch,
            batchRoot: list.batchRoot,
            signature: list.signature,
          },
        ];
  });
}

function renumbered(entries: readonly Entry[]): Entry[] {
  const used = [...new Set(entries.map((entry) => entry.batch))];
  return entries.map((entry) => ({ ...entry, batch: used.indexOf(entry.batch) }));
}

function patientPart(
  patientId: Hex,
  nodeId: Hex,
  before: SharingTable,
  after: SharingTable,
): DeliveryList['patients'][number] {
  const now = after.entries.get(patientId);
  const then = before.entries.get(patientId);
  if (now === undefined) throw new Error('a delivered patient stands in the table');
  const relation = ownRelation(now.relations, nodeId);
  return {
    patientId,
    ...(then === undefined ? {} : { before: then.leaf }),
    beforeProof: patientProof(before, patientId),
    beforeHandles: provenHandles(then, relation.handles),
    after: now.leaf,
    afterProof: patientProof(after, patientId),
    afterHandles: provenHandles(now, relation.handles),
    relation,
  };
}

/** Where a node's list stands under `deliveriesRoot`, as its receiver recomputes it. */
export const deliveryLeafOf = (
  list: DeliveryList,
  nodeId: Hex,
  from: number,
  to: number,
): Uint8Array =>
  rangeLeaf({
    salt: list.salt,
    from,
    to,
    nodeId,
    digest: toHex(merkleRoot(list.entries.map((entry) => entryLeafOf(entry, list.batches)))),
  });

/** What a receipts leaf says of a node's settlement: H("settlement", its canonical bytes). */
export const settlementDigest = (encoded: Uint8Array): Hex =>
  toHex(labelledHash('settlement', encoded));
