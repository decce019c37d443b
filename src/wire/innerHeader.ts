import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { abiDecode, abiEncode } from './abi.ts';
import { fieldsOf, type RecordMessage } from './typedData.ts';

/**
 * The inner header of a record, sealed in its object: `abi.encode(Record, bytes signature)`, zero-padded to a multiple
 * of 256 bytes. `Record` is the struct that the author's node signs.
 */
export interface InnerHeader {
  readonly message: RecordMessage;
  readonly signature: Hex;
}

const STEP = 256;
const fields = fieldsOf('Record');
const TYPES = [`(${fields.map((field) => field.type).join(',')})`, 'bytes'];

/** @throws `BadAbi` when a field does not fit its type */
export function encodeInnerHeader({ message, signature }: InnerHeader): Uint8Array {
  const values = fields.map((field) => message[field.name as keyof RecordMessage]); // the fields of that struct
  const encoded = abiEncode(TYPES, [values, signature]);
  const padded = new Uint8Array(Math.ceil(encoded.length / STEP) * STEP);
  padded.set(encoded);
  return padded;
}

/** @throws `BadInnerHeader` on anything but the bytes that `encodeInnerHeader` makes */
export function decodeInnerHeader(bytes: Uint8Array): InnerHeader {
  try {
    // The decoder gives what the types name, or throws.
    const [values, signature] = abiDecode(TYPES, bytes, STEP) as [unknown[], Hex];
    const entries = fields.map(({ name, type }, index): [string, unknown] => {
      const value = values[index];
      return [name, type === 'uint32' ? Number(value) : value];
    });
    // Built from the declared fields with the types of the declaration.
    return { message: Object.fromEntries(entries) as unknown as RecordMessage, signature };
  } catch (cause) {
    throw new CarelatticeError('BadInnerHeader', 'the inner header of the record is malformed', {
      cause,
    });
  }
}
