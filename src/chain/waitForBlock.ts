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
    signal?.throwIfAborted();
  }
}

/** Resolves after `ms`, or as soon as the signal is aborted. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, signal?.aborted === true ? 0 : ms);
    signal?.addEventListener('abort', end);
  });
}
