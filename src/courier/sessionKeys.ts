import { aeadOpen, aeadSeal } from '#aead';
import { openWith, sealTo, type KemKeyPair, type KemPublicKey } from '../crypto/hpkeSealing.ts';
import { concat, fromHex, uint, utf8, type Hex } from '../hash/bytes.ts';
import { hkdf, labelledHash } from '../hash/labelled.ts';
import type { SealedFrame } from './frames.ts';

/** What a session is bound to. */
export interface SessionTerms {
  readonly federationId: Hex;
  readonly networkId: Hex;
  readonly opener: Hex;
  /** Epoch of the opener's signing key. */
  readonly openerKeyEpoch: number;
  readonly peer: Hex;
  /** Epoch of the peer's KEM key. */
  readonly peerKeyEpoch: number;
  /** Chain time in seconds / 86,400, rounded down. */
  readonly day: number;
  /** 16 random bytes. */
  readonly sessionId: Hex;
}

const INFO = utf8('carelattice/v1/session');

const contextOf = (terms: SessionTerms): { info: Uint8Array; aad: Uint8Array } => ({
  info: INFO,
  aad: labelledHash(
    'session',
    fromHex(terms.federationId, 32),
    fromHex(terms.networkId, 32),
    fromHex(terms.opener, 32),
    uint(terms.openerKeyEpoch, 4),
    fromHex(terms.peer, 32),
    uint(terms.peerKeyEpoch, 4),
    uint(terms.day, 4),
    fromHex(terms.sessionId, 16),
  ),
});

/** Seals the 32-byte secret of a session to the peer's KEM key. */
export const sealSecret = (
  terms: SessionTerms,
  secret: Uint8Array,
  peerKey: KemPublicKey,
): Promise<Uint8Array> => sealTo(peerKey, secret, contextOf(terms));

/** @throws `OpeningFailed`, `UnknownSuite`, `SuiteRefused` */
export const openSecret = (
  terms: SessionTerms,
  sealed: Uint8Array,
  keyPair: KemKeyPair,
): Promise<Uint8Array> => openWith(keyPair, sealed, contextOf(terms));

/** Key of one direction of a session. */
export const directionKey = (secret: Uint8Array, from: Hex, to: Hex): Uint8Array =>
  hkdf(secret, 'courier', fromHex(from, 32), fromHex(to, 32));

const nonceOf = (counter: number): Uint8Array => concat(new Uint8Array(4), uint(counter, 8));

const aadOf = (sessionId: Hex, counter: number): Uint8Array =>
  concat(fromHex(sessionId, 16), uint(counter, 8));

/** AES-256-GCM; one key never sees one counter twice. */
export const sealFrame = (
  key: Uint8Array,
  sessionId: Hex,
  counter: number,
  plaintext: Uint8Array,
): SealedFrame => ({
  kind: 'sealed',
  sessionId,
  counter,
  ciphertext: aeadSeal(key, nonceOf(counter), aadOf(sessionId, counter), plaintext),
});

/** @throws `OpeningFailed` */
export const openFrame = (key: Uint8Array, frame: SealedFrame): Uint8Array =>
  aeadOpen(key, nonceOf(frame.counter), aadOf(frame.sessionId, frame.counter), frame.ciphertext);
