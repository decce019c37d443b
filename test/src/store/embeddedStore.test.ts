import { mkdtemp, readFile, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { openEmbeddedStore } from '../../../src/store/embeddedStore.node.ts';
import type { ContentStore } from '../../../src/store/contentStore.ts';
import { behavesAsContentStore } from './contentStore.behaviour.ts';
import type { DriverUnderTest } from './contentStore.behaviour.ts';
import { behavesAsHolder } from './holding.behaviour.ts';
import { MIB, breaking, bytesOf, codeOf, inPieces, ownerOf, seededBytes } from './contents.ts';

describe('EmbeddedStore', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'carelattice-store-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const files = async (): Promise<string[]> => {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  };
  const blockFiles = async (): Promise<string[]> =>
    (await files()).filter((path) => path.includes('/blocks/') || path.includes('/staging/'));
  const inDatabase = <T>(work: (database: DatabaseSync) => T): T => {
    const database = new DatabaseSync(join(directory, 'store.sqlite'));
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  const rows = (): string[] =>
    inDatabase((database) =>
      database
        .prepare("SELECT cid FROM block WHERE place = 'row'")
        .all()
        .map((row) => String(row['cid'])),
    );
  const fileOf = async (cid: string): Promise<string | undefined> =>
    (await blockFiles()).find((path) => path.endsWith(cid));

  const driver: DriverUnderTest = {
    async open() {
      const store = await openEmbeddedStore({ directory });
      return {
        store,
        async flipBit(cid) {
          const path = await fileOf(cid);
          if (path === undefined) {
            inDatabase((database) => {
              const row = database.prepare('SELECT bytes FROM block WHERE cid = ?').get(cid);
              const bytes = Buffer.from(row?.['bytes'] as Uint8Array);
              bytes[0] = (bytes[0] ?? 0) ^ 1;
              database.prepare('UPDATE block SET bytes = ? WHERE cid = ?').run(bytes, cid);
            });
            return;
          }
          const bytes = await readFile(path);
          bytes[0] = (bytes[0] ?? 0) ^ 1;
          await writeFile(path, bytes);
        },
        async removeBehindItsBack(cid) {
          const path = await fileOf(cid);
          if (path !== undefined) await unlink(path);
        },
        blocks: async () => [
          ...rows(),
          ...(await blockFiles()).map((path) => path.split('/').at(-1) ?? ''),
        ],
        end: () => store.close(),
      };
    },
  };
  behavesAsContentStore(driver);
  behavesAsHolder(driver);

  const alice = ownerOf('alice');
  const bob = ownerOf('bob');
  const reopened = async (store: ContentStore): Promise<ContentStore> => {
    await store.close();
    return openEmbeddedStore({ directory });
  };

  it('keeps contents, owners, states and erased owners over a restart', async () => {
    let store = await openEmbeddedStore({ directory });
    const small = await store.put(alice, seededBytes('small', 100));
    const large = await store.put(alice, seededBytes('large', MIB + 1));
    await store.erase(bob);
    store = await reopened(store);
    for (const { cid, size } of [small, large]) {
      expect(await bytesOf(store.get(cid, size))).to.have.lengthOf(size);
    }
    expect(await codeOf(store.put(bob, seededBytes('x', 1)))).to.equal('ContentErased');
    await store.close();
  });

  it('keeps small blocks as rows and large ones as files that only this account reads', async () => {
    const store = await openEmbeddedStore({ directory });
    await store.put(alice, seededBytes('row', 65_536));
    expect(await blockFiles()).to.deep.equal([]);
    await store.put(alice, seededBytes('file', 65_537));
    expect(await blockFiles()).to.have.lengthOf(1);
    for (const path of await files()) {
      const others = (await stat(path)).mode & 0o077;
      // SQLite gives its log the mode of the database, from when that was made.
      if (!/-(wal|shm)$/.test(path)) expect(others, path).to.equal(0);
    }
    await store.close();
  });

  it('removes at the start what an earlier run left half-done', async () => {
    let store = await openEmbeddedStore({ directory });
    const { cid, size } = await store.put(alice, seededBytes('kept', MIB));
    const folder = (await blockFiles())[0]?.split('/').slice(0, -1).join('/') ?? '';
    await store.close();
    await writeFile(join(directory, 'staging', 'half'), 'half');
    const stray = cid.replace(/^bafkrei./, 'bafkreia');
    await writeFile(join(folder, stray), 'renamed, but never recorded');
    store = await openEmbeddedStore({ directory });
    expect((await blockFiles()).map((path) => path.split('/').at(-1))).to.deep.equal([cid]);
    expect(await bytesOf(store.get(cid, size))).to.have.lengthOf(size);
    await store.close();
  });

  it('shows a content as failed whose file is gone at the start', async () => {
    const store = await openEmbeddedStore({ directory });
    const { cid } = await store.put(alice, seededBytes('gone', MIB));
    await unlink((await fileOf(cid)) ?? '');
    const again = await reopened(store);
    expect(await again.has(cid)).to.equal(false);
    expect((await again.status(cid))?.state).to.equal('failed');
    await again.close();
  });

  it('refuses what goes above its limit, with nothing half-written, and gives room back', async () => {
    const store = await openEmbeddedStore({ directory, limitBytes: 3 * MIB });
    const kept = await store.put(alice, seededBytes('kept', MIB));
    const work = store.put(bob, inPieces(seededBytes('too much', 4 * MIB)));
    expect(await codeOf(work)).to.equal('StoreFull');
    expect((await blockFiles()).map((path) => path.split('/').at(-1))).to.deep.equal([kept.cid]);
    await store.put(bob, seededBytes('fits', MIB));
    await store.erase(alice);
    await store.put(bob, seededBytes('fits as well', 2 * MIB - 1_000));
    const again = await reopened(store);
    await again.close();
    const limited = await openEmbeddedStore({ directory, limitBytes: 3 * MIB });
    expect(await codeOf(limited.put(bob, seededBytes('no', 1_000)))).to.equal('StoreFull');
    await limited.close();
  });

  it('keeps either all or nothing of many', async () => {
    const store = await openEmbeddedStore({ directory });
    const items = [
      { owner: alice, source: seededBytes('one', 100_000) },
      { owner: bob, source: breaking(seededBytes('two', 10)) },
    ];
    await store.putMany(items).catch(() => undefined);
    expect(await blockFiles()).to.deep.equal([]);
    expect(rows()).to.deep.equal([]);
    await store.close();
  });

  it('leaves no erased byte in any file, neither database, log nor block', async () => {
    const store = await openEmbeddedStore({ directory });
    const canaries = ['small', 'large'].map((name, i) =>
      seededBytes(name, [2_000, 200_000][i] ?? 0),
    );
    const kept = seededBytes('kept', 2_000);
    const [first, second] = await store.putMany(
      canaries.map((source) => ({ owner: alice, source })),
    );
    await store.put(bob, kept);
    const search = async (bytes: Uint8Array): Promise<string[]> => {
      const hits: string[] = [];
      for (const path of await files())
        if ((await readFile(path)).includes(Buffer.from(bytes))) hits.push(path);
      return hits;
    };
    for (const canary of [...canaries, kept]) {
      expect(await search(canary.subarray(100, 164))).to.have.lengthOf(1);
    }
    await store.erase(alice);
    for (const canary of canaries) {
      for (const at of [0, 100, canary.length - 64]) {
        expect(await search(canary.subarray(at, at + 64)), `from ${at}`).to.deep.equal([]);
      }
    }
    for (const text of [alice, first?.cid ?? '', second?.cid ?? '']) {
      expect(await search(Buffer.from(text)), text).to.deep.equal([]);
    }
    expect(await search(kept.subarray(100, 164))).to.have.lengthOf(1);
    await store.close();
  });

  it('does not call an erasure done while a reader keeps the old pages alive', async () => {
    const store = await openEmbeddedStore({ directory });
    const canary = seededBytes('canary', 2_000);
    await store.put(alice, canary);
    const reader = new DatabaseSync(join(directory, 'store.sqlite'));
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM block').get();
    expect(await codeOf(store.erase(alice))).to.equal('ErasurePending');
    reader.exec('COMMIT');
    reader.close();
    await store.erase(alice);
    for (const path of await files()) {
      expect((await readFile(path)).includes(Buffer.from(canary.subarray(0, 64))), path).to.equal(
        false,
      );
    }
    await store.close();
  });

  it('keeps a block that one batch shares with another, failing one', async () => {
    const store = await openEmbeddedStore({ directory });
    const bytes = seededBytes('raced', MIB);
    let erased: Promise<unknown> = Promise.resolve();
    // Erased before it is committed, so that its batch fails after its file got its name ...
    const failing = store.put(
      alice,
      (async function* () {
        yield bytes;
        erased = store.erase(alice);
      })(),
    );
    // ... while this one is waiting to commit the same block.
    const kept = store.put(
      bob,
      (async function* () {
        yield bytes;
        await erased;
      })(),
    );
    expect(await codeOf(failing)).to.equal('ContentErased');
    const { cid, size } = await kept;
    expect(await bytesOf(store.get(cid, size))).to.have.lengthOf(size);
    await store.close();
  });

  it('refuses an owner that is erased while its content is on the way', async () => {
    const store = await openEmbeddedStore({ directory });
    const source = (async function* () {
      yield seededBytes('on the way', MIB);
      await store.erase(alice);
      yield seededBytes('on the way too', MIB);
    })();
    expect(await codeOf(store.put(alice, source))).to.equal('ContentErased');
    expect(await blockFiles()).to.deep.equal([]);
    await store.close();
  });

  it('refuses a store that a later release wrote', async () => {
    const store = await openEmbeddedStore({ directory });
    await store.close();
    inDatabase((database) => database.exec('PRAGMA user_version=2'));
    expect(await codeOf(openEmbeddedStore({ directory }))).to.equal('StoreTooNew');
  });
});
