import type { CipherSuite } from 'hpke';

/** The HPKE suites (RFC 9180 and draft-ietf-hpke-pq) of the formats, each with HKDF-SHA256 and AES-256-GCM. */
export interface CipherSuites {
  /** MLKEM768-X25519 (X-Wing). */
  readonly hybrid: CipherSuite;
  /** DHKEM(X25519), for small devices. */
  readonly x25519: CipherSuite;
}
