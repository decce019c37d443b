/** Adds a vector to vectors/typedDataDigests.json for every struct that has none; the digests come from ethers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { TypedDataEncoder } from 'ethers';
import { toHex, utf8 } from '../../src/hash/bytes.ts';
import { keccak256 } from '../../src/hash/keccak.ts';
import { fieldsOf, isStructName, structs, typeOf } from '../../src/wire/typedData.ts';
import type { StructName } from '../../src/wire/typedData.ts';

const path = new URL('../../vectors/typedDataDigests.json', import.meta.url);
const vectors = JSON.parse(readFileSync(path, 'utf8')) as { name: string }[]; // written by this script

/** Bytes that differ from value to value and are the same in every run. */
function counter(): (type: string) => unknown {
  let calls = 0;
  const value = (type: string): unknown => {
    calls += 1;
    if (type.endsWith('[]')) return [value(type.slice(0, -2)), value(type.slice(0, -2))];
    if (isStructName(type)) return messageOf(type);
    if (type === 'string') return `text ${calls} \u6587`;
    const bytes = keccak256(utf8(`vector ${calls}`));
    if (type === 'bytes') return toHex(bytes.subarray(0, 20));
    if (type === 'address') return toHex(bytes.subarray(0, 20));
    if (type.startsWith('bytes')) return toHex(bytes.subarray(0, Number(type.slice(5))));
    return BigInt(toHex(bytes.subarray(0, Number(type.slice(4)) / 8))).toString();
  };
  const messageOf = (name: StructName): Record<string, unknown> =>
    Object.fromEntries(fieldsOf(name).map((field) => [field.name, value(field.type)]));
  return value;
}

for (const name of Object.keys(structs).filter(isStructName)) {
  if (vectors.some((vector) => vector.name === name)) continue;
  const federationId = toHex(keccak256(utf8(`federation of ${name}`)));
  const message = counter()(name) as Record<string, unknown>; // a struct gives an object
  const encoder = new TypedDataEncoder(typesOf(name));
  const domain = { name: 'Carelattice', version: '1', salt: federationId };
  vectors.push({
    name,
    type: encoder.encodeType(name),
    typeHash: toHex(keccak256(utf8(encoder.encodeType(name)))),
    federationId,
    message,
    digest: TypedDataEncoder.hash(domain, typesOf(name), message),
  } as { name: string });
}
writeFileSync(path, `${JSON.stringify(vectors, undefined, 2)}\n`);

function typesOf(name: StructName): Record<string, { name: string; type: string }[]> {
  const inner = [...typeOf(name).matchAll(/(\w+)\(/g)].map(([, struct = '']) => struct);
  return Object.fromEntries(
    inner.filter(isStructName).map((struct) => [struct, [...fieldsOf(struct)]]),
  );
}
