import { CarelatticeError } from '../errors.ts';

/** Bytes in chunks of any size. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Reads a source in pieces of the size one asks for. */
export interface ByteReader {
  /** Exactly `size` bytes, valid until the next call: they may lie in the source's own memory. @throws `SourceEnded` */
  read(size: number): Promise<Uint8Array>;
  /** Whether nothing is left. */
  atEnd(): Promise<boolean>;
  /** Tells the source that no more is wanted. */
  close(): Promise<void>;
}

const iteratorOf = (source: ByteSource): AsyncIterator<Uint8Array> | Iterator<Uint8Array> =>
  Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();

export function byteReader(source: ByteSource): ByteReader {
  const iterator = iteratorOf(source);
  let chunk: Uint8Array = new Uint8Array(0);
  let ended = false;

  /** Moves on to the next chunk that holds anything; false at the end. */
  async function advance(): Promise<boolean> {
    while (!ended && chunk.length === 0) {
      const next = await iterator.next();
      if (next.done === true) ended = true;
      else chunk = next.value;
    }
    return chunk.length > 0;
  }

  return {
    async read(size) {
      if (chunk.length >= size) {
        const part = chunk.subarray(0, size);
        chunk = chunk.subarray(size);
        return part;
      }
      const out = new Uint8Array(size);
      let filled = 0;
      while (filled < size) {
        if (!(await advance())) {
          throw new CarelatticeError('SourceEnded', 'the bytes end too early', {
            facts: { missing: size - filled },
          });
        }
        const part = chunk.subarray(0, size - filled);
        out.set(part, filled);
        filled += part.length;
        chunk = chunk.subarray(part.length);
      }
      return out;
    },
    atEnd: async () => !(await advance()),
    async close() {
      if (!ended) await iterator.return?.();
      ended = true;
    },
  };
}
