import { gcm } from '@noble/ciphers/aes.js';
import { openingFailed } from './openingFailed.ts';

const TAG = 16;

/** AES-256-GCM: key 32 bytes, nonce 12 bytes; gives the ciphertext with its 16-byte tag behind. */
export const aeadSeal = (
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array => cipherOf(key, nonce, aad).encrypt(plaintext);

/** The plaintext of what `aeadSeal` made. @throws `OpeningFailed`, without saying why */
export function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  if (sealed.length < TAG) throw openingFailed();
  const cipher = cipherOf(key, nonce, aad);
  try {
    return cipher.decrypt(sealed);
  } catch {
    throw openingFailed();
  }
}

/** AES-256-GCM with 96-bit nonces only, as the formats have it: other sizes are a mistake of the caller. */
function cipherOf(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array) {
  if (key.length !== 32 || nonce.length !== 12) throw new RangeError('Invalid key or nonce length');
  return gcm(key, nonce, aad);
}
