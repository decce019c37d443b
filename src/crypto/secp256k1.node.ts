import { createRequire } from 'node:module';
import { noble, type Secp256k1 } from './secp256k1.ts';

export type { Secp256k1 } from './secp256k1.ts';

/** The functions of npm `secp256k1` that are used here; it comes without types. */
interface Addon {
  privateKeyVerify(key: Uint8Array): boolean;
  publicKeyCreate(key: Uint8Array, compressed: boolean): Uint8Array;
  ecdsaSign(digest: Uint8Array, key: Uint8Array): { signature: Uint8Array; recid: number };
  ecdsaRecover(
    signature: Uint8Array,
    recovery: number,
    digest: Uint8Array,
    compressed: boolean,
  ): Uint8Array;
}

/** The native addon, twelve to thirty times faster than JavaScript; undefined where it has no build. */
function loadAddon(): Addon | undefined {
  try {
    // `bindings`, not the package's door: that falls back to an unmaintained implementation without saying so.
    // The cast states the shape of an untyped CommonJS module.
    return createRequire(import.meta.url)('secp256k1/bindings') as Addon;
  } catch {
    return undefined; // no build for this machine: `implementation` says that noble works instead
  }
}

function nativeCurve(addon: Addon): Secp256k1 {
  return {
    implementation: 'libsecp256k1',
    isPrivateKey: (key) => key.length === 32 && addon.privateKeyVerify(key),
    publicKeyOf: (privateKey) => addon.publicKeyCreate(privateKey, false),
    sign(digest, privateKey) {
      const { signature, recid } = addon.ecdsaSign(digest, privateKey);
      return { signature, recovery: recid };
    },
    recover: (digest, signature, recovery) =>
      addon.ecdsaRecover(signature, recovery, digest, false),
  };
}

const addon = loadAddon();

export const curve: Secp256k1 = addon === undefined ? noble : nativeCurve(addon);
