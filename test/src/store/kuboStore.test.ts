import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ContentStore } from '../../../src/store/contentStore.ts';
import { openKuboStore } from '../../../src/store/kuboStore.ts';
import { openMemoryStore } from '../../../src/store/memoryStore.ts';
import { startKuboStandIn } from '../../support/kuboStandIn.ts';
import type { KuboStandIn } from '../../support/kuboStandIn.ts';
import { behavesAsContentStore } from './contentStore.behaviour.ts';
import type { DriverUnderTest } from './contentStore.behaviour.ts';
import { behavesAsHolder } from './holding.behaviour.ts';
import { MIB, bytesOf, codeOf, holderOver, ownerOf, seededBytes } from './contents.ts';

describe('KuboStore', () => {
  let kubo: KuboStandIn;
  let directory: string;
  before(async () => {
    kubo = await startKuboStandIn();
  });
  after(() => kubo.close());
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'carelattice-kubo-'));
    kubo.blocks.clear();
    kubo.pins.clear();
    kubo.ignore('nothing');
    kubo.requests.length = 0;
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const open = (): Promise<ContentStore> =>
    openKuboStore({
      url: kubo.url,
      ledger: join(directory, 'ledger.sqlite'),
      requestMs: 10_000,
      authorization: 'Bearer of-the-operator',
    });

  const driver: DriverUnderTest = {
    async open() {
      const store = await open();
      return {
        store,
        async flipBit(cid) {
          const bytes = kubo.blocks.get(cid)?.slice();
          if (bytes === undefined) return;
          bytes[0] = (bytes[0] ?? 0) ^ 1;
          kubo.blocks.set(cid, bytes);
        },
        async removeBehindItsBack(cid) {
          kubo.blocks.delete(cid);
        },
        blocks: async () => [...kubo.blocks.keys()],
        end: () => store.close(),
      };
    },
  };
  behavesAsContentStore(driver);
  behavesAsHolder(driver);

  const alice = ownerOf('alice');
  const bob = ownerOf('bob');

  it('sends every option, its authorization, time limits, and offline where only local content is meant', async () => {
    const store = await open();
    kubo.requests.length = 0;
    const { cid, size } = await store.put(alice, seededBytes('options', 100));
    await bytesOf(store.get(cid, size));
    await store.block(cid, cid);
    await store.erase(alice);
    await store.close();
    const sent = kubo.requests.map((request) => new URL(request, kubo.url));
    const add = sent[0]?.searchParams;
    for (const [key, value] of Object.entries({
      'cid-version': '1',
      'raw-leaves': 'true',
      chunker: 'size-1048576',
      'max-file-links': '1024',
      hash: 'sha2-256',
      trickle: 'false',
      pin: 'true',
    })) {
      expect(add?.get(key), key).to.equal(value);
    }
    for (const { pathname, searchParams } of sent) {
      expect(searchParams.get('timeout'), pathname).to.equal('10000ms');
      if (/export|get$/.test(pathname)) expect(searchParams.get('offline')).to.equal('true');
    }
    expect(sent.map(({ pathname }) => pathname)).not.to.contain('/api/v0/repo/gc');
    expect(kubo.lastHeaders().authorization).to.equal('Bearer of-the-operator');
  });

  for (const what of ['everything', 'max-file-links'] as const) {
    it(`does not start with a daemon that ignores ${what}`, async () => {
      kubo.ignore(what);
      expect(await codeOf(open())).to.equal('StoreMismatch');
      expect(kubo.blocks.size, 'the self-test stores nothing').to.equal(0);
    });
  }

  it('does not start with a daemon that is down, nor on a port that fetch refuses', async () => {
    const ledger = join(directory, 'ledger.sqlite');
    const down = openKuboStore({ url: 'http://127.0.0.1:1234', ledger, requestMs: 2_000 });
    expect(await codeOf(down)).to.equal('ContentUnavailable');
    const blocked = openKuboStore({ url: 'http://127.0.0.1:5060', ledger });
    expect(await codeOf(blocked)).to.equal('PortBlocked');
  });

  it('never takes a dag/export that ends early for complete', async () => {
    const store = await open();
    const { cid, size } = await store.put(alice, seededBytes('early', 3 * MIB));
    const leaf = [...kubo.blocks.keys()].find((block) => block !== cid) ?? '';
    kubo.blocks.delete(leaf);
    expect(await codeOf(bytesOf(store.get(cid, size)))).to.equal('ContentIncomplete');
    expect(await codeOf(bytesOf(store.exportCar(cid)))).to.equal('ContentIncomplete');
    await store.close();
  });

  it('does not believe an import whose pin failed', async () => {
    const store = await open();
    const origin = openMemoryStore();
    const { cid, size } = await origin.put(alice, seededBytes('unpinned', 3 * MIB));
    kubo.replaceNext('dag/import', (response) => {
      const root = { Cid: { '/': cid }, PinErrorMsg: 'block was not found locally (offline)' };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify({ Root: root })}\n`);
    });
    const work = store.importCar(alice, origin.exportCar(cid), cid, size);
    expect(await codeOf(work)).to.equal('ContentIncomplete');
    expect(await store.has(cid)).to.equal(false);
    await origin.close();
    await store.close();
  });

  it('does not believe an import that names no root, nor one that stored nothing', async () => {
    const store = await open();
    const origin = openMemoryStore();
    const { cid, size } = await origin.put(alice, seededBytes('rootless', 2 * MIB));
    const importing = () => codeOf(store.importCar(alice, origin.exportCar(cid), cid, size));
    kubo.replaceNext('dag/import', (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end();
    });
    expect(await importing()).to.equal('ContentIncomplete');
    kubo.replaceNext('dag/import', (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify({ Root: { Cid: { '/': cid }, PinErrorMsg: '' } })}\n`);
    });
    expect(await importing()).to.equal('ContentUnavailable');
    expect(await store.has(cid)).to.equal(false);
    await origin.close();
    await store.close();
  });

  it('refuses a daemon that stored other bytes than it was given', async () => {
    const store = await open();
    const other = await openMemoryStore().put(alice, seededBytes('other', 100));
    kubo.blocks.set(other.cid, seededBytes('other', 100));
    kubo.replaceNext('add', (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify({ Name: '', Hash: other.cid, Size: '100' })}\n`);
    });
    expect(await codeOf(store.put(alice, seededBytes('mine', 100)))).to.equal('StoreMismatch');
    await store.close();
  });

  it('leaves a block that another pin of the daemon needs, and says so', async () => {
    const store = await open();
    const leaf = seededBytes('leaf of both', MIB);
    const { cid } = await store.put(alice, leaf);
    const operators = await openKuboStore({
      url: kubo.url,
      ledger: join(directory, 'operators.sqlite'),
    });
    const longer = await operators.put(bob, Buffer.concat([leaf, seededBytes('tail', 9)]));
    expect(await store.erase(alice)).to.deep.equal({
      owner: alice,
      unlinked: [],
      stillNeeded: [cid],
    });
    const bytes = await bytesOf(operators.get(longer.cid, longer.size));
    expect(bytes).to.have.lengthOf(longer.size);
    await operators.close();
    await store.close();
  });

  it('does not call an erasure done when block/rm fails, and finishes it when repeated', async () => {
    const store = await open();
    const { cid } = await store.put(alice, seededBytes('stubborn', 100));
    kubo.replaceNext('block/rm', (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify({ Hash: cid, Error: 'disk on fire' })}\n`);
    });
    expect(await codeOf(store.erase(alice))).to.equal('ContentUnavailable');
    expect(kubo.blocks.has(cid)).to.equal(true);
    expect((await store.erase(alice)).unlinked).to.deep.equal([cid]);
    expect(kubo.blocks.has(cid)).to.equal(false);
    await store.close();
  });

  it('takes a block that is gone already for erased', async () => {
    const store = await open();
    const { cid } = await store.put(alice, seededBytes('gone', 100));
    kubo.pins.delete(cid);
    kubo.blocks.delete(cid);
    expect((await store.erase(alice)).unlinked).to.deep.equal([cid]);
    await store.close();
  });

  it('gives up at the abort signal on a daemon that never answers', async () => {
    const store = await open();
    const { cid, size } = await store.put(alice, seededBytes('silent', 100));
    const stop = new AbortController();
    kubo.replaceNext('dag/export', () => stop.abort());
    const reading = bytesOf(store.get(cid, size, { signal: stop.signal }));
    expect(await codeOf(reading)).to.equal('ContentUnavailable');
    await store.close();
  });

  it('pulls many small contents in one import', async () => {
    const store = await open();
    const origin = openMemoryStore();
    const items = Array.from({ length: 20 }, (_, i) => ({
      owner: ownerOf(`n${i}`),
      source: seededBytes(`n${i}`, 500),
    }));
    const stored = await origin.putMany(items);
    const wanted = stored.map((content, i) => ({ owner: ownerOf(`n${i}`), ...content }));
    kubo.requests.length = 0;
    const outcomes = await store.pullMany(wanted, [holderOver('o', origin)]);
    expect(outcomes.filter(({ kind }) => kind !== 'stored')).to.deep.equal([]);
    const imports = kubo.requests.filter((request) => request.includes('dag/import'));
    expect(imports).to.have.lengthOf(1);
    await origin.close();
    await store.close();
  });
});
