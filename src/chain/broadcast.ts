import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { errorBody } from './rpcAnswer.ts';
import type { Rpc } from './rpc.ts';

/**
 * What a node said to raw bytes. `accepted`: it has them (now or before). `underpriced`: it wants a higher
 * fee. `noFunds`: the wallet is empty. `refused`: it will never take these bytes. `unclear`: anything else,
 * a nonce too low or too high among it; the receipts will tell.
 */
export type Verdict =
  | { readonly kind: 'accepted'; readonly error?: never }
  | { readonly kind: Refusal; readonly error: CarelatticeError };

type Refusal = 'underpriced' | 'noFunds' | 'refused' | 'unclear';

/** JSON-RPC has no codes for these; the words are those of geth, anvil, Hardhat and Besu. */
const WORDS: readonly (readonly [RegExp, Verdict['kind']])[] = [
  [/already (known|imported)|known transaction/i, 'accepted'],
  [
    /underpriced|less than block base fee|too low for the next block|gas price too low/i,
    'underpriced',
  ],
  [/insufficient funds|enough funds|upfront cost exceeds/i, 'noFunds'],
  [
    /exceeds (the )?(block|transaction) gas (limit|cap)|gas limit too high|greater than the cap|intrinsic gas|requires at least \d+ gas|oversized data|initcode|type not supported|exceeds the configured cap|invalid chain id/i,
    'refused',
  ],
];

/** Sends signed bytes. @throws errors of the transport; a node's refusal is a verdict */
export async function broadcast(rpc: Rpc, raw: Hex): Promise<Verdict> {
  try {
    await rpc.send('eth_sendRawTransaction', [raw]);
    return { kind: 'accepted' };
  } catch (error) {
    if (!(error instanceof CarelatticeError) || error.code !== 'RpcFailed') throw error;
    const message = errorBody(error)?.message ?? '';
    const kind = WORDS.find(([words]) => words.test(message))?.[1] ?? 'unclear';
    return kind === 'accepted' ? { kind } : { kind, error };
  }
}
