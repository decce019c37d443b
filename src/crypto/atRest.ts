import { aeadOpen, aeadSeal } from '#aead';
import { concat, utf8 } from '../hash/bytes.ts';
import { hkdf } from '../hash/labelled.ts';
import { randomBytes } from './random.ts';

/** What a node keeps sealed to itself: nonce (12 bytes) ‖ AES-256-GCM under HKDF(key, "at-rest", purpose). */

const NONCE = 12;

export function sealAtRest(key: Uint8Array, purpose: string, plaintext: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE);
  return concat(nonce, aeadSeal(hkdf(key, 'at-rest', purpose), nonce, utf8(purpose), plaintext));
}

/** @throws `OpeningFailed` */
export function openAtRest(key: Uint8Array, purpose: string, sealed: Uint8Array): Uint8Array {
  return aeadOpen(
    hkdf(key, 'at-rest', purpose),
    sealed.subarray(0, NONCE),
    utf8(purpose),
    sealed.subarray(NONCE),
  );
}
