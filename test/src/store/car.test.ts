import { CarReader } from '@ipld/car/reader';
import { CarWriter } from '@ipld/car/writer';
import { expect } from 'chai';
import { CID } from 'multiformats/cid';
import { concat } from '../../../src/hash/bytes.ts';
import { encodeCarBlock, encodeCarHeader, openCar } from '../../../src/store/car.ts';
import { rawCid } from '../../../src/store/cid.ts';
import { bytesOf, codeOf, inPieces, seededBytes } from './contents.ts';

const blocks = [0, 1, 90, 91, 92, 20_000].map((length) => {
  const bytes = seededBytes(`block ${length}`, length);
  return { cid: rawCid(bytes), bytes };
});
const rootsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => rawCid(seededBytes(`root ${i}`, 4)));

async function readAll(car: Uint8Array, piece = 7): Promise<{ roots: number; blocks: string[] }> {
  const reader = await openCar(inPieces(car, piece), 'test');
  const read: string[] = [];
  for (;;) {
    const block = await reader.next(30_000);
    if (block === undefined) return { roots: reader.roots.length, blocks: read };
    read.push(block.cid);
  }
}

describe('CAR', () => {
  for (const count of [1, 23, 24, 255, 256]) {
    it(`with ${count} roots is what @ipld/car writes, and read by both`, async () => {
      const roots = rootsOf(count);
      const ours = concat(encodeCarHeader(roots), ...blocks.map(encodeCarBlock));
      const { writer, out } = CarWriter.create(roots.map((root) => CID.parse(root)));
      const theirs = bytesOf(out);
      for (const { cid, bytes } of blocks) await writer.put({ cid: CID.parse(cid), bytes });
      await writer.close();
      expect(Buffer.compare(ours, await theirs)).to.equal(0);
      const reader = await CarReader.fromBytes(ours);
      expect((await reader.getRoots()).map(String)).to.deep.equal(roots);
      expect(await readAll(ours)).to.deep.equal({
        roots: count,
        blocks: blocks.map(({ cid }) => cid),
      });
    });
  }

  it('is read the same in single bytes', async () => {
    const car = concat(encodeCarHeader(rootsOf(1)), ...blocks.map(encodeCarBlock));
    expect((await readAll(car, 1)).blocks).to.have.lengthOf(blocks.length);
  });

  it('cut off anywhere but between blocks is incomplete', async () => {
    const [, , block] = blocks;
    if (block === undefined) throw new Error('no block');
    const header = encodeCarHeader(rootsOf(1));
    const car = concat(header, encodeCarBlock(block));
    for (let length = 0; length < car.length; length++) {
      const expected = length === header.length ? undefined : 'ContentIncomplete';
      expect(await codeOf(readAll(car.subarray(0, length))), `${length} bytes`).to.equal(expected);
    }
  });

  it('of another version, with another header or with a header too long is refused', async () => {
    const good = encodeCarHeader(rootsOf(1));
    // Behind the length and before and behind the digest of the one root.
    const fixed = [...good.keys()].filter((at) => at > 0 && (at < 18 || at >= 50));
    for (const at of fixed) {
      const changed = good.slice();
      changed[at] = (changed[at] ?? 0) ^ 3;
      expect(await codeOf(readAll(changed)), `byte ${at}`).to.be.a('string');
    }
    const version2 = good.slice();
    version2[good.length - 1] = 2;
    expect(await codeOf(readAll(version2))).to.equal('ContentCorrupt');
    const long = Uint8Array.of(0xff, 0xff, 0xff, 0x7f);
    expect(await codeOf(readAll(long))).to.equal('ContentCorrupt');
    expect(await codeOf(readAll(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80)))).to.equal(
      'ContentCorrupt',
    );
  });

  it('with a frame shorter than a CID, or a length written in too many bytes, is refused', async () => {
    const header = encodeCarHeader(rootsOf(1));
    for (const frame of [[0], [35], [0xa4, 0x00], [0xa4, 0x80, 0x00]]) {
      const car = concat(header, Uint8Array.of(...frame), new Uint8Array(40));
      expect(await codeOf(readAll(car)), String(frame)).to.equal('ContentCorrupt');
    }
  });

  it('with a CIDv0 or another hash function is refused', async () => {
    const header = encodeCarHeader(rootsOf(1));
    const v0 = concat(Uint8Array.of(37, 0x12, 0x20), new Uint8Array(35));
    const sha512 = concat(Uint8Array.of(37, 1, 0x55, 0x13, 32), new Uint8Array(33));
    for (const frame of [v0, sha512]) {
      expect(await codeOf(readAll(concat(header, frame)))).to.equal('ContentCorrupt');
    }
  });
});
