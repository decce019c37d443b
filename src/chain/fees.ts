import { hasCode } from '../errors.ts';
import type { BlockHeader } from './blocks.ts';
import { quantityOf, toQuantity } from './quantity.ts';
import type { Rpc } from './rpc.ts';
import type { Fee } from './transactionTable.ts';

/** A fee that enters the next blocks: twice the base fee and the usual tip, or the legacy gas price. */
export async function feeNow(rpc: Rpc, head: BlockHeader): Promise<Fee> {
  if (head.baseFee === undefined) {
    const gasPrice = quantityOf(await rpc.send('eth_gasPrice', []), 'eth_gasPrice');
    return { kind: 'legacy', gasPrice: toQuantity(gasPrice) };
  }
  const tip = await tipNow(rpc, head.baseFee);
  return { kind: 'eip1559', maxFee: toQuantity(2n * head.baseFee + tip), tip: toQuantity(tip) };
}

async function tipNow(rpc: Rpc, baseFee: bigint): Promise<bigint> {
  try {
    return quantityOf(await rpc.send('eth_maxPriorityFeePerGas', []), 'eth_maxPriorityFeePerGas');
  } catch (error) {
    if (!hasCode(error, 'RpcFailed')) throw error;
    // Some clients do not have the method; the gas price then holds base fee and tip.
    const price = quantityOf(await rpc.send('eth_gasPrice', []), 'eth_gasPrice');
    return price > baseFee ? price - baseFee : 1n;
  }
}

/** At least an eighth more than `fee` in every part, as nodes ask of a replacement, and at least `now`. */
export function bumpedFee(fee: Fee, now: Fee): Fee {
  if (fee.kind === 'legacy') {
    const present = now.kind === 'legacy' ? now.gasPrice : now.maxFee;
    return { kind: 'legacy', gasPrice: higher(fee.gasPrice, present) };
  }
  const present = now.kind === 'legacy' ? { maxFee: now.gasPrice, tip: now.gasPrice } : now;
  return {
    kind: 'eip1559',
    maxFee: higher(fee.maxFee, present.maxFee),
    tip: higher(fee.tip, present.tip),
  };
}

function higher(old: string, present: string): `0x${string}` {
  const eighthMore = (BigInt(old) * 9n + 7n) / 8n;
  const least = eighthMore > BigInt(old) ? eighthMore : BigInt(old) + 1n;
  return toQuantity(least > BigInt(present) ? least : BigInt(present));
}

/** The most a fee may cost, in wei per gas. */
export const ceilingOf = (fee: Fee): bigint =>
  BigInt(fee.kind === 'legacy' ? fee.gasPrice : fee.maxFee);
