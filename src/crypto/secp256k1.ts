import { secp256k1 } from '@noble/curves/secp256k1.js';

/** secp256k1 over 32-byte digests: the bytes of a signature are the same whichever implementation made them. */
export interface Secp256k1 {
  readonly implementation: 'libsecp256k1' | 'noble';
  isPrivateKey(key: Uint8Array): boolean;
  /** The public key, 65 bytes, uncompressed. */
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
  /** RFC 6979, low-s: r ‖ s (64 bytes) and the recovery bit. */
  sign(digest: Uint8Array, privateKey: Uint8Array): { signature: Uint8Array; recovery: number };
  /** The public key, 65 bytes; throws when there is none. */
  recover(digest: Uint8Array, signature: Uint8Array, recovery: number): Uint8Array;
}

/** In JavaScript, audited: for browsers, and for Node where the native addon does not load. */
export const noble: Secp256k1 = {
  implementation: 'noble',
  isPrivateKey: (key) => secp256k1.utils.isValidSecretKey(key),
  publicKeyOf: (privateKey) => secp256k1.getPublicKey(privateKey, false),
  sign(digest, privateKey) {
    const made = secp256k1.sign(digest, privateKey, {
      prehash: false,
      lowS: true,
      extraEntropy: false,
      format: 'recovered',
    });
    return { signature: made.slice(1), recovery: made[0] ?? 0 };
  },
  recover(digest, signature, recovery) {
    const recoverable = Uint8Array.of(recovery, ...signature);
    const compressed = secp256k1.recoverPublicKey(recoverable, digest, { prehash: false });
    return secp256k1.Point.fromBytes(compressed).toBytes(false);
  },
};

export const curve: Secp256k1 = noble;
