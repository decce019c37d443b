import { z } from 'zod';
import type { Hex } from '../hash/bytes.ts';
import { fieldsOf, isStructName, type MessageOf, type StructName } from './typedDataStructs.ts';

/** Typed data as JSON: an object of its fields, every number a decimal text, bytes lower-case hex with `0x`. */

/** More items than a person ever lists, few enough to be read at once. */
const MAX_ITEMS = 1024;
const MAX_TEXT = 32_768;

const hexOfLength = (bytes: number) =>
  z.custom<Hex>(
    (value) =>
      typeof value === 'string' && value.length === 2 + 2 * bytes && /^0x[0-9a-f]*$/.test(value),
    `lower-case hex of ${bytes} bytes with 0x is needed`,
  );

/** Bytes of any length. */
export const hexJson = z.custom<Hex>(
  (value) => typeof value === 'string' && /^0x([0-9a-f]{2})*$/.test(value),
  'lower-case hex with 0x is needed',
);
/** Ids and digests. */
export const hex32Json = hexOfLength(32);
/** Accounts. */
export const accountJson = hexOfLength(20);

/** A number of up to `bits` bits as decimal text; a bigint in TypeScript. */
export const uintJson = (bits: number) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,77})$/, 'a whole number as decimal text is needed')
    .transform(BigInt)
    .refine((value) => value < 1n << BigInt(bits), `a number of at most ${bits} bits is needed`);

function schemaOfType(type: string): z.ZodType {
  if (type.endsWith('[]')) return z.array(schemaOfType(type.slice(0, -2))).max(MAX_ITEMS);
  if (isStructName(type)) return typedDataJson(type);
  if (type === 'string') {
    const isText = (text: string): boolean => text.isWellFormed();
    return z.string().max(MAX_TEXT).refine(isText, 'the text is no well-formed Unicode');
  }
  if (type === 'address') return accountJson;
  if (type === 'bytes') return hexJson;
  const size = Number(/\d+$/.exec(type)?.[0]);
  if (type.startsWith('bytes')) return hexOfLength(size);
  return size <= 32 ? uintJson(size).transform(Number) : uintJson(size);
}

/** The fields of a struct, one schema each. */
export const fieldsJson = (name: StructName): Record<string, z.ZodType> =>
  Object.fromEntries(fieldsOf(name).map((field) => [field.name, schemaOfType(field.type)]));

const known = new Map<StructName, z.ZodType>();

/** Reads a struct from its JSON; an unknown field is refused. */
export function typedDataJson<N extends StructName>(name: N): z.ZodType<MessageOf<N>> {
  const schema = known.get(name) ?? z.strictObject(fieldsJson(name));
  known.set(name, schema);
  return schema as z.ZodType<MessageOf<N>>; // built from the declaration that the type is made of
}

/** A value of typed data as JSON holds it: numbers become decimal texts, fields that are undefined are left out. */
export function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'number') return value.toString();
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      item === undefined ? [] : [[key, jsonOf(item)]],
    ),
  );
}
