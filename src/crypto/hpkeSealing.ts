import type { CipherSuite, KeyPair } from 'hpke';
import { cipherSuites } from '#hpke';
import { CarelatticeError } from '../errors.ts';
import { concat, fromHex, type Hex, toHex, uint } from '../hash/bytes.ts';
import {
  assertSuite,
  encSizeOf,
  HYBRID_ONLY,
  publicKeySizeOf,
  X25519_SUITE,
  type AllowedSuites,
} from '../wire/kemSuite.ts';
import { openingFailed } from './openingFailed.ts';

/** A KEM public key with the suite it belongs to. */
export interface KemPublicKey {
  readonly suite: number;
  readonly bytes: Uint8Array;
}

export interface KemKeyPair {
  readonly publicKey: KemPublicKey;
  /** The keys as the HPKE library holds them. */
  readonly handle: KeyPair;
}

/** A KEM key as `NodeRegistry` keeps it: suite (1 byte) and public key. */
export const registeredKemKey = ({ suite, bytes }: KemPublicKey): Hex =>
  toHex(concat(uint(suite, 1), bytes));

/** The KEM key behind a registered one. A suite that is none is refused where the key is used. */
export function kemPublicKeyOf(registered: Hex): KemPublicKey {
  const bytes = fromHex(registered);
  return { suite: bytes[0] ?? 0, bytes: bytes.subarray(1) };
}

/** What a sealed message is bound to. */
export interface SealingContext {
  readonly info: Uint8Array;
  readonly aad: Uint8Array;
  /** The suites the network allows; hybrid alone by default. */
  readonly allowedSuites?: AllowedSuites | undefined;
}

const suiteOf = (suite: number): CipherSuite =>
  suite === X25519_SUITE ? cipherSuites.x25519 : cipherSuites.hybrid;

/** The key pair of a 32-byte seed: the same seed gives the same pair. @throws `UnknownSuite`, `BadSeed` */
export async function deriveKemKeyPair(suite: number, seed: Uint8Array): Promise<KemKeyPair> {
  publicKeySizeOf(suite);
  if (seed.length !== 32) throw new CarelatticeError('BadSeed', 'a key seed has 32 bytes');
  const cipherSuite = suiteOf(suite);
  const handle = await cipherSuite.DeriveKeyPair(seed, false);
  const bytes = await cipherSuite.SerializePublicKey(handle.publicKey);
  return { publicKey: { suite, bytes }, handle };
}

/**
 * HPKE base mode, one message: enc ‖ ciphertext. Base mode does not say who sealed.
 * @throws `UnknownSuite`, `SuiteRefused`, `BadKemKey`
 */
export async function sealTo(
  publicKey: KemPublicKey,
  plaintext: Uint8Array,
  { info, aad, allowedSuites = HYBRID_ONLY }: SealingContext,
): Promise<Uint8Array> {
  assertSuite(publicKey.suite, allowedSuites);
  const cipherSuite = suiteOf(publicKey.suite);
  try {
    const key = await cipherSuite.DeserializePublicKey(publicKey.bytes);
    const { encapsulatedSecret, ciphertext } = await cipherSuite.Seal(key, plaintext, {
      info,
      aad,
    });
    return concat(encapsulatedSecret, ciphertext);
  } catch (cause) {
    throw new CarelatticeError('BadKemKey', 'nothing can be sealed to this public key', {
      facts: { suite: publicKey.suite, bytes: publicKey.bytes.length },
      cause,
    });
  }
}

/** The plaintext of what `sealTo` made. @throws `UnknownSuite`, `SuiteRefused`, `OpeningFailed` */
export async function openWith(
  keyPair: KemKeyPair,
  sealed: Uint8Array,
  { info, aad, allowedSuites = HYBRID_ONLY }: SealingContext,
): Promise<Uint8Array> {
  const { suite } = keyPair.publicKey;
  assertSuite(suite, allowedSuites);
  const encSize = encSizeOf(suite);
  try {
    const [enc, ciphertext] = [sealed.subarray(0, encSize), sealed.subarray(encSize)];
    return await suiteOf(suite).Open(keyPair.handle, enc, ciphertext, { info, aad });
  } catch {
    throw openingFailed(); // short, tampered, or meant for another key or purpose: never told which
  }
}
