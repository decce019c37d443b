import type { Hex } from '../hash/bytes.ts';
import { decodeEnvelope } from '../wire/envelope.ts';
import type { Acknowledgement } from './acknowledgement.ts';
import { exchange, readAnswer } from './answering.ts';
import type { CourierComponents } from './components.ts';
import type { Frame } from './frames.ts';
import type { Peer } from './ports.ts';
import type { Sessions } from './sessions.ts';
import type { PeerSession } from './sessionTable.ts';
import { withCurrentKey } from './signing.ts';
import { assertPeer } from './verifyEnvelope.ts';

/**
 * Sends one signed message, sealed anew, and returns what its recipient says to it.
 * @throws `UnknownPeer`, `PeerSuspended`, `PeerRefused`, `PeerUnreachable` (all retryable), and what the transport throws
 */
export type Deliver = (
  recipient: Hex,
  encoded: Uint8Array,
  signal: AbortSignal,
) => Promise<Acknowledgement>;

export function createDeliver(components: CourierComponents, sessions: Sessions): Deliver {
  const { self, directory } = components;
  const send = (
    peer: Peer,
    session: PeerSession,
    encoded: Uint8Array,
    signal: AbortSignal,
  ): Promise<Frame> =>
    exchange(components, peer, { kind: 'sealed', sealed: session.seal(encoded) }, signal);

  return async (recipient, encoded, signal) => {
    const peer = assertPeer(await directory.peer(recipient), recipient);
    const current = withCurrentKey(self, encoded);
    const { correlationId } = decodeEnvelope(current);
    let session = await sessions.to(peer, signal);
    let answer = await send(peer, session, current, signal);
    if (answer.kind === 'unknownSession' && answer.sessionId === session.sessionId) {
      // The peer has restarted: a new session, once.
      sessions.drop(session);
      session = await sessions.to(peer, signal);
      answer = await send(peer, session, current, signal);
    }
    return readAnswer(components, answer, session, peer, correlationId);
  };
}
