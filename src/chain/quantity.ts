import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';

const QUANTITY = /^0x[0-9a-fA-F]{1,64}$/;
const HEX = /^0x(?:[0-9a-fA-F]{2})*$/;

function bad(value: unknown, what: string): CarelatticeError {
  return new CarelatticeError('RpcMalformed', 'a field of the answer has the wrong shape', {
    facts: { field: what, found: String(value).slice(0, 40) },
    retryable: true,
  });
}

/** A JSON-RPC quantity. @throws `RpcMalformed` naming the field. */
export function quantityOf(value: unknown, what: string): bigint {
  if (typeof value !== 'string' || !QUANTITY.test(value)) throw bad(value, what);
  return BigInt(value);
}

/** A JSON-RPC quantity that is a block number, an index, a time in seconds or a gas amount. */
export function numberOf(value: unknown, what: string): number {
  if (typeof value !== 'string' || !QUANTITY.test(value)) throw bad(value, what);
  const number = Number.parseInt(value.slice(2), 16);
  if (!Number.isSafeInteger(number)) throw bad(value, what);
  return number;
}

/** Bytes as lower-case hex; `bytes` checks the length. @throws `RpcMalformed` naming the field. */
export function hexOf(value: unknown, what: string, bytes?: number): Hex {
  if (typeof value !== 'string' || !HEX.test(value)) throw bad(value, what);
  if (bytes !== undefined && value.length !== 2 + 2 * bytes) throw bad(value, what);
  // The pattern has just proved the shape.
  return value.toLowerCase() as Hex;
}

/** An object with named fields. @throws `RpcMalformed` naming the field. */
export function fieldsOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(value, what);
  // An object that is no list has named fields; each is checked where it is read.
  return value as Readonly<Record<string, unknown>>;
}

export function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw bad(value, what);
  return value;
}

/** A number as a JSON-RPC quantity. */
export const toQuantity = (value: number | bigint): Hex => `0x${value.toString(16)}`;
