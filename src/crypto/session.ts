import { aeadOpen, aeadSeal } from '#aead';
import { CarelatticeError } from '../errors.ts';
import { concat, fromHex, toHex, toNumber, uint, utf8, type Hex } from '../hash/bytes.ts';
import { hkdf, labelledHash } from '../hash/labelled.ts';
import { padEnvelope } from '../wire/envelope.ts';
import { HYBRID_ONLY, type AllowedSuites } from '../wire/kemSuite.ts';
import { openWith, sealTo, type KemKeyPair, type KemPublicKey } from './hpkeSealing.ts';
import { openingFailed } from './openingFailed.ts';
import { randomBytes, type RandomSource } from './random.ts';

/** Who opens a session with whom, on which day: all of it is bound to the session's key. */
export interface SessionParties {
  readonly federationId: Hex;
  readonly networkId: Hex;
  /** Node that opens, with the epoch of its signing key. */
  readonly opener: Hex;
  readonly openerKeyEpoch: number;
  /** Node that is asked, with the epoch of its KEM key. */
  readonly peer: Hex;
  readonly peerKeyEpoch: number;
  /** Chain time in seconds / 86,400, rounded down. */
  readonly day: number;
  /** The suites the network allows; hybrid alone by default. */
  readonly allowedSuites?: AllowedSuites | undefined;
}

/** The courier's symmetric channel between two nodes, as one of them holds it. */
export interface Session {
  /** 16 bytes; correlationId of the signed envelope that opens it. */
  readonly sessionId: Hex;
  /**
   * The frame of the signed part of an envelope, padded to its size class:
   * sessionId (16) ‖ counter (8) ‖ AES-256-GCM of the padded envelope.
   * @throws `SessionExhausted` after 2^32 frames: open a new one
   */
  seal(encodedEnvelope: Uint8Array): Uint8Array;
  /** The padded signed part in a frame of the other side. @throws `UnknownSession`, `OpeningFailed` */
  open(frame: Uint8Array): Uint8Array;
}

const INFO = utf8('carelattice/v1/session');
const SECRET_SIZE = 32;
const ID_SIZE = 16;
/** sessionId ‖ counter, which is also the additional data. */
const HEAD_SIZE = ID_SIZE + 8;
const MAX_FRAMES = 2 ** 32;

function contextOf(parties: SessionParties, sessionId: Uint8Array) {
  // With one node at both ends the two directions would share one key and its nonces.
  if (parties.opener === parties.peer) {
    throw new CarelatticeError('SessionToSelf', 'a session needs two nodes');
  }
  const aad = labelledHash(
    'session',
    fromHex(parties.federationId, 32),
    fromHex(parties.networkId, 32),
    fromHex(parties.opener, 32),
    uint(parties.openerKeyEpoch, 4),
    fromHex(parties.peer, 32),
    uint(parties.peerKeyEpoch, 4),
    uint(parties.day, 8),
    sessionId,
  );
  return { info: INFO, aad, allowedSuites: parties.allowedSuites ?? HYBRID_ONLY };
}

const nonceOf = (counter: Uint8Array): Uint8Array => concat(new Uint8Array(4), counter);

function sessionOf(secret: Uint8Array, id: Uint8Array, me: Hex, other: Hex): Session {
  const keyOf = (from: Hex, to: Hex): Uint8Array =>
    hkdf(secret, 'courier', fromHex(from, 32), fromHex(to, 32));
  const sendKey = keyOf(me, other);
  const receiveKey = keyOf(other, me);
  const sessionId = toHex(id);
  let sent = 0;
  return {
    sessionId,
    seal(encodedEnvelope) {
      if (sent >= MAX_FRAMES) {
        throw new CarelatticeError('SessionExhausted', 'this session is used up; open a new one', {
          retryable: true,
        });
      }
      const counter = uint(sent++, 8);
      const head = concat(id, counter);
      return concat(head, aeadSeal(sendKey, nonceOf(counter), head, padEnvelope(encodedEnvelope)));
    },
    open(frame) {
      if (sessionIdOf(frame) !== sessionId) throw unknownSession();
      const head = frame.subarray(0, HEAD_SIZE);
      const counter = frame.subarray(ID_SIZE, HEAD_SIZE);
      return aeadOpen(receiveKey, nonceOf(counter), head, frame.subarray(HEAD_SIZE));
    },
  };
}

const unknownSession = (): CarelatticeError =>
  new CarelatticeError('UnknownSession', 'the frame belongs to no open session; open a new one', {
    retryable: true,
  });

/** The session a frame names. @throws `UnknownSession` when it is no frame */
export function sessionIdOf(frame: Uint8Array): Hex {
  if (frame.length < HEAD_SIZE) throw unknownSession();
  return toHex(frame.subarray(0, ID_SIZE));
}

/**
 * Opens a session to `peer`. `opening` is the body of the signed but unsealed `SessionOpening` envelope, whose
 * correlationId is the sessionId: suite (1) ‖ enc ‖ ciphertext (48).
 * @throws `SessionToSelf`, `UnknownSuite`, `SuiteRefused`, `BadKemKey`
 */
export async function openSession(
  parties: SessionParties,
  peerKey: KemPublicKey,
  random: RandomSource = randomBytes,
): Promise<{ session: Session; opening: Uint8Array }> {
  const sessionId = random(ID_SIZE);
  const secret = random(SECRET_SIZE);
  const sealed = await sealTo(peerKey, secret, contextOf(parties, sessionId));
  return {
    session: sessionOf(secret, sessionId, parties.opener, parties.peer),
    opening: concat(uint(peerKey.suite, 1), sealed),
  };
}

/**
 * The peer's side of `openSession`; `keyPair` is its KEM key of `peerKeyEpoch`. The envelope's signature must have been
 * checked before: HPKE does not say who sealed.
 * @throws `SessionToSelf`, `UnknownSuite`, `SuiteRefused`, `OpeningFailed`
 */
export async function acceptSession(
  parties: SessionParties,
  sessionId: Hex,
  opening: Uint8Array,
  keyPair: KemKeyPair,
): Promise<Session> {
  const id = fromHex(sessionId, ID_SIZE);
  if (opening.length < 1 || toNumber(opening.subarray(0, 1)) !== keyPair.publicKey.suite) {
    throw openingFailed();
  }
  const secret = await openWith(keyPair, opening.subarray(1), contextOf(parties, id));
  if (secret.length !== SECRET_SIZE) throw openingFailed();
  return sessionOf(secret, id, parties.peer, parties.opener);
}
