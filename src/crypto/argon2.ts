import { argon2id as wasmArgon2id } from 'hash-wasm';
import type { Argon2Cost } from './argon2Cost.ts';

/** The 32-byte Argon2id tag (RFC 9106) of a password with a salt of at least 8 bytes, in WebAssembly. */
export const argon2id = (
  password: Uint8Array,
  salt: Uint8Array,
  { memoryKiB, passes, lanes }: Argon2Cost,
): Promise<Uint8Array> =>
  wasmArgon2id({
    password,
    salt,
    memorySize: memoryKiB,
    iterations: passes,
    parallelism: lanes,
    hashLength: 32,
    outputType: 'binary',
  });
