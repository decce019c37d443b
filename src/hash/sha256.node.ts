import { createHash, createHmac, createSecretKey, hash } from 'node:crypto';

export interface RunningSha256 {
  update(bytes: Uint8Array): RunningSha256;
  digest(): Uint8Array;
}

export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(hash('sha256', bytes, 'buffer'));

export const hmacSha256 = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac('sha256', createSecretKey(key)).update(bytes).digest());

/** SHA-256 over a stream. */
export function startSha256(): RunningSha256 {
  const state = createHash('sha256');
  const running: RunningSha256 = {
    update(bytes) {
      state.update(bytes);
      return running;
    },
    digest: () => new Uint8Array(state.digest()),
  };
  return running;
}
