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

const SLOTS = 640;

/** Non-zero plain storage slots of the contracts, with their code: the state besides what mappings hold. */
export async function chainState(
  network: LocalNetwork,
): Promise<Record<string, { code: unknown; slots: Record<string, unknown> }>> {
  const { rpc } = network.chain;
  const state: Record<string, { code: unknown; slots: Record<string, unknown> }> = {};
  for (const [name, { address }] of Object.entries(network.manifest.contracts)) {
    const slots: Record<string, unknown> = {};
    for (let slot = 0; slot < SLOTS; slot++) {
      const at = `0x${slot.toString(16)}`;
      const value = await rpc.send('eth_getStorageAt', [address, at, 'latest']);
      if (BigInt(String(value)) !== 0n) slots[at] = value;
    }
    state[name] = { code: await rpc.send('eth_getCode', [address, 'latest']), slots };
  }
  return state;
}
