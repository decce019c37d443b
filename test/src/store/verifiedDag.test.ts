import { expect } from 'chai';
import { importBytes } from 'ipfs-unixfs-importer';
import type { ImporterOptions } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { sha256 } from '#sha256';
import { buildDag } from '../../../src/store/buildDag.ts';
import { rawCid } from '../../../src/store/cid.ts';
import { readDag, walkDag } from '../../../src/store/verifiedDag.ts';
import { MIB, bytesOf, codeOf, inPieces, seededBytes } from './contents.ts';

interface InnerNode {
  type: number;
  data?: Uint8Array;
  fileSize: number;
  blockSizes: number[];
  links: { cid: string; name: string; size: number }[];
  /** Bytes behind the last field of the UnixFS data. */
  extra?: Uint8Array;
}

/** dag-pb around UnixFS, field by field (https://ipld.io/specs/codecs/dag-pb/spec/), right or wrong. */
function encodeInnerNode(node: InnerNode): Uint8Array {
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
  const bytesField = (field: number, bytes: Uint8Array): number[] => [
    field * 8 + 2,
    ...varint(bytes.length),
    ...bytes,
  ];
  const numberField = (field: number, value: number): number[] => [field * 8, ...varint(value)];
  const links = node.links.flatMap(({ cid, name, size }) => {
    const link = [
      ...bytesField(1, CID.parse(cid).bytes),
      ...bytesField(2, Buffer.from(name)),
      ...numberField(3, size),
    ];
    return bytesField(2, Uint8Array.from(link));
  });
  const unixfs = [
    ...numberField(1, node.type),
    ...(node.data === undefined ? [] : bytesField(2, node.data)),
    ...numberField(3, node.fileSize),
    ...node.blockSizes.flatMap((size) => numberField(4, size)),
    ...(node.extra ?? []),
  ];
  return Uint8Array.from([...links, ...bytesField(1, Uint8Array.from(unixfs))]);
}

/** The same hash under the other codec. */
const asNode = (cid: string): string => CID.create(1, 0x70, CID.parse(cid).multihash).toString();

type Blocks = Map<string, Uint8Array>;

async function built(bytes: Uint8Array): Promise<{ cid: string; size: number; blocks: Blocks }> {
  const blocks: Blocks = new Map();
  const { cid, size } = await buildDag(bytes, async (block, kept) => void blocks.set(block, kept));
  return { cid, size, blocks };
}
async function foreign(bytes: Uint8Array, options: ImporterOptions) {
  const blocks: Blocks = new Map();
  const store = {
    async put(cid: { toString(): string }, block: unknown) {
      // The importer gives whole blocks.
      blocks.set(cid.toString(), block as Uint8Array);
      return cid;
    },
  };
  const importing = importBytes(bytes, store as Parameters<typeof importBytes>[1], options);
  return { cid: (await importing).cid.toString(), size: bytes.length, blocks };
}
const contentOf = (content: { cid: string; size: number }, blocks: Blocks) =>
  bytesOf(
    (async function* () {
      const walk = readDag(content, async ({ cid }) => blocks.get(cid));
      for await (const { leaf, bytes } of walk) if (leaf) yield bytes;
    })(),
  );

describe('verified DAG', () => {
  it('gives the content when every block is there and right', async () => {
    for (const length of [0, 1, MIB, MIB + 1, 3 * MIB]) {
      const bytes = seededBytes('right', length);
      const { blocks, ...content } = await built(bytes);
      expect(Buffer.compare(await contentOf(content, blocks), bytes)).to.equal(0);
    }
  });

  it('is the same whatever pieces the content came in', async () => {
    const bytes = seededBytes('pieces', MIB + 9);
    const { cid } = await built(bytes);
    for (const piece of [1, 4_096, MIB, 2 * MIB]) {
      const inThese = await buildDag(inPieces(bytes, piece), async () => undefined);
      expect(inThese.cid, `pieces of ${piece}`).to.equal(cid);
    }
  });

  it('refuses every single missing block and every flipped bit', async () => {
    const { blocks, ...content } = await built(seededBytes('broken', 2 * MIB + 5));
    for (const [cid, bytes] of blocks) {
      const without = new Map(blocks);
      without.delete(cid);
      expect(await codeOf(contentOf(content, without))).to.equal('ContentCorrupt');
      for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
        const flipped = bytes.slice();
        flipped[at] = (flipped[at] ?? 0) ^ 128;
        const changed = new Map(blocks).set(cid, flipped);
        expect(await codeOf(contentOf(content, changed)), `byte ${at}`).to.equal('ContentCorrupt');
      }
    }
  });

  it('refuses another block in the place of a linked one', async () => {
    const { blocks, ...content } = await built(seededBytes('swapped', 2 * MIB));
    const [first, second] = [...blocks.keys()].filter((cid) => cid !== content.cid);
    const swapped = new Map(blocks)
      .set(first ?? '', blocks.get(second ?? '') ?? new Uint8Array())
      .set(second ?? '', blocks.get(first ?? '') ?? new Uint8Array());
    expect(await codeOf(contentOf(content, swapped))).to.equal('ContentCorrupt');
  });

  it('refuses trees of any other shape, though they hold the same bytes', async () => {
    const bytes = seededBytes('shape', 3 * MIB);
    const profile = 'unixfs-v1-2025';
    for (const options of [
      { profile, chunker: fixedSize({ chunkSize: 262_144 }) },
      { profile, chunker: fixedSize({ chunkSize: 2 * MIB }) },
      { profile, layout: balanced({ maxChildrenPerNode: 2 }) },
      { profile, rawLeaves: false },
    ] as const) {
      const { blocks, ...content } = await foreign(bytes, options);
      expect(await codeOf(contentOf(content, blocks))).to.equal('ContentCorrupt');
    }
  });

  it('refuses a size that the CID cannot have, before any block is asked for', async () => {
    const cid = rawCid(seededBytes('size', 10));
    const { cid: tree } = await built(seededBytes('tree', MIB + 1));
    const open = async (content: { cid: string; size: number }) => walkDag(content);
    for (const size of [MIB + 1, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(await codeOf(open({ cid, size })), String(size)).to.equal('ContentCorrupt');
    }
    expect(await codeOf(open({ cid: tree, size: 10 }))).to.equal('ContentCorrupt');
    expect(await codeOf(open({ cid: 'bafkqaaa', size: 0 }))).to.equal('BadCid');
  });

  describe('an inner node made by hand', () => {
    const leaves = [seededBytes('left', MIB), seededBytes('right', 7)];
    const size = MIB + 7;
    const good: InnerNode = {
      type: 2,
      fileSize: size,
      blockSizes: leaves.map((leaf) => leaf.length),
      links: leaves.map((leaf) => ({ cid: rawCid(leaf), name: '', size: leaf.length })),
    };
    const reading = (node: InnerNode) => {
      const bytes = encodeInnerNode(node);
      const digest = createDigest(0x12, sha256(bytes));
      const cid = CID.create(1, 0x70, digest).toString();
      const blocks: Blocks = new Map([[cid, bytes]]);
      for (const leaf of leaves) {
        blocks.set(rawCid(leaf), leaf).set(asNode(rawCid(leaf)), leaf);
      }
      return { cid, work: contentOf({ cid, size }, blocks) };
    };

    it('is taken in the one right form', async () => {
      const { cid, work } = reading(good);
      expect(cid).to.equal((await built(Buffer.concat(leaves))).cid);
      expect(await work).to.have.lengthOf(size);
    });

    const [left, right] = good.links;
    if (left === undefined || right === undefined) throw new Error('two links');
    const wrong: Record<string, Partial<InnerNode>> = {
      'is a directory': { type: 1 },
      'is of the type raw': { type: 0 },
      'has content of its own': { data: Uint8Array.of(1) },
      'has content of its own and counts it': { data: Uint8Array.of(1), fileSize: size + 1 },
      'tells another file size': { fileSize: size + 1 },
      'tells other block sizes': { blockSizes: [7, MIB] },
      'has a block size too many': { blockSizes: [MIB, 7, 0] },
      'has a link too many': { links: [left, right, right] },
      'has a link too few': { links: [left] },
      'has a link and a size too few': { links: [left], blockSizes: [MIB], fileSize: MIB },
      'calls a leaf a node': { links: [left, { ...right, cid: asNode(right.cid) }] },
      'has its links in another order': { links: [right, left] },
      'names a link': { links: [left, { ...right, name: 'x' }] },
      'carries a field that nobody knows': { extra: Uint8Array.of(0x7a, 1, 9) },
    };
    for (const [what, change] of Object.entries(wrong)) {
      it(`is refused when it ${what}`, async () => {
        expect(await codeOf(reading({ ...good, ...change }).work)).to.equal('ContentCorrupt');
      });
    }
  });

  it('stops at the abort signal', async () => {
    const { blocks, ...content } = await built(seededBytes('aborted', 3 * MIB));
    const stop = new AbortController();
    const reading = (async () => {
      const walk = readDag(content, async ({ cid }) => blocks.get(cid), stop.signal);
      for await (const block of walk) if (block.bytes.length > 0) stop.abort();
    })();
    expect(await codeOf(reading)).to.equal('ContentUnavailable');
  });
});
