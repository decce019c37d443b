import type { Hex } from '../hash/bytes.ts';
import { blockWithSendersOf, fullBlockCall, headerCall, headerOf } from './blocks.ts';
import type { BlockRef, BlockWithSenders } from './blocks.ts';
import { bloomMayHold, logsCall, logsOf } from './logs.ts';
import type { RawLog } from './logs.ts';
import { listOf, fieldsOf, hexOf } from './quantity.ts';
import { sendAll } from './rpc.ts';
import type { Rpc, RpcOptions } from './rpc.ts';

/** A log with the time of its block and the sender of its transaction. */
export interface PlacedLog {
  readonly log: RawLog;
  readonly time: number;
  readonly from: Hex;
}

/** What one reading of a range of blocks gave. */
export type LogPage =
  | {
      readonly kind: 'page';
      readonly logs: readonly PlacedLog[];
      readonly blocks: readonly BlockRef[];
    }
  /** The chain changed while it was read, or no longer joins what was read before. */
  | { readonly kind: 'moved' }
  /** The node has this block, not yet its logs. */
  | { readonly kind: 'logsMissing'; readonly block: number };

export interface PageRange {
  readonly addresses: readonly Hex[];
  readonly from: number;
  readonly to: number;
  /** The block before `from`, as it was read. */
  readonly previous: BlockRef | undefined;
}

/** Reads each block of a short range near the head: every parent hash is followed, every bloom looked at. */
export async function densePage(
  rpc: Rpc,
  range: PageRange,
  options?: RpcOptions,
): Promise<LogPage> {
  const numbers = Array.from({ length: range.to - range.from + 1 }, (_, i) => range.from + i);
  const [found, ...answers] = await sendAll(
    rpc,
    [logsCall(range.addresses, range.from, range.to), ...numbers.map(fullBlockCall)],
    options,
  );
  const blocks = new Map<number, BlockWithSenders>();
  let parent = range.previous?.hash;
  for (const [index, number] of numbers.entries()) {
    const block = blockWithSendersOf(answers[index] ?? null);
    const joins = parent === undefined || block?.parentHash === parent;
    if (block?.number !== number || !joins) return { kind: 'moved' };
    blocks.set(number, block);
    parent = block.hash;
  }
  const logs = placed(logsOf(found), blocks);
  if (logs === undefined) return { kind: 'moved' };
  const missing = await blockWithoutItsLogs(rpc, range.addresses, blocks, logs, options);
  if (missing !== undefined) return { kind: 'logsMissing', block: missing };
  return { kind: 'page', logs, blocks: [...blocks.values()] };
}

/** Reads a long range far below the head: only the blocks that hold logs, and the two ends. */
export async function sparsePage(
  rpc: Rpc,
  range: PageRange,
  options?: RpcOptions,
): Promise<LogPage> {
  const raw = logsOf(
    (await sendAll(rpc, [logsCall(range.addresses, range.from, range.to)], options))[0],
  );
  const numbers = [...new Set(raw.map(({ block }) => block))];
  // The ends are read after the logs: if they are unchanged, so is everything between them.
  const answers = await sendAll(
    rpc,
    [
      ...numbers.map(fullBlockCall),
      headerCall(range.to),
      ...(range.previous === undefined ? [] : [headerCall(range.previous.number)]),
    ],
    options,
  );
  const blocks = new Map<number, BlockWithSenders>();
  for (const [index, number] of numbers.entries()) {
    const block = blockWithSendersOf(answers[index] ?? null);
    if (block?.number !== number) return { kind: 'moved' };
    blocks.set(number, block);
  }
  const end = headerOf(answers[numbers.length] ?? null);
  const before = headerOf(answers[numbers.length + 1] ?? null);
  if (end?.number !== range.to || before?.hash !== range.previous?.hash) return { kind: 'moved' };
  const logs = placed(raw, blocks);
  return logs === undefined
    ? { kind: 'moved' }
    : { kind: 'page', logs, blocks: [{ number: end.number, hash: end.hash }] };
}

/** Logs in the order of the chain; undefined when one is not of the blocks that were read. */
function placed(
  logs: readonly RawLog[],
  blocks: ReadonlyMap<number, BlockWithSenders>,
): readonly PlacedLog[] | undefined {
  const out: PlacedLog[] = [];
  for (const log of logs) {
    const block = blocks.get(log.block);
    const from = block?.senders.get(log.transactionHash);
    if (log.removed || block?.hash !== log.blockHash || from === undefined) return undefined;
    out.push({ log, time: block.time, from });
  }
  return out.sort((a, b) => a.log.block - b.log.block || a.log.logIndex - b.log.logIndex);
}

/**
 * Nodes answer `eth_getLogs` before they have indexed a new block. The header's bloom filter tells that
 * logs should be there; since it may err, the receipts decide.
 */
async function blockWithoutItsLogs(
  rpc: Rpc,
  addresses: readonly Hex[],
  blocks: ReadonlyMap<number, BlockWithSenders>,
  logs: readonly PlacedLog[],
  options?: RpcOptions,
): Promise<number | undefined> {
  const withLogs = new Set(logs.map(({ log }) => log.block));
  for (const block of blocks.values()) {
    if (withLogs.has(block.number) || !bloomMayHold(block.logsBloom, addresses)) continue;
    const receipts = await sendAll(
      rpc,
      [...block.senders.keys()].map((hash) => ({
        method: 'eth_getTransactionReceipt',
        params: [hash],
      })),
      options,
    );
    if (receipts.some((receipt) => holdsLogOf(receipt, addresses))) return block.number;
  }
  return undefined;
}

const holdsLogOf = (receipt: unknown, addresses: readonly Hex[]): boolean =>
  receipt !== null &&
  listOf(fieldsOf(receipt, 'receipt')['logs'], 'receipt.logs').some((log) =>
    addresses.includes(hexOf(fieldsOf(log, 'log')['address'], 'log.address', 20)),
  );
