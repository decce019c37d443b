import { hmacSha256, sha256 } from '#sha256';
import { concat, join, utf8 } from './bytes.ts';

/** The first part of every labelled hash and derivation. */
const PROTOCOL = utf8('carelattice/v1');

const part = (value: Uint8Array | string): Uint8Array =>
  typeof value === 'string' ? utf8(value) : value;

/** `H(label, ...)` = SHA-256(join("carelattice/v1", label, ...)), 32 bytes. */
export function labelledHash(
  label: string,
  ...parts: readonly (Uint8Array | string)[]
): Uint8Array {
  return sha256(join(PROTOCOL, utf8(label), ...parts.map(part)));
}

/**
 * `HKDF(secret, label, ...)`: HKDF-SHA256 (RFC 5869) with an empty salt and
 * info = join("carelattice/v1", label, ...), 32 bytes.
 */
export function hkdf(
  secret: Uint8Array,
  label: string,
  ...parts: readonly (Uint8Array | string)[]
): Uint8Array {
  const info = join(PROTOCOL, utf8(label), ...parts.map(part));
  const extracted = hmacSha256(new Uint8Array(32), secret);
  return hmacSha256(extracted, concat(info, Uint8Array.of(1)));
}
