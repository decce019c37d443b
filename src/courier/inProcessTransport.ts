import { CarelatticeError } from '../errors.ts';
import type { Transport } from './ports.ts';
import type { Receive } from './receive.ts';

/** What becomes of one frame, or of its answer. */
export type Fate = 'deliver' | 'drop' | 'duplicate' | Promise<unknown>;

/** One frame on its way. */
export interface Passage {
  readonly endpoint: string;
  readonly direction: 'frame' | 'answer';
  readonly bytes: Uint8Array;
}

export interface InProcessBusOptions {
  /** Told of every byte that passes: all that an eavesdropper sees. */
  readonly onPassage?: (passage: Passage) => void;
  /** Faults of the line; a promise delays until it resolves. Default: everything is delivered. */
  readonly fateOf?: (passage: Passage) => Fate;
}

/** Joins the nodes of one process by the same sealed bytes that HTTPS carries. */
export interface InProcessBus {
  readonly transport: Transport;
  /** Opens an endpoint; returns what closes it. @throws `EndpointTaken` */
  readonly listen: (endpoint: string, receive: Receive) => () => void;
}

const lost = (endpoint: string): CarelatticeError =>
  new CarelatticeError('PeerUnreachable', 'a peer did not answer', {
    facts: { endpoint },
    retryable: true,
  });

export function createInProcessBus({ onPassage, fateOf }: InProcessBusOptions = {}): InProcessBus {
  const endpoints = new Map<string, Receive>();

  /** How often the bytes arrive. @throws `PeerUnreachable` when they do not */
  const pass = async (passage: Passage): Promise<1 | 2> => {
    onPassage?.(passage);
    const fate = fateOf?.(passage) ?? 'deliver';
    if (fate === 'drop') throw lost(passage.endpoint);
    if (fate === 'duplicate') return 2;
    if (fate !== 'deliver') await fate;
    return 1;
  };

  return {
    transport: {
      async exchange({ endpoint }, frame, signal) {
        signal.throwIfAborted();
        const times = await pass({ endpoint, direction: 'frame', bytes: frame });
        const receive = endpoints.get(endpoint);
        if (receive === undefined) throw lost(endpoint);
        const answers = await Promise.all(
          Array.from({ length: times }, () => receive(frame.slice())),
        );
        const answer = answers.at(-1) as Uint8Array; // times is 1 or 2
        await pass({ endpoint, direction: 'answer', bytes: answer });
        signal.throwIfAborted();
        return answer.slice();
      },
    },
    listen(endpoint, receive) {
      if (endpoints.has(endpoint)) {
        throw new CarelatticeError('EndpointTaken', 'two nodes want one endpoint', {
          facts: { endpoint },
        });
      }
      endpoints.set(endpoint, receive);
      return () => {
        if (endpoints.get(endpoint) === receive) endpoints.delete(endpoint);
      };
    },
  };
}
