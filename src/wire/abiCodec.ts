import { CarelatticeError } from '../errors.ts';
import { toHex, utf8 } from '../hash/bytes.ts';
import { abiWord, bytesIn, isZero, putBytes, unfit, type AbiWord } from './abiWord.ts';

/** How one type is written and read; a dynamic one stands in its parent as an offset. */
export interface AbiCodec {
  readonly dynamic: boolean;
  /** Bytes in the parent's head. */
  readonly headSize: number;
  /** Bytes of the encoding of `value`. @throws `BadAbi` */
  sizeOf(value: unknown): number;
  /** Writes into zeros and gives the end. @throws `BadAbi` */
  write(out: Uint8Array, at: number, value: unknown): number;
  /** Reads what stands at `at` and gives the end. @throws `BadAbi` unless canonical */
  read(bytes: Uint8Array, at: number): { value: unknown; end: number };
}

const notCanonical = (): CarelatticeError =>
  new CarelatticeError('BadAbi', 'bytes are no canonical encoding of these types');

function assertRoom(bytes: Uint8Array, at: number, size: number): void {
  if (at + size > bytes.length) throw notCanonical();
}

const padded = (length: number): number => Math.ceil(length / 32) * 32;

const lengthWord = abiWord('uint32') as AbiWord; // a type that `abiWord` knows

function readLength(bytes: Uint8Array, at: number): number {
  assertRoom(bytes, at, 32);
  const length = lengthWord.read(bytes, at);
  if (typeof length !== 'bigint') throw notCanonical();
  return Number(length);
}

function wordCodec(word: AbiWord): AbiCodec {
  return {
    dynamic: false,
    headSize: 32,
    sizeOf: () => 32,
    write(out, at, value) {
      word.write(out, at, value);
      return at + 32;
    },
    read(bytes, at) {
      assertRoom(bytes, at, 32);
      const value = word.read(bytes, at);
      if (value === undefined) throw notCanonical();
      return { value, end: at + 32 };
    },
  };
}

/** Length, bytes, zeros up to a whole word. */
function readBlob(bytes: Uint8Array, at: number): { blob: Uint8Array; end: number } {
  const length = readLength(bytes, at);
  const from = at + 32;
  const end = from + padded(length);
  assertRoom(bytes, from, padded(length));
  if (!isZero(bytes, from + length, end)) throw notCanonical();
  return { blob: bytes.subarray(from, from + length), end };
}

const bytesCodec: AbiCodec = {
  dynamic: true,
  headSize: 32,
  sizeOf(value) {
    const length = bytesIn(value);
    if (length === undefined) throw unfit('bytes');
    return 32 + padded(length);
  },
  write(out, at, value) {
    const length = bytesIn(value) ?? 0; // putBytes refuses what has no length
    lengthWord.write(out, at, length);
    putBytes(out, at + 32, value, length, 'bytes');
    return at + 32 + padded(length);
  },
  read(bytes, at) {
    const { blob, end } = readBlob(bytes, at);
    return { value: toHex(blob), end };
  },
};

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(blob: Uint8Array): string {
  try {
    return decoder.decode(blob);
  } catch {
    throw notCanonical(); // no UTF-8
  }
}

const textBytes = (value: unknown): Uint8Array => {
  if (typeof value !== 'string' || !value.isWellFormed()) throw unfit('string');
  return utf8(value);
};

const stringCodec: AbiCodec = {
  dynamic: true,
  headSize: 32,
  sizeOf: (value) => 32 + padded(textBytes(value).length),
  write: (out, at, value) => bytesCodec.write(out, at, textBytes(value)),
  read(bytes, at) {
    const { blob, end } = readBlob(bytes, at);
    return { value: textOf(blob), end };
  },
};

const headsOf = (codecs: readonly AbiCodec[]): number =>
  codecs.reduce((size, codec) => size + codec.headSize, 0);

const sizeOfAll = (codecs: readonly AbiCodec[], values: readonly unknown[]): number =>
  codecs.reduce((size, codec, index) => {
    const own = codec.sizeOf(values[index]);
    return size + (codec.dynamic ? 32 + own : own);
  }, 0);

/** Heads, then the dynamic values in order. */
function writeAll(
  codecs: readonly AbiCodec[],
  out: Uint8Array,
  at: number,
  values: readonly unknown[],
): number {
  let head = at;
  let tail = at + headsOf(codecs);
  for (const [index, codec] of codecs.entries()) {
    if (codec.dynamic) {
      lengthWord.write(out, head, tail - at);
      tail = codec.write(out, tail, values[index]);
    } else {
      codec.write(out, head, values[index]);
    }
    head += codec.headSize;
  }
  return tail;
}

/** Every offset must point behind what was read so far: so the work is linear in the bytes given. */
function readAll(codecs: readonly AbiCodec[], bytes: Uint8Array, at: number) {
  const value: unknown[] = [];
  let head = at;
  let tail = at + headsOf(codecs);
  for (const codec of codecs) {
    if (codec.dynamic) {
      if (readLength(bytes, head) !== tail - at) throw notCanonical();
      const read = codec.read(bytes, tail);
      value.push(read.value);
      tail = read.end;
    } else {
      value.push(codec.read(bytes, head).value);
    }
    head += codec.headSize;
  }
  return { value, end: tail };
}

function tupleCodec(type: string, codecs: readonly AbiCodec[]): AbiCodec {
  const listOf = (value: unknown): readonly unknown[] => {
    if (!Array.isArray(value) || value.length !== codecs.length) throw unfit(type);
    return value;
  };
  const dynamic = codecs.some((codec) => codec.dynamic);
  return {
    dynamic,
    headSize: dynamic ? 32 : headsOf(codecs),
    sizeOf: (value) => sizeOfAll(codecs, listOf(value)),
    write: (out, at, value) => writeAll(codecs, out, at, listOf(value)),
    read: (bytes, at) => readAll(codecs, bytes, at),
  };
}

function listCodec(type: string, item: AbiCodec): AbiCodec {
  const listOf = (value: unknown): readonly unknown[] => {
    if (!Array.isArray(value)) throw unfit(type);
    return value;
  };
  const repeat = (length: number): AbiCodec[] => new Array<AbiCodec>(length).fill(item);
  return {
    dynamic: true,
    headSize: 32,
    sizeOf: (value) => 32 + sizeOfAll(repeat(listOf(value).length), listOf(value)),
    write(out, at, value) {
      const list = listOf(value);
      lengthWord.write(out, at, list.length);
      return writeAll(repeat(list.length), out, at + 32, list);
    },
    read(bytes, at) {
      const length = readLength(bytes, at);
      assertRoom(bytes, at + 32, length * item.headSize);
      return readAll(repeat(length), bytes, at + 32);
    },
  };
}

/** Splits `a,(b,c),d[]` at its outer commas. */
function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')') depth--;
    if (text[at] === ',' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}

const codecs = new Map<string, AbiCodec>();

function makeCodec(type: string): AbiCodec {
  if (type.endsWith('[]')) return listCodec(type, abiCodec(type.slice(0, -2)));
  if (type.startsWith('(') && type.endsWith(')')) {
    return tupleCodec(type, splitTypes(type.slice(1, -1)).map(abiCodec));
  }
  if (type === 'bytes') return bytesCodec;
  if (type === 'string') return stringCodec;
  const word = abiWord(type);
  if (word === undefined) {
    throw new CarelatticeError('BadAbi', 'no type of the formats', { facts: { type } });
  }
  return wordCodec(word);
}

/** The codec of `uintN`, `bytesN`, `address`, `bool`, `bytes`, `string`, `T[]` or `(T,...)`. @throws `BadAbi` */
export function abiCodec(type: string): AbiCodec {
  let codec = codecs.get(type);
  if (codec === undefined) {
    codec = makeCodec(type);
    codecs.set(type, codec);
  }
  return codec;
}
