import { type PinnedClient, readAll } from '../courier/pinnedClient.node.ts';
import { CarelatticeError } from '../errors.ts';
import type { ClientTransport } from './ask.ts';

export interface ClientTransportOptions {
  readonly client: PinnedClient;
  /** Milliseconds for one question with its answer. Default 30,000. */
  readonly totalMs?: number;
}

/** Where nodes take sealed questions, below their endpoint. */
const CLIENT_PATH = '/client';
const MOST_BYTES = 16 * 1_048_576;

/**
 * Sealed questions by HTTPS POST to nodes pinned by their registered TLS key.
 * `ask` throws `PeerUnreachable` (retryable) and `QuestionRefused` when the node could not open the question.
 */
export function createClientTransport({
  client,
  totalMs = 30_000,
}: ClientTransportOptions): ClientTransport {
  return {
    async ask(node, sealed) {
      const answer = await client.request(node, {
        method: 'POST',
        path: CLIENT_PATH,
        headers: { 'content-type': 'application/octet-stream' },
        body: sealed,
        signal: AbortSignal.timeout(totalMs),
      });
      const bytes = await readAll(answer.body, MOST_BYTES);
      if (answer.status === 200) return bytes;
      const facts = { node: node.name, status: answer.status };
      if (answer.status === 400) {
        throw new CarelatticeError(
          'QuestionRefused',
          'the node cannot open the question; read its newest KEM key from the chain',
          { facts },
        );
      }
      throw new CarelatticeError('PeerUnreachable', 'a node answered with an HTTP error', {
        facts,
        retryable: true,
      });
    },
  };
}
