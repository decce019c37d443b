import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CarelatticeError } from '../../../src/errors.ts';
import { concat } from '../../../src/hash/bytes.ts';
import type { ContentStore, Holder } from '../../../src/store/contentStore.ts';

/** A recording of `vectors`, in the form that the test declares for it. */
export function vectorsOf<T>(name: string): T {
  const text = readFileSync(new URL(`../../../vectors/${name}`, import.meta.url), 'utf8');
  // The file is ours, and a wrong form fails the test that reads it.
  return JSON.parse(text) as T;
}

/** Byte i of the contents of `vectors/cids.json`. */
export const formulaBytes = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (131 * i + 31 * (i >>> 8) + 17 * (i >>> 16) + 7) & 255);

/** Bytes that look random, the same for each seed: SHA-256 of `${seed}:${counter}`. */
export function seededBytes(seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(length / 32) * 32);
  for (let at = 0; at < length; at += 32) {
    bytes.set(
      createHash('sha256')
        .update(`${seed}:${at / 32}`)
        .digest(),
      at,
    );
  }
  return bytes.slice(0, length);
}

export const ownerOf = (name: string): string =>
  `0x${createHash('sha256').update(name).digest('hex')}`;

export const MIB = 1_048_576;

export async function* inPieces(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return concat(...parts);
}

/** The code that `work` fails with; undefined when it goes well. Anything but our own error is thrown on. */
export async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof CarelatticeError) return error.code;
    throw error;
  }
}

/** A holder that gives all it has of what is asked. */
export const holderOver = (name: string, store: ContentStore): Holder => ({
  name,
  async fetch(wanted, call) {
    const here: string[] = [];
    for (const { cid } of wanted) if (await store.has(cid)) here.push(cid);
    return store.exportMany(here, call);
  },
});

/** A holder whose stream is made by `change` from the true CAR. */
export const changedHolder = (
  name: string,
  store: ContentStore,
  change: (car: Uint8Array) => AsyncIterable<Uint8Array>,
): Holder => ({
  name,
  async fetch(wanted) {
    return change(await bytesOf(store.exportMany(wanted.map(({ cid }) => cid))));
  },
});

export const deadHolder = (name: string): Holder => ({
  name,
  fetch: () => Promise.reject(new Error('connect ECONNREFUSED')),
});

/** Pieces, and then nothing ever again. */
export async function* hanging(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
  await new Promise(() => undefined);
}

/** Pieces, and then the connection breaks. */
export async function* breaking(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
  throw new Error('terminated');
}
