import { CarelatticeError } from '../errors.ts';
import { keccak256 } from '../hash/keccak.ts';
import { abiCodec } from './abiCodec.ts';
import { isZero } from './abiWord.ts';

/**
 * Solidity's `abi.encode` for the types of the formats: `uintN`, `bytesN`, `address`, `bool`, `bytes`, `string`, lists
 * `T[]` and structs `(T,...)`. Numbers may be number or bigint, bytes and addresses `0x` hex or Uint8Array, structs
 * are arrays of their fields. Own code because ethers' coder takes half a millisecond per inner header; the tests
 * compare both.
 */

const codecOf = (types: readonly string[]) => abiCodec(`(${types.join(',')})`);

/** `abi.encode(values)`. @throws `BadAbi` when a value does not fit its type. */
export function abiEncode(types: readonly string[], values: readonly unknown[]): Uint8Array {
  if (types.length === 0 && values.length === 0) return new Uint8Array(0);
  const codec = codecOf(types);
  const out = new Uint8Array(codec.sizeOf(values));
  codec.write(out, 0, values);
  return out;
}

/**
 * The values that `abi.encode` made `bytes` of: every number a bigint, bytes and addresses lower-case hex, structs and
 * lists arrays. Only the one canonical encoding is accepted, followed, when `multiple` is given, by the zeros that
 * fill it up to that multiple.
 * @throws `BadAbi`
 */
export function abiDecode(types: readonly string[], bytes: Uint8Array, multiple = 1): unknown[] {
  const { value, end } = codecOf(types).read(bytes, 0);
  const full = Math.ceil(end / multiple) * multiple;
  if (!Array.isArray(value) || full !== bytes.length || !isZero(bytes, end, full)) {
    throw new CarelatticeError('BadAbi', 'bytes follow the canonical encoding');
  }
  return value;
}

/** keccak256 of `abi.encode(values)`, 32 bytes: what a contract recomputes. @throws `BadAbi` */
export const keccakOf = (types: readonly string[], values: readonly unknown[]): Uint8Array =>
  keccak256(abiEncode(types, values));
