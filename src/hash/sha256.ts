import { hmac } from '@noble/hashes/hmac.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

export interface RunningSha256 {
  update(bytes: Uint8Array): RunningSha256;
  digest(): Uint8Array;
}

export const sha256 = (bytes: Uint8Array): Uint8Array => nobleSha256(bytes);

export const hmacSha256 = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
  hmac(nobleSha256, key, bytes);

/** SHA-256 over a stream. */
export function startSha256(): RunningSha256 {
  const state = nobleSha256.create();
  const running: RunningSha256 = {
    update(bytes) {
      state.update(bytes);
      return running;
    },
    digest: () => state.digest(),
  };
  return running;
}
