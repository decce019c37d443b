import type { Interface } from 'ethers';
import type { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { headerCall } from './blocks.ts';
import { fieldsOf, hexOf, listOf, numberOf, toQuantity } from './quantity.ts';
import { reverted, revertedBy } from './revert.ts';
import { rpcMalformed } from './rpcAnswer.ts';
import { sendAll } from './rpc.ts';
import type { Rpc } from './rpc.ts';
import type { Inclusion, StoredTransaction } from './transactionTable.ts';

/** Where the attempts of these rows are included, by nonce. @throws `RpcMalformed` for another's receipt */
export async function inclusionsOf(
  rpc: Rpc,
  rows: readonly StoredTransaction[],
): Promise<ReadonlyMap<number, Inclusion>> {
  const asked = rows.flatMap((row) => row.attempts.map(({ hash }) => ({ nonce: row.nonce, hash })));
  const answers = await sendAll(
    rpc,
    asked.map(({ hash }) => ({ method: 'eth_getTransactionReceipt', params: [hash] })),
  );
  const found = new Map<number, Inclusion>();
  for (const [index, { nonce, hash }] of asked.entries()) {
    const answer = answers[index];
    if (answer === null || answer === undefined) continue;
    const inclusion = inclusionOf(answer);
    if (inclusion.hash !== hash)
      throw rpcMalformed(rpc.endpoint, 'the receipt of another transaction');
    found.set(nonce, inclusion);
  }
  return found;
}

function inclusionOf(value: unknown): Inclusion {
  const receipt = fieldsOf(value, 'receipt');
  return {
    hash: hexOf(receipt['transactionHash'], 'receipt.transactionHash', 32),
    block: numberOf(receipt['blockNumber'], 'receipt.blockNumber'),
    blockHash: hexOf(receipt['blockHash'], 'receipt.blockHash', 32),
    hasSucceeded: numberOf(receipt['status'], 'receipt.status') === 1,
    gasUsed: numberOf(receipt['gasUsed'], 'receipt.gasUsed'),
  };
}

/** Whether the block of that number is the receipt's and lists the transaction. */
export async function isOnChain(rpc: Rpc, inclusion: Inclusion): Promise<boolean> {
  const { method, params } = headerCall(inclusion.block);
  const answer = await rpc.send(method, params);
  if (answer === null) return false;
  const block = fieldsOf(answer, 'block');
  return (
    hexOf(block['hash'], 'block.hash', 32) === inclusion.blockHash &&
    listOf(block['transactions'], 'block.transactions').includes(inclusion.hash)
  );
}

/**
 * Why an included transaction reverted, found by calling it again on the state before and after its
 * block: usually, but not always, the state it met.
 */
export async function revertReason(
  rpc: Rpc,
  from: Hex,
  row: StoredTransaction,
  inclusion: Inclusion,
  abis: readonly Interface[],
): Promise<CarelatticeError> {
  const where = { task: row.task, block: inclusion.block };
  const call = { from, to: row.to, data: row.data, gas: toQuantity(row.gas) };
  for (const block of [inclusion.block - 1, inclusion.block]) {
    const answer = (
      await rpc.batch([{ method: 'eth_call', params: [call, toQuantity(block)] }])
    )[0];
    const found = answer?.ok === false ? reverted(answer.error, abis, where) : undefined;
    if (found !== undefined) return found;
  }
  return revertedBy('0x', abis, where);
}
