import { CarelatticeError } from '../errors.ts';

/** One byte that names an HPKE suite: 1 = MLKEM768-X25519 (hybrid), 0 = X25519; both HKDF-SHA256, AES-256-GCM. */
export const HYBRID_SUITE = 1;
export const X25519_SUITE = 0;

/** Bytes of the encapsulated secret, of a public key, and of the tag behind the ciphertext. */
const SIZES: ReadonlyMap<number, { readonly enc: number; readonly publicKey: number }> = new Map([
  [HYBRID_SUITE, { enc: 1120, publicKey: 1216 }],
  [X25519_SUITE, { enc: 32, publicKey: 32 }],
]);
const TAG = 16;

/** The suites a network accepts. Hybrid alone unless the network allows small devices. */
export type AllowedSuites = readonly number[];
export const HYBRID_ONLY: AllowedSuites = [HYBRID_SUITE];

function sizesOf(suite: number): { readonly enc: number; readonly publicKey: number } {
  const sizes = SIZES.get(suite);
  if (sizes === undefined) {
    throw new CarelatticeError('UnknownSuite', 'no such encryption suite', { facts: { suite } });
  }
  return sizes;
}

/** @throws `UnknownSuite`, or `SuiteRefused` when the network does not allow it */
export function assertSuite(suite: number, allowed: AllowedSuites): void {
  sizesOf(suite);
  if (!allowed.includes(suite)) {
    throw new CarelatticeError('SuiteRefused', 'this network does not allow the encryption suite', {
      facts: { suite },
    });
  }
}

/** Bytes of the encapsulated secret. @throws `UnknownSuite` */
export const encSizeOf = (suite: number): number => sizesOf(suite).enc;

/** Bytes of a public key. @throws `UnknownSuite` */
export const publicKeySizeOf = (suite: number): number => sizesOf(suite).publicKey;

/** Bytes of enc ‖ ciphertext of a plaintext of `size` bytes. @throws `UnknownSuite` */
export const sealedSizeOf = (suite: number, size: number): number => encSizeOf(suite) + size + TAG;
