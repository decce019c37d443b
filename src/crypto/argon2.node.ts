import * as nodeCrypto from 'node:crypto';
import { promisify } from 'node:util';
import { argon2id as wasmArgon2id } from './argon2.ts';
import type { Argon2Cost } from './argon2Cost.ts';

/** Undefined before Node 24.7 and where Node was built with an OpenSSL before 3.2. */
const native: typeof nodeCrypto.argon2 | undefined = nodeCrypto.argon2;
const nativeArgon2 =
  native && promisify<'argon2id', nodeCrypto.Argon2Parameters, Uint8Array>(native);

/** The 32-byte Argon2id tag (RFC 9106) of a password with a salt of at least 8 bytes, by OpenSSL where Node has it. */
export async function argon2id(
  password: Uint8Array,
  salt: Uint8Array,
  cost: Argon2Cost,
): Promise<Uint8Array> {
  if (nativeArgon2 === undefined) return wasmArgon2id(password, salt, cost);
  const tag = await nativeArgon2('argon2id', {
    message: password,
    nonce: salt,
    memory: cost.memoryKiB,
    passes: cost.passes,
    parallelism: cost.lanes,
    tagLength: 32,
  });
  return new Uint8Array(tag);
}
