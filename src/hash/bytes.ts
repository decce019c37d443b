import { CarelatticeError } from '../errors.ts';

/** Lower-case hex with `0x`: how ids and digests travel through the code. */
export type Hex = `0x${string}`;

export const ZERO_32: Hex = `0x${'00'.repeat(32)}`;

const encoder = new TextEncoder();

/** UTF-8 bytes of a text. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): Hex {
  let text = '0x';
  for (const byte of bytes) text += DIGITS[byte];
  return text as Hex;
}

/** The value of a hex digit known to be one. */
const nibble = (code: number): number => (code <= 57 ? code - 48 : (code | 32) - 87);

/** @throws `BadHex` when `text` is not hex with `0x`, or not of `length` bytes where that is given. */
export function fromHex(text: string, length?: number): Uint8Array {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(text)) {
    // The text itself may be a secret: it stays out of the error.
    throw new CarelatticeError('BadHex', 'not hex with 0x');
  }
  const bytes = new Uint8Array((text.length - 2) / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (nibble(text.charCodeAt(2 + 2 * i)) << 4) | nibble(text.charCodeAt(3 + 2 * i));
  }
  if (length !== undefined && bytes.length !== length) {
    throw new CarelatticeError('BadHex', 'wrong length', {
      facts: { bytes: bytes.length, expected: length },
    });
  }
  return bytes;
}

/** `value` as `size` bytes, big-endian. @throws `NumberTooLarge` when it does not fit. */
export function uint(value: number | bigint, size: number): Uint8Array {
  let rest = BigInt(value);
  const out = new Uint8Array(size);
  for (let i = size - 1; i >= 0; i--) {
    out[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  if (rest !== 0n) {
    throw new CarelatticeError('NumberTooLarge', 'number does not fit', { facts: { bytes: size } });
  }
  return out;
}

/** Big-endian bytes as a number. @throws `NumberTooLarge` above 2^53 - 1. */
export function toNumber(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  if (!Number.isSafeInteger(value)) {
    throw new CarelatticeError('NumberTooLarge', 'number does not fit', {
      facts: { bytes: bytes.length },
    });
  }
  return value;
}

/** Equal bytes? Looks at every byte; lengths are no secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** `join(p1, ...)` of the formats: each part behind its 4-byte length, so that no two lists give the same bytes. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return concat(...parts.flatMap((part) => [uint(part.length, 4), part]));
}
