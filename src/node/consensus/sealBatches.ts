import { sealRoots } from '../../domain/deliveries.ts';
import { type SharingTable, withEntries, withRecords } from '../../domain/sharingTable.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import type { SeenRequest } from '../../journal/chainTables.ts';
import type { TableChange } from '../../journal/consensusTables.ts';
import { answeringNodes, type Components } from '../components.ts';
import { post, type Posted } from '../post.ts';
import { changeTable, listsOf } from './changeTable.ts';
import type { TableKeeper } from './table.ts';

/** Step 3 of shared storage: append the round's records to the leaves of their patients and seal the requests in order. */

const RECORDS_PER_ROUND = 256;
/** The proofs of so many answers fit the 16 KiB of a `RoundProofs`, also with 256 nodes. */
const REQUESTS_PER_SEAL = 24;

/** Prepares the next seal when a round is due and no other change of the table is under way. */
export function prepareSeal(c: Components, table: TableKeeper): TableChange | undefined {
  const active = c.active();
  if (active?.nodeId !== c.self.nodeId || c.consensus.pendingChange() !== undefined)
    return undefined;
  const round = roundOf(c, table);
  const [first] = round;
  const last = round.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const before = table.current();
  const lists = listsOf(c, round).filter((list) => isServed(before, list.author, list.records));
  const after = withRecords(
    before,
    lists.flatMap((list) => list.records),
    c.random,
  );
  const nodes = answeringNodes(c).map((node) => node.nodeId);
  const plan = {
    from: first.request,
    to: last.request,
    seed: toHex(c.random(32)),
    nodes,
    answers: round.flatMap(({ request }) =>
      c.consensus
        .answers(request)
        .filter(({ nodeId }) => nodes.includes(nodeId))
        .map((answer) => ({ request, ...answer })),
    ),
    empty: round
      .map(({ request }) => request)
      .filter((request) => !lists.some((list) => list.request === request)),
  };
  return changeTable(c, {
    kind: 'seal',
    term: active.term,
    prevRoot: before.root,
    newRoot: withEntries(before, after).root,
    after,
    seal: { ...plan, ...sealRoots(plan, lists, before) },
  });
}

/** The requests of the round: the longest ready run from the oldest open one, once the round may close. */
function roundOf(c: Components, table: TableKeeper): SeenRequest[] {
  const round: SeenRequest[] = [];
  let records = 0;
  for (const request of c.seen.openRequests().slice(0, REQUESTS_PER_SEAL)) {
    const size = c.consensus.recordList(request.request)?.records.length ?? 0;
    if (!isReady(c, table, request) || (round.length > 0 && records + size > RECORDS_PER_ROUND))
      break;
    records += size;
    round.push(request);
  }
  const opened = round[0]?.time ?? Number.POSITIVE_INFINITY;
  return records >= RECORDS_PER_ROUND || c.now() >= opened + c.windows.roundSeconds ? round : [];
}

/**
 * A request waits for everybody's answer, but no longer than the answer window: silence is unknown. It waits longer for
 * its record list, half as long as a standby waits for a seal; then it is sealed empty and its author asks again.
 */
function isReady(c: Components, table: TableKeeper, request: SeenRequest): boolean {
  // A new consensus node gets everything anew, so its windows begin with its term.
  const age = c.now() - Math.max(request.time, c.active()?.since ?? 0);
  const list = c.consensus.recordList(request.request);
  if (list === undefined || !isServed(table.current(), request.nodeId, list.records)) {
    return age > c.windows.takeOverSeconds / 2;
  }
  if (age > c.windows.answerRounds * c.windows.roundSeconds) return true;
  const answered = new Set(c.consensus.answers(request.request).map(({ nodeId }) => nodeId));
  return answeringNodes(c).every(({ nodeId }) => answered.has(nodeId));
}

/** Whether every patient of a list has named its author's node: a node that she left writes nothing more. */
const isServed = (
  table: SharingTable,
  author: Hex,
  records: readonly { patientId: Hex }[],
): boolean =>
  records.every(({ patientId }) =>
    table.entries.get(patientId)?.relations.some(({ nodeId }) => nodeId === author),
  );

/** Posts a prepared seal; the same task gives the same transaction after a restart. */
export async function postSeal(c: Components, change: TableChange): Promise<Posted> {
  const { seal } = change;
  if (seal === undefined) return 'failed';
  const requests = Array.from({ length: seal.to - seal.from + 1 }, (_, i) =>
    c.seen.request(seal.from + i),
  ).flatMap((request) => request ?? []);
  const { exchange } = c.contracts;
  const data = exchange.encode('sealBatches', [
    seal.from,
    seal.to,
    requests.map(({ nodeId, batchRoot, queryDigest, paddedCount, tagEpoch }) => ({
      position: c.nodes.byId(nodeId)?.position ?? 0,
      batchRoot,
      queryDigest,
      paddedCount,
      tagEpoch,
    })),
    change.prevRoot,
    change.newRoot,
    seal.deliveriesRoot,
    seal.answersRoot,
    change.term,
  ]);
  const posted = await post(
    c,
    `seal ${seal.from} to ${seal.to} in term ${change.term}: ${change.newRoot}`,
    exchange.address,
    data,
  );
  await c.reached('consensus: seal sent');
  return posted;
}
