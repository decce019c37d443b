import type { Hex } from '../hash/bytes.ts';
import { rpcMalformed } from './rpcAnswer.ts';
import { fieldsOf, hexOf, listOf, numberOf, quantityOf, toQuantity } from './quantity.ts';
import type { Rpc, RpcOptions } from './rpc.ts';
import type { RpcCall } from './rpcAnswer.ts';

/** A block by number and hash: the hash is what a reorganisation changes. */
export interface BlockRef {
  readonly number: number;
  readonly hash: Hex;
}

/** What the code reads of a block header. `time` in seconds; `baseFee` in wei, absent before EIP-1559. */
export interface BlockHeader extends BlockRef {
  readonly parentHash: Hex;
  readonly time: number;
  readonly logsBloom: Hex;
  readonly baseFee: bigint | undefined;
}

/** A header with the hash and sender of each transaction. */
export interface BlockWithSenders extends BlockHeader {
  readonly senders: ReadonlyMap<Hex, Hex>;
}

export type BlockTag = 'latest' | 'pending' | 'finalized' | 'safe';

/** A place to read the state at: a tag, a number, or a hash that must be on the chain (EIP-1898). */
export type BlockAt = BlockTag | number | Hex;

export function blockParameter(at: BlockAt): unknown {
  if (typeof at === 'number') return toQuantity(at);
  return at.startsWith('0x') ? { blockHash: at, requireCanonical: true } : at;
}

export const headerCall = (at: BlockTag | number): RpcCall => ({
  method: 'eth_getBlockByNumber',
  params: [blockParameter(at), false],
});

export const fullBlockCall = (number: number): RpcCall => ({
  method: 'eth_getBlockByNumber',
  params: [toQuantity(number), true],
});

/** The header at a number or tag; undefined where the chain has no such block (yet). */
export async function headerAt(
  rpc: Rpc,
  at: BlockTag | number,
  options?: RpcOptions,
): Promise<BlockHeader | undefined> {
  const { method, params } = headerCall(at);
  const header = headerOf(await rpc.send(method, params, options));
  if (header !== undefined && typeof at === 'number' && header.number !== at) {
    throw rpcMalformed(rpc.endpoint, 'another block than was asked for');
  }
  return header;
}

/** The newest block. @throws `RpcMalformed` when the node names none. */
export async function headOf(rpc: Rpc, options?: RpcOptions): Promise<BlockHeader> {
  const head = await headerAt(rpc, 'latest', options);
  if (head === undefined) throw rpcMalformed(rpc.endpoint, 'no latest block');
  return head;
}

export function headerOf(value: unknown): BlockHeader | undefined {
  if (value === null) return undefined;
  const block = fieldsOf(value, 'block');
  const baseFee = block['baseFeePerGas'];
  return {
    number: numberOf(block['number'], 'block.number'),
    hash: hexOf(block['hash'], 'block.hash', 32),
    parentHash: hexOf(block['parentHash'], 'block.parentHash', 32),
    time: numberOf(block['timestamp'], 'block.timestamp'),
    logsBloom: hexOf(block['logsBloom'], 'block.logsBloom', 256),
    baseFee: baseFee === undefined ? undefined : quantityOf(baseFee, 'block.baseFeePerGas'),
  };
}

export function blockWithSendersOf(value: unknown): BlockWithSenders | undefined {
  const header = headerOf(value);
  if (header === undefined) return undefined;
  const senders = new Map<Hex, Hex>();
  for (const item of listOf(fieldsOf(value, 'block')['transactions'], 'block.transactions')) {
    const transaction = fieldsOf(item, 'transaction');
    const hash = hexOf(transaction['hash'], 'transaction.hash', 32);
    senders.set(hash, hexOf(transaction['from'], 'transaction.from', 20));
  }
  return { ...header, senders };
}
