import type { Interface } from 'ethers';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { numberOf } from './quantity.ts';
import { reverted } from './revert.ts';
import type { Rpc } from './rpc.ts';

/** EIP-7825: no transaction may have more gas than 2^24. */
export const MAX_GAS = 2 ** 24;
/** geth's pool takes no transaction above 128 KiB; half a KiB is for the rest of it. */
export const MAX_DATA_BYTES = 128 * 1024 - 512;

/**
 * What a call will need on top of what is pending, and a quarter more because the state may differ in its
 * block; not beyond `MAX_GAS` for that. @throws `Reverted` with the contract's error
 */
export async function estimateGas(
  rpc: Rpc,
  from: Hex,
  to: Hex,
  data: Hex,
  abis: readonly Interface[],
): Promise<number> {
  try {
    const answer = await rpc.send('eth_estimateGas', [{ from, to, data }, 'pending']);
    const estimate = numberOf(answer, 'eth_estimateGas');
    return estimate > MAX_GAS ? estimate : Math.min(Math.ceil(estimate * 1.25), MAX_GAS);
  } catch (error) {
    throw reverted(error, abis, { to }) ?? error;
  }
}

/** @throws `TransactionTooLarge` above `MAX_GAS` */
export function requireGas(gas: number): void {
  if (gas > MAX_GAS) throw tooLarge({ gas, maxGas: MAX_GAS });
}

/** @throws `TransactionTooLarge` above `MAX_DATA_BYTES` */
export function requireSize(data: Hex): void {
  const bytes = data.length / 2 - 1;
  if (bytes > MAX_DATA_BYTES) throw tooLarge({ bytes, maxBytes: MAX_DATA_BYTES });
}

const tooLarge = (facts: Readonly<Record<string, number>>): CarelatticeError =>
  new CarelatticeError('TransactionTooLarge', 'no node takes so large a transaction; split it', {
    facts,
  });
