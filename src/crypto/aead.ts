import { gcm } from '@noble/ciphers/aes.js';
import { assertAeadInputs, TAG_SIZE } from './aeadInputs.ts';
import { openingFailed } from './openingFailed.ts';

/** AES-256-GCM: key 32 bytes, nonce 12 bytes; gives the ciphertext with its 16-byte tag behind. @throws `BadAeadInput` */
export const aeadSeal = (
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array => cipherOf(key, nonce, aad).encrypt(plaintext);

/** The plaintext of what `aeadSeal` made. @throws `OpeningFailed`, without saying why, `BadAeadInput` */
export function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  const cipher = cipherOf(key, nonce, aad);
  if (sealed.length < TAG_SIZE) throw openingFailed();
  try {
    return cipher.decrypt(sealed);
  } catch {
    throw openingFailed();
  }
}

function cipherOf(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array) {
  assertAeadInputs(key, nonce);
  return gcm(key, nonce, aad);
}
