import type { LocalNetwork } from '../src/localnet/network.ts';

/** All that stands on chain, as text: blocks with their transactions, receipts with their logs. */
export async function chainDump(
  network: LocalNetwork,
): Promise<{ blocks: unknown[]; receipts: unknown[] }> {
  const { rpc } = network.chain;
  const head = Number(await rpc.send('eth_blockNumber', []));
  const blocks: unknown[] = [];
  const receipts: unknown[] = [];
  for (let number = 0; number <= head; number++) {
    const block = await rpc.send('eth_getBlockByNumber', [`0x${number.toString(16)}`, true]);
    blocks.push(block);
    for (const { hash } of transactionsOf(block))
      receipts.push(await rpc.send('eth_getTransactionReceipt', [hash]));
  }
  return { blocks, receipts };
}

const transactionsOf = (block: unknown): { hash: string }[] =>
  typeof block === 'object' &&
  block !== null &&
  'transactions' in block &&
  Array.isArray(block.transactions)
    ? (block.transactions as { hash: string }[]) // full transactions were asked for
    : [];

export const chainText = async (network: LocalNetwork): Promise<string> =>
  JSON.stringify(await chainDump(network));

/** Plain slots that constructors fill: counters and rings. What mappings hold is found in the traces of transactions. */
const PLAIN_SLOTS = 640;

export interface ContractState {
  code: unknown;
  slots: Record<string, unknown>;
}

/** Code and non-zero storage of the contracts: the plain slots, and every slot that a transaction of the run wrote. */
export async function chainState(
  network: LocalNetwork,
  receipts: readonly unknown[],
): Promise<Record<string, ContractState>> {
  const { rpc } = network.chain;
  const written = new Map<string, Set<string>>();
  for (const receipt of receipts) await noteWrites(network, receipt, written);
  const state: Record<string, ContractState> = {};
  for (const [name, { address }] of Object.entries(network.manifest.contracts)) {
    const places = new Set(written.get(address) ?? []);
    for (let slot = 0; slot < PLAIN_SLOTS; slot++) places.add(`0x${slot.toString(16)}`);
    const slots: Record<string, unknown> = {};
    for (const place of places) {
      const value = await rpc.send('eth_getStorageAt', [address, place, 'latest']);
      if (BigInt(String(value)) !== 0n) slots[place] = value;
    }
    state[name] = { code: await rpc.send('eth_getCode', [address, 'latest']), slots };
  }
  return state;
}

interface TraceLine {
  op: string;
  depth: number;
  stack: string[];
}

/** The slots that one transaction wrote, by contract, from its trace. */
async function noteWrites(
  network: LocalNetwork,
  receipt: unknown,
  written: Map<string, Set<string>>,
): Promise<void> {
  const { transactionHash, to } = receipt as { transactionHash: string; to: string | null }; // as Ethereum answers
  if (to === null) return; // a constructor fills plain slots
  const options = { disableMemory: true, disableStorage: true };
  const trace = await network.chain.rpc.send('debug_traceTransaction', [transactionHash, options]);
  const { structLogs } = trace as { structLogs: TraceLine[] }; // as the tracer answers
  const contracts = [to.toLowerCase()];
  for (const { op, depth, stack } of structLogs) {
    contracts.length = depth;
    const own = contracts[depth - 1] ?? '';
    if (op === 'CALL' || op === 'STATICCALL') contracts.push(`0x${word(stack.at(-2)).slice(-40)}`);
    if (op === 'DELEGATECALL') contracts.push(own);
    if (op === 'SSTORE') {
      const slots = written.get(own) ?? new Set<string>();
      written.set(own, slots.add(`0x${word(stack.at(-1))}`));
    }
  }
}

/** A word of the stack as 64 hex digits, with or without 0x in the trace. */
const word = (text = ''): string => text.replace(/^0x/, '').padStart(64, '0');
