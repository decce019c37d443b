import { CarelatticeError } from '../errors.ts';
import { rpcFailed } from './rpcAnswer.ts';
import type { RpcAnswer, RpcCall } from './rpcAnswer.ts';
import { quantityOf } from './quantity.ts';

export interface RpcOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * A way to an Ethereum node; only methods of the Ethereum JSON-RPC standard travel over it.
 * `send` throws `ChainUnreachable` (retryable), `RpcFailed` (the node's own error, `revertDataOf` reads
 * its data), `RpcMalformed` or `RpcAnswerTooLarge`. `batch` answers in the order of the calls and throws
 * only when no call was answered.
 */
export interface Rpc {
  /** What an error may print: host and port, never a path that may hold an access key. */
  readonly endpoint: string;
  send(method: string, params: readonly unknown[], options?: RpcOptions): Promise<unknown>;
  batch(calls: readonly RpcCall[], options?: RpcOptions): Promise<readonly RpcAnswer[]>;
}

/** What Hardhat's simulated network offers (EIP-1193). */
export interface Eip1193Provider {
  request(request: { method: string; params?: readonly unknown[] }): Promise<unknown>;
}

/** An in-process way to a simulated chain; the same errors as over HTTP. */
export function providerRpc(provider: Eip1193Provider, endpoint = 'in process'): Rpc {
  async function send(method: string, params: readonly unknown[], options: RpcOptions = {}) {
    options.signal?.throwIfAborted();
    try {
      return await provider.request({ method, params: [...params] });
    } catch (cause) {
      throw rpcFailed(method, endpoint, cause);
    }
  }
  return {
    endpoint,
    send,
    batch: (calls, options) =>
      Promise.all(
        calls.map(async ({ method, params }): Promise<RpcAnswer> => {
          try {
            return { ok: true, result: await send(method, params, options) };
          } catch (error) {
            if (error instanceof CarelatticeError) return { ok: false, error };
            throw error;
          }
        }),
      ),
  };
}

/** Results of a batch in which every call must succeed. @throws the first error among the answers. */
export async function sendAll(
  rpc: Rpc,
  calls: readonly RpcCall[],
  options?: RpcOptions,
): Promise<readonly unknown[]> {
  if (calls.length === 0) return [];
  const answers = await rpc.batch(calls, options);
  return answers.map((answer) => {
    if (!answer.ok) throw answer.error;
    return answer.result;
  });
}

/** Asks the node which chain it serves. */
export const chainIdOf = async (rpc: Rpc): Promise<bigint> =>
  quantityOf(await rpc.send('eth_chainId', []), 'eth_chainId');

/** @throws `WrongChain` when the node serves another chain than `chainId`. */
export async function requireChainId(rpc: Rpc, chainId: number): Promise<void> {
  const found = await chainIdOf(rpc);
  if (found !== BigInt(chainId)) {
    throw new CarelatticeError(
      'WrongChain',
      'the node serves another chain; check the RPC URL against the manifest',
      { facts: { endpoint: rpc.endpoint, found, expected: chainId } },
    );
  }
}
