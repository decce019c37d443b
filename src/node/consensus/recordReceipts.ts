import { provenAnswers, settlementDigest } from '../../domain/deliveries.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { hkdf } from '../../hash/labelled.ts';
import { merkleTree } from '../../hash/merkleTree.ts';
import type { TableChange } from '../../journal/consensusTables.ts';
import { MessageType } from '../../wire/envelope.ts';
import { rangeLeaf, type RangeLeaf } from '../../wire/leaves.ts';
import { encodeMessage, type Settlement } from '../../wire/messages.ts';
import { answeringNodes, type Components } from '../components.ts';
import { post } from '../post.ts';

/** Step 5 of shared storage: the receipts of a sealed range under one root, and who has settled. */

interface Settled {
  leaf: RangeLeaf;
  settlement: Settlement;
}

export const receiptsTask = (from: number, to: number): string => `receipts ${from} to ${to}`;

/** The range due next, when every node has settled it or the window for it is over. */
export function rangeToSettle(c: Components): TableChange | undefined {
  if (c.active()?.nodeId !== c.self.nodeId) return undefined;
  const from = c.seen.lastSettled() + 1;
  const seal = c.seen.sealOf(from);
  const change = seal === undefined ? undefined : c.consensus.sealChange(seal.from);
  if (seal === undefined || change === undefined) return undefined;
  const settled = new Set(c.consensus.settlements(seal.from).map(({ nodeId }) => nodeId));
  const all = answeringNodes(c).every(({ nodeId }) => settled.has(nodeId));
  const over = c.now() >= seal.time + (c.windows.answerRounds + 1) * c.windows.roundSeconds;
  return all || over ? change : undefined;
}

export async function postReceipts(c: Components, change: TableChange): Promise<void> {
  const { seal } = change;
  if (seal === undefined) return;
  const { exchange } = c.contracts;
  const settled = settledBy(c, change);
  const data = exchange.encode('recordReceipts', [
    seal.from,
    seal.to,
    bitmapOf(c, settled),
    toHex(merkleTree(settled.map(({ leaf }) => rangeLeaf(leaf))).root),
    c.active()?.term ?? 0,
  ]);
  await post(c, receiptsTask(seal.from, seal.to), exchange.address, data);
  await c.reached('consensus: receipts sent');
}

function settledBy(c: Components, change: TableChange): Settled[] {
  const { seal } = change;
  if (seal === undefined) return [];
  return c.consensus.settlements(seal.from).map(({ nodeId, settlement }) => ({
    settlement,
    leaf: {
      salt: toHex(hkdf(fromHex(seal.seed), 'receipt', fromHex(nodeId))),
      from: seal.from,
      to: seal.to,
      nodeId,
      digest: settlementDigest(encodeMessage(settlement)),
    },
  }));
}

/** Bit i: the sealed settlement of the node at place i was received, never what is in it. */
const bitmapOf = (c: Components, settled: readonly Settled[]): bigint =>
  settled.reduce(
    (bits, { leaf }) => bits | (1n << BigInt(c.nodes.byId(leaf.nodeId)?.position ?? 0)),
    0n,
  );

/** Every node gets the proofs of what was taken from it, every author the number of holders still outstanding. */
export function sendProofs(c: Components, change: TableChange): void {
  const { seal } = change;
  if (seal === undefined) return;
  const settled = settledBy(c, change);
  const tree = merkleTree(settled.map(({ leaf }) => rangeLeaf(leaf)));
  for (const { nodeId } of answeringNodes(c)) {
    const index = settled.findIndex(({ leaf }) => leaf.nodeId === nodeId);
    const own = settled[index]?.leaf;
    const body = {
      from: seal.from,
      to: seal.to,
      answers: provenAnswers(seal, nodeId),
      settlement:
        own === undefined
          ? undefined
          : { salt: own.salt, digest: own.digest, path: tree.proof(index).map(toHex) },
    };
    c.courier.send(nodeId, MessageType.RoundProofs, encodeMessage(body));
  }
  for (let request = seal.from; request <= seal.to; request++)
    sendHolderCount(c, seal.seed, request, seal.from);
}

/** How many holders a request still waits for, without saying who they are. */
export function sendHolderCount(c: Components, seed: Hex, request: number, from: number): void {
  const author = c.seen.request(request)?.nodeId;
  const list = c.consensus.listedOf(request);
  const isEmpty = c.consensus.sealChange(from)?.seal?.empty.includes(request) ?? false;
  // A list that came after its request was sealed empty: nobody was told to hold anything.
  if (author === undefined || list === undefined || isEmpty) return;
  const holders = holdersOf(c, request);
  const receipts = c.consensus.newestSettlements(from).flatMap(({ nodeId, settlement }) =>
    settlement.receipts
      .filter((receipt) => receipt.request === request)
      .map(({ anchorsRoot }) => ({
        holder: toHex(hkdf(fromHex(seed), 'holder', fromHex(nodeId))),
        anchorsRoot,
      })),
  );
  const outstanding = Math.max(0, holders.length - receipts.length);
  c.courier.send(
    author,
    MessageType.HolderCount,
    encodeMessage({ request, outstanding, receipts }),
  );
}

/** The nodes that are to hold something of this request. */
export function holdersOf(c: Pick<Components, 'consensus'>, request: number): Hex[] {
  const listed = c.consensus.listedOf(request);
  if (listed === undefined) return [];
  const holders = listed.flatMap(
    (record) =>
      c.consensus
        .entry(record.patientId)
        ?.relations.filter((relation) => relation.handles.includes(record.handle))
        .map((relation) => relation.nodeId) ?? [],
  );
  return [...new Set(holders)];
}
