import type { X509Certificate } from 'node:crypto';
import { toHex, type Hex } from '../hash/bytes.ts';
import { sha256 } from '#sha256';

/** What `NodeRegistry` holds of a node's TLS key: SHA-256 of its SubjectPublicKeyInfo (RFC 5280 4.1), 32 bytes. */
export const tlsKeyHashOf = (certificate: X509Certificate): Hex =>
  toHex(sha256(new Uint8Array(certificate.publicKey.export({ type: 'spki', format: 'der' }))));
