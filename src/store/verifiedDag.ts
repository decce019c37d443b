import { exporter } from 'ipfs-unixfs-exporter';
import { sha256 } from '#sha256';
import { CarelatticeError } from '../errors.ts';
import { equalBytes } from '../hash/bytes.ts';
import { throwIfAborted } from './byteStream.ts';
import { openCar } from './car.ts';
import type { Block } from './car.ts';
import { CHUNK_BYTES, DAG_PB, INNER_NODE_BYTES, LINKS_PER_NODE, RAW, parseCid } from './cid.ts';
import { contentCorrupt, contentIncomplete } from './contentErrors.ts';

// The one verifier. The size of a content is known beforehand, and the profile gives every size exactly
// one shape of tree: so each block is expected by CID, length and place before it comes.

/** A content by its root CID and its length in bytes. */
export interface ContentRef {
  cid: string;
  size: number;
}

export interface ExpectedBlock {
  cid: string;
  /** Bytes of content at or under this block. */
  size: number;
  /** 0 for a leaf, which is a raw block; else the height of the inner node. */
  level: number;
}

export interface VerifiedBlock extends Block {
  /** Whether the bytes are content; otherwise they are an inner node. */
  leaf: boolean;
}

/** Depth first through one DAG, a step per block. */
export interface DagWalk {
  /** The block that must come next; undefined when every block has come. */
  next(): ExpectedBlock | undefined;
  /** Verifies the bytes of the block that `next` names, and steps on. @throws `ContentCorrupt` */
  take(bytes: Uint8Array): Promise<VerifiedBlock>;
  /** Steps over a block that came before, with all that lies under it. */
  skip(): void;
}

/** @throws `BadCid`; `ContentCorrupt` when no content of that size has such a CID. */
export const walkDag = (content: ContentRef): DagWalk => walkFrom(rootOf(content));

/** As {@link walkDag}, from any block of a DAG downwards. */
function walkFrom(root: ExpectedBlock): DagWalk {
  const waiting = [root];
  return {
    next: () => waiting.at(-1),
    async take(bytes) {
      const expected = waiting.at(-1);
      if (expected === undefined) throw contentCorrupt(root.cid, 'a block too many');
      verifyBlock(expected, bytes);
      const children = expected.level === 0 ? [] : await childrenOf(expected, bytes);
      waiting.pop();
      waiting.push(...children.reverse());
      return { cid: expected.cid, bytes, leaf: expected.level === 0 };
    },
    skip() {
      waiting.pop();
    },
  };
}

/** @throws `ContentCorrupt` unless these are the bytes of this CID, of the expected length. */
export function verifyBlock(expected: ExpectedBlock, bytes: Uint8Array): void {
  const { cid, size, level } = expected;
  const facts = { bytes: bytes.length };
  if (level === 0 ? bytes.length !== size : bytes.length > INNER_NODE_BYTES) {
    throw contentCorrupt(cid, 'another length', facts);
  }
  verifyHash(cid, bytes);
}

/** @throws `ContentCorrupt` unless these bytes hash to this CID. */
export function verifyHash(cid: string, bytes: Uint8Array): void {
  if (!equalBytes(parseCid(cid).multihash.digest, sha256(bytes))) {
    throw contentCorrupt(cid, 'another hash', { bytes: bytes.length });
  }
}

/**
 * Walks a DAG whose blocks can be asked for one by one. Every block is verified before it is
 * yielded, those of a repeated sub-tree as often as the content has them.
 * @throws `ContentCorrupt`, for a missing block too
 */
export async function* readDag(
  content: ContentRef | ExpectedBlock,
  load: (block: ExpectedBlock) => Promise<Uint8Array | undefined>,
  signal?: AbortSignal,
): AsyncGenerator<VerifiedBlock> {
  const walk = 'level' in content ? walkFrom(content) : walkDag(content);
  for (let block = walk.next(); block !== undefined; block = walk.next()) {
    throwIfAborted(signal);
    const bytes = await load(block);
    if (bytes === undefined) {
      throw contentCorrupt(content.cid, 'a block is missing', { block: block.cid });
    }
    yield await walk.take(bytes);
  }
}

/** What a verified CAR tells, in this order: the missing ones, then each content's blocks and its end. */
export type CarEvent<T extends ContentRef> =
  | { kind: 'missing'; content: T }
  | { kind: 'block'; content: T; block: VerifiedBlock }
  | { kind: 'repeat'; content: T; expected: ExpectedBlock }
  | { kind: 'whole'; content: T };

/**
 * Reads a CAR (`order=dfs; dups=n` within each content) that was asked for with these contents.
 * A content is whole only by its `whole` event. Roots left out are missing; a root nobody asked
 * for, a foreign or surplus block, another order or a flipped bit ends the reading.
 * @throws `ContentCorrupt`, `ContentIncomplete` (also when the source fails)
 */
export async function* readCar<T extends ContentRef>(
  source: AsyncIterable<Uint8Array>,
  wanted: readonly T[],
): AsyncGenerator<CarEvent<T>> {
  const open = new Map(wanted.map((content) => [content.cid, content]));
  const subject = wanted[0]?.cid ?? '(nothing)';
  const car = await openCar(orIncomplete(source, subject), subject);
  try {
    const present: T[] = [];
    for (const root of car.roots) {
      const content = open.get(root);
      if (content === undefined) {
        throw contentCorrupt(subject, 'a root that was not asked for', { root });
      }
      open.delete(root);
      present.push(content);
    }
    for (const content of open.values()) yield { kind: 'missing', content };
    let last: T | undefined;
    for (const content of present) {
      if (last !== undefined) yield { kind: 'whole', content: last };
      last = content;
      const walk = walkDag(content);
      const seen = new Set<string>();
      for (let expected = walk.next(); expected !== undefined; expected = walk.next()) {
        if (seen.has(expected.cid)) {
          walk.skip();
          yield { kind: 'repeat', content, expected };
          continue;
        }
        seen.add(expected.cid);
        const block = await car.next(expected.level === 0 ? expected.size : INNER_NODE_BYTES);
        if (block === undefined) throw contentIncomplete(content.cid);
        if (block.cid !== expected.cid) {
          throw contentCorrupt(content.cid, 'a block that does not belong here', {
            block: block.cid,
          });
        }
        yield { kind: 'block', content, block: await walk.take(block.bytes) };
      }
    }
    // The last content is whole only when nothing follows it.
    if ((await car.next(CHUNK_BYTES)) !== undefined) {
      throw contentCorrupt(last?.cid ?? subject, 'a surplus block');
    }
    if (last !== undefined) yield { kind: 'whole', content: last };
  } finally {
    await car.close();
  }
}

/** A stream that breaks is a stream that ended early; our own errors pass as they are. */
async function* orIncomplete(
  source: AsyncIterable<Uint8Array>,
  subject: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    throw error instanceof CarelatticeError ? error : contentIncomplete(subject, error);
  }
}

function rootOf(content: ContentRef): ExpectedBlock {
  const { cid, size } = content;
  if (!Number.isSafeInteger(size) || size < 0) throw contentCorrupt(cid, 'no such size', { size });
  let level = 0;
  while (capacity(level) < size) level++;
  const root = { cid, size, level };
  checkCodec(root);
  return root;
}

/** Most content bytes under a block of this level. */
const capacity = (level: number): number => CHUNK_BYTES * LINKS_PER_NODE ** level;

function checkCodec(block: ExpectedBlock): void {
  if (parseCid(block.cid).code !== (block.level === 0 ? RAW : DAG_PB)) {
    throw contentCorrupt(block.cid, 'no content of this size has such a CID', {
      size: block.size,
    });
  }
}

async function childrenOf(parent: ExpectedBlock, bytes: Uint8Array): Promise<ExpectedBlock[]> {
  const corrupt = (why: string, cause?: unknown): CarelatticeError =>
    contentCorrupt(parent.cid, why, {}, cause);
  const one = {
    get: async function* () {
      yield bytes;
    },
  };
  const entry = await exporter(parseCid(parent.cid), one).catch((cause: unknown) => {
    throw corrupt('an inner node that cannot be read', cause);
  });
  if (entry.type !== 'file') throw corrupt('an inner node that is no file');
  const { node, unixfs } = entry;
  if (
    node.Data === undefined ||
    unixfs.type !== 'file' ||
    unixfs.data !== undefined ||
    !equalBytes(unixfs.marshal(), node.Data)
  ) {
    throw corrupt('an inner node of another form');
  }
  const sizes = childSizes(parent);
  if (node.Links.length !== sizes.length || unixfs.blockSizes.length !== sizes.length) {
    throw corrupt('another number of links');
  }
  return node.Links.map((link, i) => {
    const size = sizes[i] ?? 0;
    if (unixfs.blockSizes[i] !== BigInt(size) || (link.Name ?? '') !== '') {
      throw corrupt('another size under a link');
    }
    const child = { cid: link.Hash.toString(), size, level: parent.level - 1 };
    checkCodec(child);
    return child;
  });
}

function childSizes(parent: ExpectedBlock): number[] {
  const each = capacity(parent.level - 1);
  const sizes: number[] = [];
  for (let rest = parent.size; rest > 0; rest -= each) sizes.push(Math.min(rest, each));
  return sizes;
}
