import { sessionIdOf } from '../crypto/session.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { encodeBody } from '../wire/cbor.ts';
import { decodeEnvelope, MessageType } from '../wire/envelope.ts';
import type { CourierComponents } from './components.ts';
import { decodeFrame, encodeFrame } from './frames.ts';
import type { Sessions } from './sessions.ts';
import { newId, signDraft } from './signing.ts';
import { assertPeer, verifyEnvelope } from './verifyEnvelope.ts';

/** Who asks a gateway, proved, and for what. */
export interface AuthenticatedRequest {
  readonly asker: Hex;
  readonly correlationId: Hex;
  readonly body: Uint8Array;
}

/** Requests to a content gateway, each a sealed courier message bound to that gateway, its contents and its time. */
export interface GatewayAuthorization {
  /**
   * The frame that shows a gateway who asks; good for one request. A 401 may mean that the gateway has restarted:
   * `forgetSession` and ask once more.
   * @throws `UnknownPeer`, `PeerSuspended`, `PeerRefused`, and what the transport throws
   */
  authorizeGatewayRequest(
    gateway: Hex,
    body: unknown,
    options?: { readonly expiresIn?: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array>;
  /** The next message to this node opens a new session. */
  forgetSession(nodeId: Hex): void;
  /**
   * The gateway's side. Reveals nothing of why it refuses.
   * @throws `Unauthorized` (HTTP 401): replayed, late, meant for another gateway, altered, or of a node not admitted
   */
  authenticate(frame: Uint8Array): Promise<AuthenticatedRequest>;
}

const LIFETIME = 120;
const NEVER = new AbortController().signal;

/** The reason goes to this node's log, never to the asker. */
const unauthorized = (): CarelatticeError =>
  new CarelatticeError('Unauthorized', 'the request does not show who asks; sign a new one');

export function createGatewayAuthorization(
  components: CourierComponents,
  sessions: Sessions,
): GatewayAuthorization {
  const { self, directory, seen, clock, onRefused } = components;

  const verified = async (bytes: Uint8Array): Promise<AuthenticatedRequest> => {
    const frame = decodeFrame(bytes);
    const session = frame.kind === 'sealed' ? sessions.find(sessionIdOf(frame.sealed)) : undefined;
    if (frame.kind !== 'sealed' || session === undefined) {
      throw new CarelatticeError('UnknownSession', 'a gateway request came under no session');
    }
    const envelope = decodeEnvelope(session.open(frame.sealed));
    const asker = assertPeer(await directory.peer(session.peer), session.peer);
    verifyEnvelope(envelope, asker, self, clock.chainTime());
    const { messageType, correlationId, expiry, body } = envelope;
    if (messageType !== MessageType.ContentRequest) {
      throw new CarelatticeError('UnknownMessage', 'this message is no request to a gateway');
    }
    if (seen.remember(correlationId, asker.nodeId, expiry) === 'seen') {
      throw new CarelatticeError('Replayed', 'a gateway request came twice', {
        facts: { nodeId: asker.nodeId },
      });
    }
    return { asker: asker.nodeId, correlationId, body };
  };

  return {
    async authorizeGatewayRequest(gateway, body, { expiresIn = LIFETIME, signal = NEVER } = {}) {
      const peer = assertPeer(await directory.peer(gateway), gateway);
      const session = await sessions.to(peer, signal);
      const encoded = signDraft(self, {
        recipient: gateway,
        messageType: MessageType.ContentRequest,
        correlationId: newId(components),
        term: 0,
        expiry: clock.chainTime() + expiresIn,
        body: body instanceof Uint8Array ? body : encodeBody(body),
      });
      return encodeFrame({ kind: 'sealed', sealed: session.seal(encoded) });
    },
    forgetSession: (nodeId) => sessions.forget(nodeId),
    async authenticate(frame) {
      try {
        return await verified(frame);
      } catch (error) {
        if (!(error instanceof CarelatticeError)) throw error; // a fault of this node
        onRefused?.(error);
        throw unauthorized();
      }
    },
  };
}
