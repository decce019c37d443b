import { sessionIdOf } from '../crypto/session.ts';
import { CarelatticeError } from '../errors.ts';
import { decodeEnvelope, MessageType, type SignedEnvelope } from '../wire/envelope.ts';
import { acknowledge, type Outcome } from './answering.ts';
import type { CourierComponents } from './components.ts';
import { decodeFrame, encodeFrame } from './frames.ts';
import type { Sessions } from './sessions.ts';
import { assertPeer, verifyEnvelope } from './verifyEnvelope.ts';

/** The server side: takes a frame and returns the frame that answers it. Never throws for what a peer sent. */
export type Receive = (frame: Uint8Array) => Promise<Uint8Array>;

const NOT_TAKEN = encodeFrame({ kind: 'notTaken' });

/** What the sender may know of an error: our own codes; anything else is a fault of this node and may pass. */
function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof CarelatticeError)) return { result: 'later', code: 'HandlerFailed' };
  return { result: error.retryable ? 'later' : 'refused', code: error.code };
}

export function createReceive(components: CourierComponents, sessions: Sessions): Receive {
  const { self, directory, seen, clock, handle, onRefused } = components;
  /** Messages being handled now: a copy that comes meanwhile waits for the same outcome. */
  const open = new Map<string, Promise<Outcome>>();

  const take = async (envelope: SignedEnvelope): Promise<Outcome> => {
    const { sender, correlationId, expiry } = envelope;
    const before = seen.find(correlationId, sender);
    if (before !== undefined) return { result: 'known', ...before };
    let isRemembered = false;
    const answer = await handle({
      sender,
      type: envelope.messageType,
      correlationId,
      term: envelope.term,
      expiry,
      body: envelope.body,
      remember(early) {
        seen.remember(correlationId, sender, expiry, early);
        isRemembered = true;
      },
    });
    if (!isRemembered) seen.remember(correlationId, sender, expiry, answer);
    return { result: 'taken', ...(answer === undefined ? {} : { answer }) };
  };

  const takeOnce = (envelope: SignedEnvelope): Promise<Outcome> => {
    const name = `${envelope.sender} ${envelope.correlationId}`;
    const running = open.get(name);
    if (running !== undefined) return running;
    const outcome = take(envelope).finally(() => open.delete(name));
    open.set(name, outcome);
    return outcome;
  };

  const receiveSealed = async (sealed: Uint8Array): Promise<Uint8Array> => {
    const sessionId = sessionIdOf(sealed);
    const session = sessions.find(sessionId);
    if (session === undefined) {
      return encodeFrame({ kind: 'unknownSession', sessionId });
    }
    const envelope = decodeEnvelope(session.open(sealed));
    try {
      const sender = assertPeer(await directory.peer(session.peer), session.peer);
      verifyEnvelope(envelope, sender, self, clock.chainTime());
      if (isCourierOwn(envelope.messageType)) {
        throw new CarelatticeError('UnknownMessage', 'this message type is not for a handler');
      }
      return acknowledge(components, session, envelope, await takeOnce(envelope));
    } catch (error) {
      onRefused?.(error);
      return acknowledge(components, session, envelope, outcomeOf(error));
    }
  };

  return async (bytes) => {
    try {
      const frame = decodeFrame(bytes);
      if (frame.kind === 'sealed') return await receiveSealed(frame.sealed);
      if (frame.kind === 'opening') return await sessions.accept(frame.envelope);
      throw new CarelatticeError('MalformedFrame', 'an answer came as a message');
    } catch (error) {
      onRefused?.(error);
      return NOT_TAKEN;
    }
  };
}

/** Types that the courier itself handles, and the gateway's, which has its own door. */
const isCourierOwn = (messageType: number): boolean =>
  messageType === MessageType.SessionOpening ||
  messageType === MessageType.Acknowledgement ||
  messageType === MessageType.ContentRequest;
