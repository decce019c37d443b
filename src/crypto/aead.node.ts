import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import { openingFailed } from './openingFailed.ts';

const TAG = 16;

// `createSecretKey`: a bare Uint8Array as the key makes each call five times slower in Node 24.

/** AES-256-GCM: key 32 bytes, nonce 12 bytes; gives the ciphertext with its 16-byte tag behind. */
export function aeadSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(key), nonce, { authTagLength: TAG });
  cipher.setAAD(aad);
  const sealed = new Uint8Array(plaintext.length + TAG);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintext.length);
  return sealed;
}

/** The plaintext of what `aeadSeal` made. @throws `OpeningFailed`, without saying why */
export function aeadOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  if (sealed.length < TAG) throw openingFailed();
  const end = sealed.length - TAG;
  const decipher = createDecipheriv('aes-256-gcm', createSecretKey(key), nonce, {
    authTagLength: TAG,
  });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(end));
  const plaintext = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw openingFailed();
  }
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
}
