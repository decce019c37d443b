import { CarReader } from '@ipld/car/reader';
import { expect } from 'chai';
import type { ContentStore } from '../../../src/store/contentStore.ts';
import { openMemoryStore } from '../../../src/store/memoryStore.ts';
import {
  MIB,
  breaking,
  bytesOf,
  codeOf,
  formulaBytes,
  hanging,
  inPieces,
  ownerOf,
  seededBytes,
  vectorsOf,
} from './contents.ts';

export interface DriverUnderTest {
  open(): Promise<OpenDriver>;
}

export interface OpenDriver {
  store: ContentStore;
  /** Flips a bit of a stored block behind the store's back. */
  flipBit(cid: string): Promise<void>;
  removeBehindItsBack(cid: string): Promise<void>;
  /** CIDs of all blocks that lie in the driver. */
  blocks(): Promise<string[]>;
  end(): Promise<void>;
}

const RECORDED = vectorsOf<{ content: { cids: Record<string, string> } }>('cids.json');

/** What every driver of the content store does alike. */
export function behavesAsContentStore(driver: DriverUnderTest): void {
  let opened: OpenDriver;
  let store: ContentStore;
  /** Another node's store, from which things come. */
  let origin: ReturnType<typeof openMemoryStore>;
  beforeEach(async () => {
    opened = await driver.open();
    store = opened.store;
    origin = openMemoryStore();
  });
  afterEach(async () => {
    await opened.end();
    await origin.close();
  });
  const alice = ownerOf('alice');
  const bob = ownerOf('bob');

  describe('put and get', () => {
    for (const [length, cid] of Object.entries(RECORDED.content.cids)) {
      it(`gives ${length} bytes the CID that Kubo gave, and the same bytes back`, async () => {
        const bytes = formulaBytes(Number(length));
        const stored = await store.put(alice, inPieces(bytes, 100_000));
        expect(stored).to.deep.equal({ cid, size: bytes.length });
        expect(Buffer.compare(await bytesOf(store.get(cid, bytes.length)), bytes)).to.equal(0);
        expect(await store.has(cid)).to.equal(true);
      });
    }

    it('takes bytes as well as streams, and many at once', async () => {
      const items = [1, 2, 3].map((i) => ({
        owner: ownerOf(`many ${i}`),
        source: seededBytes(`many ${i}`, 10_000 * i),
      }));
      const stored = await store.putMany(items);
      for (const [i, { cid, size }] of stored.entries()) {
        expect(await bytesOf(store.get(cid, size))).to.deep.equal(items[i]?.source);
      }
    });

    it('returns content that repeats itself', async () => {
      const bytes = new Uint8Array(3 * MIB + 5);
      const { cid, size } = await store.put(alice, bytes);
      expect(Buffer.compare(await bytesOf(store.get(cid, size)), bytes)).to.equal(0);
    });

    it('does not have what nobody put', async () => {
      const { cid } = await origin.put(alice, seededBytes('elsewhere', 10));
      expect(await store.has(cid)).to.equal(false);
      expect(await codeOf(bytesOf(store.get(cid, 10)))).to.equal('ContentNotFound');
      expect(await codeOf(bytesOf(store.exportCar(cid)))).to.equal('ContentNotFound');
      expect(await codeOf(store.pin(alice, cid))).to.equal('ContentNotFound');
    });

    it('refuses a CID of another kind', async () => {
      const foreign = 'QmWMnSrfRNMfj2WZSTbuaA2dp5o3pwA38LNGgdd8MWRPbp';
      expect(await codeOf(bytesOf(store.get(foreign, 10)))).to.equal('BadCid');
    });

    it('refuses another size than was stored', async () => {
      const { cid, size } = await store.put(alice, seededBytes('size', 100));
      expect(await codeOf(bytesOf(store.get(cid, size + 1)))).to.equal('ContentCorrupt');
    });

    it('keeps nothing of a source that fails', async () => {
      const source = breaking(seededBytes('a', MIB), seededBytes('b', MIB));
      let failure: unknown;
      await store.put(alice, source).catch((error: unknown) => (failure = error));
      expect(failure).to.be.instanceOf(Error);
      expect(await opened.blocks()).to.deep.equal([]);
      expect(await listed()).to.deep.equal([]);
    });

    it('lists what it has with its owners', async () => {
      const { cid, size } = await store.put(alice, seededBytes('listed', 9));
      await store.pin(bob, cid);
      const owners = [alice, bob].sort();
      expect(await listed()).to.deep.equal([{ cid, size, state: 'pinned', owners, attempts: 0 }]);
    });
  });

  describe('CAR', () => {
    it('goes out as a CAR that others read, depth first, each block once', async () => {
      const bytes = seededBytes('car', 2 * MIB + 9);
      const { cid } = await store.put(alice, bytes);
      const reader = await CarReader.fromBytes(await bytesOf(store.exportCar(cid)));
      expect((await reader.getRoots()).map(String)).to.deep.equal([cid]);
      const blocks: string[] = [];
      for await (const block of reader.blocks()) blocks.push(block.cid.toString());
      expect(blocks[0]).to.equal(cid);
      expect(blocks).to.have.lengthOf(4);
      expect(new Set(blocks).size).to.equal(4);
    });

    for (const length of [0, 1, 10_240, 65_537, MIB, 3_500_000]) {
      it(`carries ${length} bytes from another driver and back`, async () => {
        const bytes = seededBytes('there and back', length);
        const { cid, size } = await origin.put(alice, bytes);
        await store.importCar(alice, origin.exportCar(cid), cid, size);
        expect(Buffer.compare(await bytesOf(store.get(cid, size)), bytes)).to.equal(0);
        const third = openMemoryStore();
        await third.importCar(bob, store.exportCar(cid), cid, size);
        expect(await third.has(cid)).to.equal(true);
        await third.close();
      });
    }

    it('imports content that repeats itself', async () => {
      const bytes = new Uint8Array(4 * MIB);
      const { cid, size } = await origin.put(alice, bytes);
      await store.importCar(alice, origin.exportCar(cid), cid, size);
      expect(Buffer.compare(await bytesOf(store.get(cid, size)), bytes)).to.equal(0);
    });

    it('keeps what came whole of a CAR with several roots', async () => {
      const wanted = await putAt(origin, [10, 20, 30]);
      const car = await bytesOf(origin.exportMany(wanted.map(({ cid }) => cid)));
      const outcomes = await store.importMany(inPieces(car.subarray(0, -5)), wanted);
      expect(outcomes.map(summary)).to.deep.equal(['stored', 'stored', 'ContentIncomplete']);
      expect(await store.has(wanted[2]?.cid ?? '')).to.equal(false);
      expect(await opened.blocks()).to.have.members(wanted.slice(0, 2).map(({ cid }) => cid));
    });

    it('tells which roots were left out without spoiling the others', async () => {
      const wanted = await putAt(origin, [10, 20, 30]);
      const car = origin.exportMany([wanted[0]?.cid ?? '', wanted[2]?.cid ?? '']);
      const outcomes = await store.importMany(car, wanted);
      expect(outcomes.map(summary)).to.deep.equal(['stored', 'ContentNotFound', 'stored']);
    });
  });

  describe('what comes from elsewhere', () => {
    const LENGTH = 2 * MIB + 100;
    let cid: string;
    let size: number;
    let car: Uint8Array;
    beforeEach(async () => {
      ({ cid, size } = await origin.put(alice, seededBytes('foreign', LENGTH)));
      car = await bytesOf(origin.exportCar(cid));
    });
    const importing = (stream: AsyncIterable<Uint8Array>): Promise<string | undefined> =>
      codeOf(store.importCar(alice, stream, cid, size));
    afterEach(async () => {
      expect(await store.has(cid)).to.equal(false);
      expect(await opened.blocks(), 'nothing half-written').to.deep.equal([]);
    });

    it('is refused when the stream ends early, between blocks or within one', async () => {
      const lastBlock = 100 + 36 + 2;
      for (const cut of [1, 50, lastBlock, lastBlock + 1, MIB + lastBlock + 39]) {
        expect(await importing(inPieces(car.subarray(0, -cut)))).to.equal('ContentIncomplete');
      }
      expect(await importing(inPieces(new Uint8Array()))).to.equal('ContentIncomplete');
    });

    it('is refused when the connection breaks', async () => {
      expect(await importing(breaking(car.subarray(0, MIB)))).to.equal('ContentIncomplete');
    });

    it('is refused with a flipped bit anywhere', async () => {
      for (const at of [3, 30, 70, 110, 1_000, MIB, car.length - 1]) {
        const flipped = car.slice();
        flipped[at] = (flipped[at] ?? 0) ^ 1;
        expect(await importing(inPieces(flipped)), `byte ${at}`).to.be.oneOf([
          'ContentCorrupt',
          'ContentIncomplete',
        ]);
      }
    });

    it('is refused with a surplus block, a foreign block or a foreign root', async () => {
      const other = await origin.put(bob, seededBytes('other', 50));
      const otherCar = await bytesOf(origin.exportCar(other.cid));
      const surplus = otherCar.subarray(-(50 + 36 + 1));
      const both = async function* (): AsyncGenerator<Uint8Array> {
        yield car;
        yield surplus;
      };
      expect(await importing(both())).to.equal('ContentCorrupt');
      expect(await importing(inPieces(otherCar))).to.equal('ContentCorrupt');
    });

    it('is refused under another size', async () => {
      for (const wrong of [size - 1, size + 1, 10, 3 * MIB]) {
        const work = store.importCar(alice, inPieces(car), cid, wrong);
        expect(await codeOf(work), String(wrong)).to.equal('ContentCorrupt');
      }
    });

    it('is given up when the caller aborts while the stream hangs', async () => {
      const stop = new AbortController();
      const stream = (async function* () {
        yield car.subarray(0, 1_000);
        stop.abort();
        yield* hanging();
      })();
      const work = store.importCar(alice, stream, cid, size, { signal: stop.signal });
      expect(await codeOf(work)).to.equal('ContentUnavailable');
    });
  });

  it('refuses every call once it is closed', async () => {
    const { cid, size } = await store.put(alice, seededBytes('closed', 10));
    await store.close();
    expect(await codeOf(store.has(cid))).to.equal('StoreClosed');
    expect(await codeOf(store.put(alice, seededBytes('x', 1)))).to.equal('StoreClosed');
    expect(await codeOf(bytesOf(store.get(cid, size)))).to.equal('StoreClosed');
    await store.close();
  });

  async function listed() {
    const all = [];
    for await (const content of store.list()) all.push(content);
    return all;
  }
  async function putAt(at: ContentStore, lengths: number[]) {
    const wanted = [];
    for (const length of lengths) {
      const owner = ownerOf(`of ${length}`);
      wanted.push({ owner, ...(await at.put(owner, seededBytes(`${length}`, length))) });
    }
    return wanted;
  }
}

export const summary = (outcome: { kind: string; error?: { code: string } }): string =>
  outcome.error?.code ?? outcome.kind;
