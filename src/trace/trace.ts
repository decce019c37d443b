import type { Hex } from '../hash/bytes.ts';
import { authorTables } from '../journal/authorTables.ts';
import { chainTables } from '../journal/chainTables.ts';
import { consensusTables } from '../journal/consensusTables.ts';
import type { Database } from '../journal/database.ts';
import { holdingTables } from '../journal/holdingTables.ts';

/** One step in the way of a record, as one node's journal shows it. */
export interface TraceStep {
  step:
    | 'sealed'
    | 'requested'
    | 'answered'
    | 'sealed on chain'
    | 'delivered'
    | 'settled'
    | 'outstanding';
  /** Whose journal or transaction shows it. */
  node: string;
  block?: number;
  /** Chain time in seconds. */
  time: number;
  /** One plain sentence. */
  words: string;
}

/** A journal that may be asked, and whose it is. */
export interface TracedNode {
  name: string;
  role: 'recording' | 'consensus';
  db: Database;
}

/**
 * The way of one record, oldest step first, as far as these journals show it: one's own journal shows one's own part.
 * Empty when none of them knows the record.
 */
export function traceRecord(recordId: Hex, nodes: readonly TracedNode[]): TraceStep[] {
  const author = nodes
    .map((node) => ({ node, record: authorTables(node.db).authoredById(recordId) }))
    .find(({ record }) => record);
  const holders = nodes.flatMap((node) => {
    const record = holdingTables(node.db).heldById(recordId);
    return record === undefined ? [] : [{ node, record }];
  });
  const steps: TraceStep[] = [];
  if (author?.record !== undefined) {
    const { sealedAt, resourceTypes, recordSize, category } = author.record;
    steps.push({
      step: 'sealed',
      node: author.node.name,
      time: sealedAt,
      words: `${author.node.name} sealed ${category} (${resourceTypes.join(', ')}) into ${recordSize} bytes of ciphertext`,
    });
  }
  const request = author?.record?.request ?? holders[0]?.record.request;
  const any = author?.node ?? holders[0]?.node;
  if (request === undefined || any === undefined) return steps;
  steps.push(...chainSteps(request, any, author?.node.name), ...answerSteps(request, nodes));
  for (const { node, record } of holders) {
    if (record.state === 'held') {
      steps.push({
        step: 'delivered',
        node: node.name,
        time: record.heldAt ?? 0,
        words: `${node.name} fetched it, checked author, anchor and place in the table, and keeps it`,
      });
    } else {
      const why = record.reason === undefined ? '' : ` (${record.reason})`;
      const what = SAID[record.state];
      steps.push({
        step: 'outstanding',
        node: node.name,
        time: 0,
        words: `${node.name} ${what}${why}`,
      });
    }
  }
  return steps.sort((a, b) => order(a) - order(b) || a.time - b.time || (a.node < b.node ? -1 : 1));
}

const SAID = {
  due: 'is to hold it and does not have it yet',
  refused: 'refused it',
  erased: 'erased it at the wish of its patient',
} as const;

const ORDER: readonly TraceStep['step'][] = [
  'sealed',
  'requested',
  'answered',
  'sealed on chain',
  'delivered',
  'outstanding',
  'settled',
];
const order = ({ step }: TraceStep): number => ORDER.indexOf(step);

function chainSteps(request: number, seenBy: TracedNode, author: string | undefined): TraceStep[] {
  const seen = chainTables(seenBy.db);
  const asked = seen.request(request);
  const seal = seen.sealOf(request);
  const settled = seen.settledOf(request);
  const steps: TraceStep[] = [];
  if (asked !== undefined) {
    steps.push({
      step: 'requested',
      node: author ?? 'its author',
      block: asked.block,
      time: asked.time,
      words: `storage request ${request}: one root and ${asked.paddedCount} tags on chain`,
    });
  }
  if (seal !== undefined) {
    steps.push({
      step: 'sealed on chain',
      node: 'consensus node',
      block: seal.block,
      time: seal.time,
      words: `the sharing table moved from ${short(seal.prevRoot)} to ${short(seal.newRoot)}`,
    });
  }
  if (settled !== undefined) {
    steps.push({
      step: 'settled',
      node: 'consensus node',
      block: settled.block,
      time: settled.time,
      words: `${bits(settled.bitmap)} sealed settlements for requests ${settled.from} to ${settled.to}${outstanding(seenBy, request)}`,
    });
  }
  return steps;
}

function outstanding(node: TracedNode, request: number): string {
  const count = authorTables(node.db).holderCount(request);
  if (count === undefined) return '';
  return count.outstanding === 0
    ? '; every holder has it'
    : `; ${count.outstanding} holders still outstanding`;
}

/** What consensus nodes' journals show of the answers to a request. */
export function answerSteps(request: number, nodes: readonly TracedNode[]): TraceStep[] {
  for (const node of nodes) {
    if (node.role !== 'consensus') continue;
    const count = consensusTables(node.db).answers(request).length;
    if (count === 0) continue;
    const time =
      chainTables(node.db).sealOf(request)?.time ??
      chainTables(node.db).request(request)?.time ??
      0;
    return [
      {
        step: 'answered',
        node: node.name,
        time,
        words: `${count} nodes answered, sealed and in equal size`,
      },
    ];
  }
  return [];
}

const bits = (bitmap: bigint): number => bitmap.toString(2).replaceAll('0', '').length;
export const short = (hash: Hex): string => `${hash.slice(0, 8)}..`;
