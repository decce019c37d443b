import { CarelatticeError } from '../errors.ts';

/**
 * One 32-byte word of `abi.encode` and of EIP-712: a static elementary type, written straight into its place.
 * The word must be zero before. Numbers and addresses lie at the right end of the word, `bytesN` at the left.
 */
export type WordWriter = (out: Uint8Array, offset: number, value: unknown) => void;

const refused = (type: string): CarelatticeError =>
  new CarelatticeError('BadAbi', 'a value does not fit its type', { facts: { type } });

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Value of a hex digit by its character code, 255 for any other character. */
const DIGIT = new Uint8Array(128).fill(255);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  DIGIT[digit.charCodeAt(0)] = value;
  DIGIT[digit.toUpperCase().charCodeAt(0)] = value;
}

const digitAt = (text: string, at: number): number => DIGIT[text.charCodeAt(at)] ?? 255;

/** Writes `length` bytes given as `0x` hex or Uint8Array; false when they are not that. */
function putBytes(out: Uint8Array, offset: number, length: number, value: unknown): boolean {
  if (value instanceof Uint8Array) {
    if (value.length !== length) return false;
    out.set(value, offset);
    return true;
  }
  if (typeof value !== 'string' || value.length !== 2 + 2 * length || !value.startsWith('0x')) {
    return false;
  }
  for (let i = 0, at = 2; i < length; i++, at += 2) {
    const high = digitAt(value, at);
    const low = digitAt(value, at + 1);
    if ((high | low) > 15) return false;
    out[offset + i] = (high << 4) | low;
  }
  return true;
}

function bytesWriter(type: string, length: number, offsetInWord: number): WordWriter {
  return (out, offset, value) => {
    if (!putBytes(out, offset + offsetInWord, length, value)) throw refused(type);
  };
}

function putNumber(out: Uint8Array, end: number, value: number): void {
  for (let rest = value, at = end; rest > 0; at--) {
    out[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

function putBigint(out: Uint8Array, offset: number, value: bigint): void {
  const view = new DataView(out.buffer, out.byteOffset + offset, 32);
  for (let at = 24, rest = value; rest > 0n; at -= 8) {
    view.setBigUint64(at, BigInt.asUintN(64, rest));
    rest >>= 64n;
  }
}

function numberWriter(type: string, bits: number): WordWriter {
  const limit = 1n << BigInt(bits);
  return (out, offset, value) => {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** bits) throw refused(type);
      putNumber(out, offset + 31, value);
      return;
    }
    if (typeof value !== 'bigint' || value < 0n || value >= limit) throw refused(type);
    if (value <= SAFE) putNumber(out, offset + 31, Number(value));
    else putBigint(out, offset, value);
  };
}

const writers = new Map<string, WordWriter | undefined>();

function makeWriter(type: string): WordWriter | undefined {
  if (type === 'address') return bytesWriter(type, 20, 12);
  if (type === 'bool') {
    return (out, offset, value) => {
      if (typeof value !== 'boolean') throw refused(type);
      out[offset + 31] = value ? 1 : 0;
    };
  }
  const [, kind, digits] = /^(uint|bytes)([1-9]\d*)$/.exec(type) ?? [];
  const size = Number(digits);
  if (kind === 'uint' && size % 8 === 0 && size <= 256) return numberWriter(type, size);
  if (kind === 'bytes' && size <= 32) return bytesWriter(type, size, 0);
  return undefined;
}

/** The writer of a static elementary type (`uintN`, `bytesN`, `address`, `bool`), or undefined for any other type. */
export function abiWordWriter(type: string): WordWriter | undefined {
  if (!writers.has(type)) writers.set(type, makeWriter(type));
  return writers.get(type);
}
