import { decode, encode, rfc8949EncodeOptions, Tokenizer, Type, type Token } from 'cborg';
import type { DecodeOptions, DecodeTokenizer, EncodeOptions } from 'cborg/interface';
import { CarelatticeError } from '../errors.ts';
import { equalBytes } from '../hash/bytes.ts';

/**
 * Message bodies: CBOR in the deterministic encoding of RFC 8949 4.2.1. Values are texts, byte strings (`Uint8Array`),
 * booleans, null, whole numbers, lists, and maps with text keys; no floating point, no tags, no `undefined`.
 */
export type BodyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly BodyValue[]
  | { readonly [key: string]: BodyValue };

export interface BodyLimits {
  /** Bytes of the whole body; default 64 MiB (a list put together from its parts). */
  readonly maxBytes?: number;
  /** Lists and maps inside each other; default 16. */
  readonly maxDepth?: number;
  /** Values, keys included; default 4,194,304. */
  readonly maxItems?: number;
}

const MAX_BYTES = 64 * 1024 * 1024;
const MAX_DEPTH = 16;
const MAX_ITEMS = 4 * 1024 * 1024;
const MAX_UINT = 2n ** 64n;

const malformed = (problem: string, cause?: unknown): CarelatticeError =>
  new CarelatticeError('MalformedBody', `a message body is not accepted: ${problem}`, { cause });

const ENCODING: EncodeOptions = {
  ...rfc8949EncodeOptions,
  typeEncoders: {
    number(value: unknown) {
      if (!Number.isSafeInteger(value)) throw malformed('a number is not whole or too large');
      return null;
    },
    bigint(value: bigint) {
      if (value >= MAX_UINT || value < -MAX_UINT) throw malformed('a number needs over 64 bits');
      return null;
    },
    string(value: string) {
      if (!value.isWellFormed()) throw malformed('a text is not well-formed Unicode');
      return null;
    },
    undefined() {
      throw malformed('a value is undefined');
    },
    Map() {
      throw malformed('a map is a plain object');
    },
  },
};

const DECODING: DecodeOptions = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: true,
  rejectDuplicateMapKeys: true,
};

/** Whether a token opens a list or map. */
const opens = (token: Token): boolean =>
  Type.equals(token.type, Type.array) || Type.equals(token.type, Type.map);

/** cborg's tokenizer, bounded: the decoder recurses per level, so depth is checked before it goes down. */
function boundedTokenizer(bytes: Uint8Array, limits: BodyLimits): DecodeTokenizer {
  const maxDepth = limits.maxDepth ?? MAX_DEPTH;
  let left = limits.maxItems ?? MAX_ITEMS;
  const tokenizer = new Tokenizer(bytes, DECODING);
  /** Values still missing in each open list or map. */
  const missing: number[] = [];
  return {
    done: () => tokenizer.done(),
    pos: () => tokenizer.pos(),
    next() {
      const token = tokenizer.next();
      if (--left < 0) throw malformed('too many values');
      if (Type.equals(token.type, Type.float)) throw malformed('floating point is not used');
      while (missing.at(-1) === 0) missing.pop();
      const last = missing.length - 1;
      if (last >= 0) missing[last] = (missing[last] ?? 0) - 1;
      if (opens(token)) {
        // A list's length, a map's number of pairs: a number or, above 2^53, refused by the count of values.
        const size = Number(token.value) * (Type.equals(token.type, Type.map) ? 2 : 1);
        if (size > left) throw malformed('a list is longer than its content');
        missing.push(size);
        if (missing.length > maxDepth) throw malformed('nested too deeply');
      }
      return token;
    },
  };
}

/**
 * The bytes of a body; keys are sorted, so equal bodies have equal bytes.
 * @throws `MalformedBody` when `body` holds anything but a `BodyValue`.
 */
export function encodeBody(body: unknown): Uint8Array {
  try {
    return new Uint8Array(encode(body, ENCODING));
  } catch (error) {
    if (error instanceof CarelatticeError) throw error;
    throw malformed('it holds something that has no encoding', error);
  }
}

/**
 * The value of canonical bytes. Numbers above 2^53 - 1 come as bigint.
 * @throws `MalformedBody` for anything but the one encoding of its value, trailing bytes, or above the limits.
 */
export function decodeBody(bytes: Uint8Array, limits: BodyLimits = {}): BodyValue {
  if (bytes.length > (limits.maxBytes ?? MAX_BYTES)) throw malformed('too long');
  let body: BodyValue;
  try {
    // cborg's return type is `any`; what its strict mode lets through is a BodyValue.
    body = decode(bytes, { ...DECODING, tokenizer: boundedTokenizer(bytes, limits) }) as BodyValue;
  } catch (error) {
    if (error instanceof CarelatticeError) throw error;
    // cborg's messages may quote a map key: they stay out of ours.
    throw malformed('not CBOR in its shortest form');
  }
  if (!equalBytes(encodeBody(body), bytes)) throw malformed('not in canonical form');
  return body;
}

/** `value` as a map of a body. @throws `MalformedBody` */
export function bodyMap(value: BodyValue): { readonly [key: string]: BodyValue } {
  const isMap =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array);
  if (!isMap) throw malformed('a map is needed');
  return value as { readonly [key: string]: BodyValue }; // what is left of the union
}
