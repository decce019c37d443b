import { createKeccak } from 'hash-wasm';

// One WebAssembly instance: six to twelve times faster than JavaScript, the same in Node and in a browser.
const hasher = await createKeccak(256);

/** keccak256, 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  hasher.init();
  hasher.update(bytes);
  return hasher.digest('binary');
}
