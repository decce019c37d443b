import { AbiCoder, ParamType } from 'ethers/abi';
import { CarelatticeError } from '../errors.ts';
import { equalBytes, fromHex, toHex } from '../hash/bytes.ts';
import { keccak256 } from '../hash/keccak.ts';
import { abiWordWriter } from './abiWord.ts';

/**
 * Solidity's `abi.encode`. This is the only file that uses ethers' coder; lists of static types, the usual case, are
 * packed by hand. Numbers may be number or bigint; `bytes` of any size and addresses `0x` hex or Uint8Array.
 */

const coder = AbiCoder.defaultAbiCoder();

function encodeStatic(
  types: readonly string[],
  values: readonly unknown[],
): Uint8Array | undefined {
  const writers = types.map(abiWordWriter);
  const out = new Uint8Array(32 * types.length);
  for (const [index, write] of writers.entries()) {
    if (write === undefined) return undefined;
    write(out, 32 * index, values[index]);
  }
  return out;
}

/** Uint8Arrays as hex, which is what the coder compares and checks by length. */
const plain = (value: unknown): unknown =>
  value instanceof Uint8Array ? toHex(value) : Array.isArray(value) ? value.map(plain) : value;

/** `abi.encode(values)`. @throws `BadAbi` when a value does not fit its type. */
export function abiEncode(types: readonly string[], values: readonly unknown[]): Uint8Array {
  if (types.length !== values.length) {
    throw new CarelatticeError('BadAbi', 'as many values as types are needed', {
      facts: { types: types.length, values: values.length },
    });
  }
  const packed = encodeStatic(types, values);
  if (packed !== undefined) return packed;
  let encoded: string;
  try {
    encoded = coder.encode(types, values.map(plain));
  } catch {
    // The coder's message quotes the value, which may be secret: it is left out.
    throw new CarelatticeError('BadAbi', 'a value does not fit its type', { facts: { types } });
  }
  return fromHex(encoded);
}

/** Addresses in lower case, as everywhere in the code, and plain arrays instead of the coder's results. */
function lowerCase(type: ParamType, value: unknown): unknown {
  if (type.baseType === 'address') return String(value).toLowerCase();
  if (!Array.isArray(value)) return value;
  const { arrayChildren, components } = type;
  return value.map((item, index) => {
    const child = arrayChildren ?? components?.[index];
    return child === undefined ? item : lowerCase(child, item);
  });
}

/**
 * The values that `abi.encode` made `bytes` of: every number a bigint, bytes and addresses lower-case hex, tuples and
 * arrays plain arrays. Only the one canonical encoding is accepted, followed, when `multiple` is given, by the zeros
 * that fill it up to that multiple.
 * @throws `BadAbi`
 */
export function abiDecode(types: readonly string[], bytes: Uint8Array, multiple = 1): unknown[] {
  const refused = new CarelatticeError('BadAbi', 'bytes are no canonical encoding of these types', {
    facts: { types },
  });
  const params = types.map((type) => ParamType.from(type));
  let values: unknown[];
  try {
    const decoded = coder.decode(params, bytes).toArray(true);
    values = params.map((param, index) => lowerCase(param, decoded[index]));
  } catch {
    throw refused; // the coder's message quotes the data
  }
  const canonical = abiEncode(types, values);
  const expected = new Uint8Array(Math.ceil(canonical.length / multiple) * multiple);
  expected.set(canonical);
  if (!equalBytes(expected, bytes)) throw refused;
  return values;
}

/** keccak256 of `abi.encode(values)`, 32 bytes: what a contract recomputes. @throws `BadAbi` */
export const keccakOf = (types: readonly string[], values: readonly unknown[]): Uint8Array =>
  keccak256(abiEncode(types, values));
