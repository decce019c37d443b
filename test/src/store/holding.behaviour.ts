import { CarReader } from '@ipld/car/reader';
import { expect } from 'chai';
import { rawCid } from '../../../src/store/cid.ts';
import type { ContentStore, StoredContent } from '../../../src/store/contentStore.ts';
import { openMemoryStore } from '../../../src/store/memoryStore.ts';
import { summary } from './contentStore.behaviour.ts';
import type { DriverUnderTest, OpenDriver } from './contentStore.behaviour.ts';
import {
  MIB,
  bytesOf,
  changedHolder,
  codeOf,
  deadHolder,
  holderOver,
  inPieces,
  ownerOf,
  seededBytes,
} from './contents.ts';

/** How every driver pulls, erases and scrubs. */
export function behavesAsHolder(driver: DriverUnderTest): void {
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

  describe('pull', () => {
    let cid: string;
    let size: number;
    beforeEach(async () => {
      ({ cid, size } = await origin.put(alice, seededBytes('pulled', 70_000)));
    });
    const statusOf = async () => (await listed()).find((content) => content.cid === cid);

    it('asks the second holder when the first is down, and notes who gave it', async () => {
      await store.pull(alice, cid, size, [deadHolder('a'), holderOver('b', origin)]);
      expect(await store.has(cid)).to.equal(true);
      expect(await statusOf()).to.deep.include({ state: 'pinned', attempts: 1, holder: 'b' });
    });

    it('asks the next holder after a flipped bit and after an early end', async () => {
      const liars = [
        changedHolder('flips', origin, (car) => {
          const changed = car.slice();
          changed[500] = (changed[500] ?? 0) ^ 4;
          return inPieces(changed);
        }),
        changedHolder('cuts', origin, (car) => inPieces(car.subarray(0, -10))),
      ];
      await store.pull(alice, cid, size, [...liars, holderOver('good', origin)]);
      expect(await bytesOf(store.get(cid, size))).to.have.lengthOf(size);
    });

    it('shows a failed content with attempts and last error, and pulls it later', async () => {
      const down = [deadHolder('a'), deadHolder('b')];
      expect(await codeOf(store.pull(alice, cid, size, down))).to.equal('ContentUnavailable');
      expect(await codeOf(store.pull(alice, cid, size, down))).to.equal('ContentUnavailable');
      expect(await store.has(cid)).to.equal(false);
      const failed = await statusOf();
      expect(failed).to.deep.include({ state: 'failed', attempts: 2, holder: 'b' });
      expect(failed?.lastError).to.contain('ContentUnavailable');
      await store.pull(alice, cid, size, [holderOver('c', origin)]);
      expect(await statusOf()).to.deep.include({ state: 'pinned', attempts: 3, holder: 'c' });
    });

    it('queues contents visibly', async () => {
      await store.queue([{ owner: alice, cid, size }]);
      expect(await statusOf()).to.deep.include({ state: 'queued', attempts: 0, owners: [alice] });
      expect(await store.has(cid)).to.equal(false);
      await store.pull(alice, cid, size, [holderOver('a', origin)]);
      expect(await statusOf()).to.deep.include({ state: 'pinned' });
    });

    it('tells "nobody has it" from "somebody is down"', async () => {
      const empty = openMemoryStore();
      const nobody = [holderOver('empty', empty)];
      expect(await codeOf(store.pull(alice, cid, size, nobody))).to.equal('ContentNotFound');
      const work = store.pull(alice, cid, size, [deadHolder('a'), ...nobody]);
      expect(await codeOf(work)).to.equal('ContentUnavailable');
      await empty.close();
    });

    it('pulls many, from several holders, in one round', async () => {
      const second = openMemoryStore();
      const wanted = [
        ...(await putAt(origin, [1_000, 2_000])),
        ...(await putAt(second, [3_000])),
        { owner: bob, cid: (await openedElsewhere()).cid, size: 5 },
      ];
      const holders = [holderOver('first', origin), holderOver('second', second)];
      const outcomes = await store.pullMany(wanted, holders);
      expect(outcomes.map(summary)).to.deep.equal([
        'stored',
        'stored',
        'stored',
        'ContentNotFound',
      ]);
      await second.close();
    });

    it('takes an owner more for what it has, without asking anybody', async () => {
      await store.pull(alice, cid, size, [holderOver('a', origin)]);
      await store.pull(bob, cid, size, []);
      expect((await statusOf())?.owners).to.have.members([alice, bob]);
    });

    it('refuses another size for what it has', async () => {
      await store.pull(alice, cid, size, [holderOver('a', origin)]);
      const work = store.pull(bob, cid, size + 1, [holderOver('a', origin)]);
      expect(await codeOf(work)).to.equal('ContentCorrupt');
      expect((await statusOf())?.owners).to.deep.equal([alice]);
    });

    it('gives up at the abort signal while a holder hangs', async () => {
      const stop = new AbortController();
      const silent = {
        name: 'silent',
        fetch: (): Promise<AsyncIterable<Uint8Array>> => {
          queueMicrotask(() => stop.abort());
          return new Promise(() => undefined);
        },
      };
      const work = store.pull(alice, cid, size, [silent], { signal: stop.signal });
      expect(await codeOf(work)).to.equal('ContentUnavailable');
      expect((await statusOf())?.state).to.equal('failed');
    });
  });

  describe('erase and unpin', () => {
    it('unlinks every block and refuses the owner for good', async () => {
      const { cid, size } = await store.put(alice, seededBytes('erased', 2 * MIB + 1));
      const car = await bytesOf(store.exportCar(cid));
      const erasure = await store.erase(alice);
      expect(erasure.unlinked).to.have.lengthOf(4);
      expect(erasure.stillNeeded).to.deep.equal([]);
      expect(await opened.blocks()).to.deep.equal([]);
      expect(await listed()).to.deep.equal([]);
      expect(await codeOf(store.put(alice, seededBytes('new', 5)))).to.equal('ContentErased');
      expect(await codeOf(store.importCar(alice, inPieces(car), cid, size))).to.equal(
        'ContentErased',
      );
      await origin.put(bob, seededBytes('erased', 2 * MIB + 1));
      const work = store.pull(alice, cid, size, [holderOver('origin', origin)]);
      expect(await codeOf(work)).to.equal('ContentErased');
      expect(await codeOf(store.queue([{ owner: alice, cid, size }]))).to.equal('ContentErased');
      await store.put(bob, seededBytes('erased', 2 * MIB + 1));
      expect(await codeOf(store.pin(alice, cid))).to.equal('ContentErased');
    });

    it('may be repeated, and done before anything came', async () => {
      await store.put(alice, seededBytes('twice', 10));
      await store.erase(alice);
      expect(await store.erase(alice)).to.deep.equal({
        owner: alice,
        unlinked: [],
        stillNeeded: [],
      });
      await store.erase(bob);
      expect(await codeOf(store.put(bob, seededBytes('late', 10)))).to.equal('ContentErased');
    });

    it('leaves a content that another owner needs', async () => {
      const { cid, size } = await store.put(alice, seededBytes('shared', 90_000));
      await store.put(bob, seededBytes('shared', 90_000));
      expect((await store.erase(alice)).stillNeeded).to.deep.equal([cid]);
      expect(await bytesOf(store.get(cid, size))).to.have.lengthOf(size);
      expect((await store.erase(bob)).unlinked).to.deep.equal([cid]);
    });

    it('leaves a block that another content shares', async () => {
      const common = seededBytes('common', MIB);
      const join = (tail: string) => inPieces(Buffer.concat([common, seededBytes(tail, 10)]));
      const first = await store.put(alice, join('one'));
      const second = await store.put(bob, join('two'));
      const erasure = await store.erase(alice);
      expect(erasure.unlinked).to.have.lengthOf(2);
      expect(erasure.stillNeeded).to.have.lengthOf(1);
      expect(await store.has(first.cid)).to.equal(false);
      expect(await bytesOf(store.get(second.cid, second.size))).to.have.lengthOf(second.size);
      expect((await store.erase(bob)).unlinked).to.have.lengthOf(3);
      expect(await opened.blocks()).to.deep.equal([]);
    });

    it('unpins without refusing the owner later', async () => {
      const { cid } = await store.put(alice, seededBytes('unpinned', 10));
      await store.unpin(bob, cid);
      expect(await store.has(cid)).to.equal(true);
      await store.unpin(alice, cid);
      expect(await store.has(cid)).to.equal(false);
      expect(await opened.blocks()).to.deep.equal([]);
      await store.put(alice, seededBytes('unpinned', 10));
      expect(await store.has(cid)).to.equal(true);
    });

    it('drops the wish for a content that never came', async () => {
      const { cid, size } = await openedElsewhere();
      await store.queue([{ owner: alice, cid, size }]);
      await store.erase(alice);
      expect(await listed()).to.deep.equal([]);
    });
  });

  describe('damage', () => {
    it('is found on reading, before the bytes are used', async () => {
      const { cid, size } = await store.put(alice, seededBytes('damaged', 100_000));
      await opened.flipBit(cid);
      const got: Uint8Array[] = [];
      const reading = (async () => {
        for await (const bytes of store.get(cid, size)) got.push(bytes);
      })();
      expect(await codeOf(reading)).to.equal('ContentCorrupt');
      expect(got).to.deep.equal([]);
    });

    it('is found by scrubbing and healed from another holder', async () => {
      const bytes = seededBytes('scrubbed', 2 * MIB + 50);
      const { cid, size } = await store.put(alice, bytes);
      await origin.put(alice, bytes);
      const small = await store.put(bob, seededBytes('fine', 100));
      const leaf = await lastLeaf(cid);
      await opened.flipBit(leaf);
      const found = await store.scrub();
      expect(found).to.deep.equal({ blocks: 5, damaged: [cid], healed: [] });
      expect(await store.has(cid)).to.equal(false);
      expect(await store.has(small.cid)).to.equal(true);
      expect((await store.status(cid))?.state).to.equal('failed');
      const healing = await store.scrub({ holdersOf: async () => [holderOver('o', origin)] });
      expect(healing.healed).to.deep.equal([cid]);
      expect(Buffer.compare(await bytesOf(store.get(cid, size)), bytes)).to.equal(0);
      expect((await store.scrub()).damaged).to.deep.equal([]);
    });

    it('of a missing block is found and healed for every content that shares it', async () => {
      const [first, second] = await twoThatShareABlock();
      const found = await store.scrub();
      expect(found.damaged).to.have.members([first.cid, second.cid]);
      const report = await store.scrub({ holdersOf: async () => [holderOver('o', origin)] });
      expect(report.healed).to.have.members([first.cid, second.cid]);
      for (const { cid, size } of [first, second]) {
        expect(await bytesOf(store.get(cid, size))).to.have.lengthOf(size);
      }
    });

    it('of a shared block is over for all once one content is pulled again', async () => {
      const [first, second] = await twoThatShareABlock();
      await store.scrub();
      expect(await store.has(second.cid)).to.equal(false);
      await store.pull(alice, first.cid, first.size, [holderOver('o', origin)]);
      expect(await store.has(second.cid)).to.equal(true);
      expect(await bytesOf(store.get(second.cid, second.size))).to.have.lengthOf(second.size);
    });

    /** Two contents here and at the origin, and the first block of both gone here. */
    async function twoThatShareABlock(): Promise<[StoredContent, StoredContent]> {
      const common = seededBytes('common', MIB);
      const putBoth = async (owner: string, tail: string): Promise<StoredContent> => {
        const bytes = Buffer.concat([common, seededBytes(tail, 10)]);
        await origin.put(owner, bytes);
        return store.put(owner, bytes);
      };
      const both: [StoredContent, StoredContent] = [
        await putBoth(alice, 'x'),
        await putBoth(bob, 'y'),
      ];
      await opened.removeBehindItsBack(rawCid(common));
      return both;
    }
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
  async function openedElsewhere() {
    const elsewhere = openMemoryStore();
    const stored = await elsewhere.put(alice, seededBytes('nobody has this', 5));
    await elsewhere.close();
    return stored;
  }
  async function lastLeaf(cid: string): Promise<string> {
    const reader = await CarReader.fromBytes(await bytesOf(store.exportCar(cid)));
    let last = '';
    for await (const block of reader.blocks()) last = block.cid.toString();
    return last;
  }
}
