import { expect } from 'chai';
import { importBytes } from 'ipfs-unixfs-importer';
import type { ImporterOptions } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import { buildDag } from '../../../src/store/buildDag.ts';
import { rawCid } from '../../../src/store/cid.ts';
import { readDag, walkDag } from '../../../src/store/verifiedDag.ts';
import { MIB, bytesOf, codeOf, inPieces, seededBytes } from './contents.ts';

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

  it('refuses a directory and an inner node with content of its own', async () => {
    const file = seededBytes('small', 100);
    const wrapped = await foreign(file, { profile: 'unixfs-v1-2025', rawLeaves: false });
    const content = { cid: wrapped.cid, size: 2 * MIB };
    expect(await codeOf(contentOf(content, wrapped.blocks))).to.equal('ContentCorrupt');
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
