import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { encodeBody } from '../wire/cbor.ts';
import type { CourierComponents } from './components.ts';
import { createDeliver } from './deliver.ts';
import { createFlush, type Flushed } from './flush.ts';
import { createGatewayAuthorization, type GatewayAuthorization } from './gatewayAuthorization.ts';
import { createReceive, type Receive } from './receive.ts';
import { createSessions, selfAddressed } from './sessions.ts';
import { newId, signDraft } from './signing.ts';
import { MAX_LIFETIME } from './verifyEnvelope.ts';

export type { CourierComponents } from './components.ts';
export type { Flushed } from './flush.ts';

export interface SendOptions {
  /** Term of the active consensus node; default 0. */
  readonly term?: number;
  /** Seconds of chain time until the message is worth nothing; default 7 days, at most 30. */
  readonly expiresIn?: number;
  /** 16 bytes; the same id again is the same message, taken once. Default random. */
  readonly correlationId?: Hex;
}

export interface RequestOptions extends SendOptions {
  readonly signal?: AbortSignal;
}

/** Node-to-node messages that arrive once. A body is its bytes, or a value for `encodeBody`. */
export interface Courier extends GatewayAuthorization {
  /**
   * Puts a message into the outbox and returns its id; synchronous, so it may be part of the caller's transaction.
   * @throws `SelfAddressed`, `MessageTooLong`, `MalformedBody`, `ExpiryTooFar`
   */
  send(recipient: Hex, messageType: number, body: unknown, options?: SendOptions): Hex;
  /** Sends what is due, once. Errors of peers are kept in the outbox; a faulty outbox throws. */
  flush(signal?: AbortSignal): Promise<Flushed>;
  /**
   * Asks now and returns the answer; nothing is kept. With the same `correlationId` it may be asked again.
   * @throws `RequestRefused` with the peer's code; `UnknownPeer`, `PeerSuspended`, `PeerRefused`, and the transport's
   */
  request(
    recipient: Hex,
    messageType: number,
    body: unknown,
    options?: RequestOptions,
  ): Promise<Uint8Array>;
  /** The server side of every transport. Never throws for what a peer sent. */
  readonly receive: Receive;
}

const WEEK = 7 * 86_400;
const REQUEST_LIFETIME = 300;
const NEVER = new AbortController().signal;

const bytesOf = (body: unknown): Uint8Array =>
  body instanceof Uint8Array ? body : encodeBody(body);

/** A courier for one node of one network. */
export function createCourier(components: CourierComponents): Courier {
  const { self, outbox, clock } = components;
  const sessions = createSessions(components);
  const deliver = createDeliver(components, sessions);

  const sign = (
    recipient: Hex,
    messageType: number,
    body: unknown,
    { correlationId = newId(components), term = 0, expiresIn = WEEK }: SendOptions,
  ): { correlationId: Hex; envelope: Uint8Array } => {
    if (recipient === self.nodeId) throw selfAddressed();
    if (!(expiresIn > 0 && expiresIn <= MAX_LIFETIME)) {
      throw new CarelatticeError('ExpiryTooFar', 'a message may wait 30 days at most');
    }
    const expiry = clock.chainTime() + expiresIn;
    const draft = { recipient, messageType, correlationId, term, expiry, body: bytesOf(body) };
    return { correlationId, envelope: signDraft(self, draft) };
  };

  return {
    send(recipient, messageType, body, options = {}) {
      const { correlationId, envelope } = sign(recipient, messageType, body, options);
      outbox.add({
        correlationId,
        recipient,
        messageType,
        envelope,
        attempts: 0,
        nextAt: clock.now(),
      });
      return correlationId;
    },
    async request(recipient, messageType, body, { signal = NEVER, ...options } = {}) {
      const { envelope } = sign(recipient, messageType, body, {
        expiresIn: REQUEST_LIFETIME,
        ...options,
      });
      const { result, code = '', answer } = await deliver(recipient, envelope, signal);
      if ((result === 'taken' || result === 'known') && answer !== undefined) return answer;
      throw new CarelatticeError('RequestRefused', 'a peer refused a request', {
        facts: { nodeId: recipient, messageType, code: code || 'NoAnswer' },
        retryable: result === 'later',
      });
    },
    flush: (() => {
      const flush = createFlush(components, deliver);
      return (signal = NEVER) => flush(signal);
    })(),
    receive: createReceive(components, sessions),
    ...createGatewayAuthorization(components, sessions),
  };
}
