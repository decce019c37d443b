import { CarelatticeError } from '../errors.ts';
import { readAll, type PinnedClient } from './pinnedClient.node.ts';
import type { Transport } from './ports.ts';
import { MAX_FRAME } from './frames.ts';

/** Where a node's courier takes frames, below its endpoint. */
export const COURIER_PATH = '/courier';

export interface HttpsTransportOptions {
  readonly client: PinnedClient;
  /** Milliseconds for one exchange. Default 30,000. */
  readonly totalMs?: number;
}

/** Frames by HTTPS POST to peers pinned by their TLS key. */
export function createHttpsTransport({
  client,
  totalMs = 30_000,
}: HttpsTransportOptions): Transport {
  return {
    async exchange(peer, frame, signal) {
      const answer = await client.request(peer, {
        method: 'POST',
        path: COURIER_PATH,
        headers: { 'content-type': 'application/octet-stream' },
        body: frame,
        signal: AbortSignal.any([signal, AbortSignal.timeout(totalMs)]),
      });
      const bytes = await readAll(answer.body, MAX_FRAME);
      if (answer.status === 200) return bytes;
      throw new CarelatticeError('PeerUnreachable', 'a peer answered with an HTTP error', {
        facts: { nodeId: peer.nodeId, status: answer.status },
        retryable: true,
      });
    },
  };
}
