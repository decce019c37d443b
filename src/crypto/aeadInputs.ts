import { CarelatticeError } from '../errors.ts';

/** Bytes of the tag behind a ciphertext. */
export const TAG_SIZE = 16;

/** The formats know AES-256-GCM with 96-bit nonces only. @throws `BadAeadInput` */
export function assertAeadInputs(key: Uint8Array, nonce: Uint8Array): void {
  if (key.length !== 32 || nonce.length !== 12) {
    throw new CarelatticeError('BadAeadInput', 'a key has 32 bytes, a nonce 12', {
      facts: { key: key.length, nonce: nonce.length },
    });
  }
}
