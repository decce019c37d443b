import {
  AEAD_AES_256_GCM,
  KDF_HKDF_SHA256,
  KEM_DHKEM_X25519_HKDF_SHA256,
  KEM_MLKEM768_X25519,
} from '@panva/hpke-noble';
import { CipherSuite } from 'hpke';
import type { CipherSuites } from './hpkeSuites.ts';

/** In JavaScript, for browsers, which have no ML-KEM of their own. */
export const cipherSuites: CipherSuites = {
  hybrid: new CipherSuite(KEM_MLKEM768_X25519, KDF_HKDF_SHA256, AEAD_AES_256_GCM),
  x25519: new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM),
};
