import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { decodeEnvelope, MessageType } from '../wire/envelope.ts';
import {
  decodeAcknowledgement,
  encodeAcknowledgement,
  type Acknowledgement,
} from './acknowledgement.ts';
import type { CourierComponents } from './components.ts';
import { decodeFrame, encodeFrame, type Frame } from './frames.ts';
import type { Peer } from './ports.ts';
import type { PeerSession } from './sessionTable.ts';
import { newId, signDraft } from './signing.ts';
import { verifyEnvelope } from './verifyEnvelope.ts';

/** Both ends of one exchange: a frame goes out, the frame that answers it comes back in the same session. */

/** Seconds of chain time in which an acknowledgement is good; it is bound to its message besides. */
const LIFETIME = 86_400;

/** What is said to a message. */
export type Outcome = Omit<Acknowledgement, 'correlationId'>;

/** A peer that gave no acknowledgement: another try may help. */
export const peerRefused = (peer: Peer, problem: string, cause?: unknown): CarelatticeError =>
  new CarelatticeError('PeerRefused', `a peer did not take a message: ${problem}`, {
    facts: { nodeId: peer.nodeId },
    cause,
    retryable: true,
  });

/** Sends a frame and reads the answer's. @throws `PeerRefused` and what the transport throws */
export async function exchange(
  { transport }: Pick<CourierComponents, 'transport'>,
  peer: Peer,
  frame: Frame,
  signal: AbortSignal,
): Promise<Frame> {
  let answer: Uint8Array;
  try {
    answer = await transport.exchange(peer, encodeFrame(frame), signal);
  } catch (error) {
    if (error instanceof CarelatticeError) throw error;
    throw new CarelatticeError('PeerUnreachable', 'the way to a peer failed', {
      facts: { nodeId: peer.nodeId },
      cause: error,
      retryable: true,
    });
  }
  try {
    return decodeFrame(answer);
  } catch (error) {
    throw peerRefused(peer, 'its answer is no frame', error);
  }
}

/** What the answer, sealed in the same session and signed by the peer, says of `correlationId`. @throws `PeerRefused` */
export function readAnswer(
  { self, clock }: Pick<CourierComponents, 'self' | 'clock'>,
  answer: Frame,
  session: PeerSession,
  peer: Peer,
  correlationId: Hex,
): Acknowledgement {
  if (answer.kind !== 'sealed') {
    throw peerRefused(peer, 'it does not say why');
  }
  let acknowledgement: Acknowledgement;
  try {
    const envelope = decodeEnvelope(session.open(answer.sealed));
    verifyEnvelope(envelope, peer, self, clock.chainTime());
    if (envelope.messageType !== MessageType.Acknowledgement) {
      throw new CarelatticeError('UnknownMessage', 'an answer is no acknowledgement');
    }
    acknowledgement = decodeAcknowledgement(envelope.body);
  } catch (error) {
    throw peerRefused(peer, 'its answer is not accepted', error);
  }
  if (acknowledgement.correlationId === correlationId) return acknowledgement;
  throw peerRefused(peer, 'its answer is to another message');
}

/** The frame that answers a message: an acknowledgement, signed and sealed into the message's session. */
export function acknowledge(
  components: CourierComponents,
  session: PeerSession,
  message: { readonly correlationId: Hex; readonly term: number },
  outcome: Outcome,
): Uint8Array {
  const { correlationId, term } = message;
  const encoded = signDraft(components.self, {
    recipient: session.peer,
    messageType: MessageType.Acknowledgement,
    correlationId: newId(components),
    term,
    expiry: components.clock.chainTime() + LIFETIME,
    body: encodeAcknowledgement({ correlationId, ...outcome }),
  });
  return encodeFrame({ kind: 'sealed', sealed: session.seal(encoded) });
}
