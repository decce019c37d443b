import { CarelatticeError } from '../errors.ts';
import { concat, fromHex, toHex, uint, type Hex } from '../hash/bytes.ts';
import { encSizeOf, sealedSizeOf } from './kemSuite.ts';

/** A block of its own that holds a batch secret, sealed to a scope key. */
export interface WrapBlock {
  readonly suite: number;
  /** 16 random bytes. */
  readonly wrapId: Hex;
  readonly scopeKeyId: Hex;
  /** HPKE enc ‖ ciphertext (48 bytes). */
  readonly sealed: Uint8Array;
}

const VERSION = 1;
const SECRET_SIZE = 32;

// Offset of each field.
const WRAP_ID = 2;
const SCOPE_KEY_ID = 18;
const SEALED = 50;

/** version ‖ suite ‖ wrapId ‖ scopeKeyId ‖ sealed: 1218 bytes in the hybrid suite, 130 with X25519. */
export const encodeWrapBlock = (wrap: WrapBlock): Uint8Array =>
  concat(
    uint(VERSION, 1),
    uint(wrap.suite, 1),
    fromHex(wrap.wrapId, 16),
    fromHex(wrap.scopeKeyId, 32),
    wrap.sealed,
  );

/** @throws `BadWrapBlock` on a wrong version or length, `UnknownSuite` */
export function decodeWrapBlock(bytes: Uint8Array): WrapBlock {
  const [version, suite] = bytes;
  if (version !== VERSION || suite === undefined) {
    throw new CarelatticeError('BadWrapBlock', 'this version of wraps is unknown');
  }
  encSizeOf(suite);
  if (bytes.length !== SEALED + sealedSizeOf(suite, SECRET_SIZE)) {
    throw new CarelatticeError('BadWrapBlock', 'a wrap of this suite has another length', {
      facts: { suite, bytes: bytes.length },
    });
  }
  return {
    suite,
    wrapId: toHex(bytes.subarray(WRAP_ID, SCOPE_KEY_ID)),
    scopeKeyId: toHex(bytes.subarray(SCOPE_KEY_ID, SEALED)),
    sealed: bytes.slice(SEALED),
  };
}
