import { importByteStream } from 'ipfs-unixfs-importer';
import { concat } from '../hash/bytes.ts';
import { joined, piecesOf, throwIfAborted } from './byteStream.ts';
import type { ByteSource } from './byteStream.ts';
import { CHUNK_BYTES, rawCid } from './cid.ts';

export interface BlockEntry {
  cid: string;
  /** Bytes of the block itself. */
  size: number;
}

export interface BuiltContent {
  cid: string;
  /** Bytes of content. */
  size: number;
  /** Every block once. */
  blocks: readonly BlockEntry[];
}

/** Blocks written at the same time: what bounds the memory of a stream. */
const WRITES_AT_ONCE = 4;

/**
 * Cuts a content into the blocks of profile `unixfs-v1-2025`. Up to 1 MiB it is one raw block;
 * longer ones pass through in flat memory, the root last.
 */
export async function buildDag(
  source: ByteSource,
  keep: (cid: string, bytes: Uint8Array) => Promise<void>,
  signal?: AbortSignal,
): Promise<BuiltContent> {
  const pieces = piecesOf(source);
  const head: Uint8Array[] = [];
  let size = 0;
  while (size <= CHUNK_BYTES) {
    throwIfAborted(signal);
    const step = await pieces.next();
    if (step.done === true) {
      const bytes = head.length === 1 && head[0] !== undefined ? head[0] : joined(head, size);
      const cid = rawCid(bytes);
      await keep(cid, bytes);
      return { cid, size, blocks: [{ cid, size }] };
    }
    head.push(step.value);
    size += step.value.length;
  }
  const blocks = new Map<string, BlockEntry>();
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield* head.splice(0);
    for (;;) {
      throwIfAborted(signal);
      const step = await pieces.next();
      if (step.done === true) return;
      size += step.value.length;
      yield step.value;
    }
  };
  const root = await importByteStream(
    all(),
    {
      async put(cid, bytes) {
        const text = cid.toString();
        const whole = await wholeBytes(bytes);
        if (!blocks.has(text)) {
          blocks.set(text, { cid: text, size: whole.length });
          await keep(text, whole);
        }
        return cid;
      },
    },
    { profile: 'unixfs-v1-2025', blockWriteConcurrency: WRITES_AT_ONCE },
  );
  return { cid: root.cid.toString(), size, blocks: [...blocks.values()] };
}

/** The importer's own type allows pieces. */
async function wholeBytes(
  bytes: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  if (bytes instanceof Uint8Array) return bytes;
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return concat(...parts);
}
