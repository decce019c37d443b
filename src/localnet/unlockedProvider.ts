import { hexOf, listOf } from '../chain/quantity.ts';
import type { Eip1193Provider, Rpc } from '../chain/rpc.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';

/** A provider that signs with the node's first account and has each transaction mined. */
export interface UnlockedProvider extends Eip1193Provider {
  readonly account: Hex;
}

/** @throws `NoUnlockedAccount` when the node signs for nobody */
export async function unlockedProvider(
  rpc: Rpc,
  mine: (() => Promise<void>) | undefined,
): Promise<UnlockedProvider> {
  const accounts = listOf(await rpc.send('eth_accounts', []), 'eth_accounts');
  if (accounts.length === 0) {
    throw new CarelatticeError(
      'NoUnlockedAccount',
      'the node signs for no account; deploy through a development node',
      { facts: { endpoint: rpc.endpoint } },
    );
  }
  return {
    account: hexOf(accounts[0], 'eth_accounts', 20),
    async request({ method, params = [] }) {
      const answer = await rpc.send(method, params);
      if (method === 'eth_sendTransaction') await mine?.();
      return answer;
    },
  };
}
