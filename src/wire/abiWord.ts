import { CarelatticeError } from '../errors.ts';
import { toHex } from '../hash/bytes.ts';

/**
 * One 32-byte word of `abi.encode` and of EIP-712: a value of a static elementary type (`uintN`, `bytesN`, `address`,
 * `bool`). Numbers and addresses lie at the right end of the word, `bytesN` at the left, zeros beside them.
 */
export interface AbiWord {
  /** Writes into a word that is zero. @throws `BadAbi` when the value does not fit. */
  readonly write: (out: Uint8Array, offset: number, value: unknown) => void;
  /** The value: bigint, boolean or lower-case hex; undefined when the word is no canonical encoding. */
  readonly read: (bytes: Uint8Array, offset: number) => bigint | boolean | string | undefined;
}

/** Errors name types, never values: a message may hold what must not be logged. */
export const unfit = (type: string): CarelatticeError =>
  new CarelatticeError('BadAbi', 'a value does not fit its type', { facts: { type } });

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Value of a hex digit by its character code, 255 for any other character. */
const DIGIT = new Uint8Array(128).fill(255);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  DIGIT[digit.charCodeAt(0)] = value;
  DIGIT[digit.toUpperCase().charCodeAt(0)] = value;
}

const digitAt = (text: string, at: number): number => DIGIT[text.charCodeAt(at)] ?? 255;

/** How many bytes `0x` hex or a Uint8Array stand for; undefined for anything else. */
export function bytesIn(value: unknown): number | undefined {
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== 'string' || !value.startsWith('0x') || value.length % 2 === 1) {
    return undefined;
  }
  return value.length / 2 - 1;
}

/** Writes bytes given as `0x` hex or Uint8Array. @throws `BadAbi` when they are not, or not of this length. */
export function putBytes(
  out: Uint8Array,
  offset: number,
  value: unknown,
  length: number,
  type: string,
): void {
  if (bytesIn(value) !== length) throw unfit(type);
  if (value instanceof Uint8Array) {
    out.set(value, offset);
  } else if (typeof value === 'string') {
    for (let i = 0, at = 2; i < length; i++, at += 2) {
      const high = digitAt(value, at);
      const low = digitAt(value, at + 1);
      if ((high | low) > 15) throw unfit(type);
      out[offset + i] = (high << 4) | low;
    }
  }
}

export function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}

function bytesWord(type: string, length: number, start: number): AbiWord {
  return {
    write: (out, offset, value) => putBytes(out, offset + start, value, length, type),
    read(bytes, offset) {
      const from = offset + start;
      const clean = isZero(bytes, offset, from) && isZero(bytes, from + length, offset + 32);
      return clean ? toHex(bytes.subarray(from, from + length)) : undefined;
    },
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

function readNumber(bytes: Uint8Array, offset: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 32);
  let value = view.getBigUint64(24);
  for (let at = 16, shift = 64n; at >= 0; at -= 8, shift += 64n) {
    const part = view.getBigUint64(at);
    if (part !== 0n) value |= part << shift;
  }
  return value;
}

function numberWord(type: string, bits: number): AbiWord {
  const limit = 1n << BigInt(bits);
  return {
    write(out, offset, value) {
      if (typeof value === 'number') {
        if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** bits) throw unfit(type);
        putNumber(out, offset + 31, value);
        return;
      }
      if (typeof value !== 'bigint' || value < 0n || value >= limit) throw unfit(type);
      if (value <= SAFE) putNumber(out, offset + 31, Number(value));
      else putBigint(out, offset, value);
    },
    read(bytes, offset) {
      const value = readNumber(bytes, offset);
      return value < limit ? value : undefined;
    },
  };
}

const boolWord: AbiWord = {
  write(out, offset, value) {
    if (typeof value !== 'boolean') throw unfit('bool');
    out[offset + 31] = value ? 1 : 0;
  },
  read(bytes, offset) {
    const last = bytes[offset + 31];
    if (!isZero(bytes, offset, offset + 31) || (last !== 0 && last !== 1)) return undefined;
    return last === 1;
  },
};

/** The word of a static elementary type, or undefined for any other type. */
export function abiWord(type: string): AbiWord | undefined {
  if (type === 'address') return bytesWord(type, 20, 12);
  if (type === 'bool') return boolWord;
  const [, kind, digits] = /^(uint|bytes)([1-9]\d{0,2})$/.exec(type) ?? [];
  const size = Number(digits);
  if (kind === 'uint' && size % 8 === 0 && size <= 256) return numberWord(type, size);
  if (kind === 'bytes' && size <= 32) return bytesWord(type, size, 0);
  return undefined;
}
