import { numberOf } from './quantity.ts';
import type { Rpc } from './rpc.ts';

export interface BlockWait {
  /** Milliseconds between two questions. Default 250. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks for the newest block number until it is above `after`, and returns it.
 * @throws the signal's reason when it is aborted, and the errors of the transport
 */
export async function waitForBlock(rpc: Rpc, after: number, wait: BlockWait = {}): Promise<number> {
  const { intervalMs = 250, signal } = wait;
  for (;;) {
    const number = numberOf(await rpc.send('eth_blockNumber', [], { signal }), 'eth_blockNumber');
    if (number > after) return number;
    await pause(intervalMs, signal);
  }
}

/** Resolves after `ms`; rejects with the signal's reason as soon as that is aborted. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
