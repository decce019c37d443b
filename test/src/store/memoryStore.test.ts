import { expect } from 'chai';
import { rawCid } from '../../../src/store/cid.ts';
import { openMemoryStore } from '../../../src/store/memoryStore.ts';
import { behavesAsContentStore } from './contentStore.behaviour.ts';
import type { DriverUnderTest } from './contentStore.behaviour.ts';
import { behavesAsHolder } from './holding.behaviour.ts';
import { codeOf, hanging, ownerOf, seededBytes } from './contents.ts';

describe('MemoryStore', () => {
  const driver: DriverUnderTest = {
    async open() {
      const store = openMemoryStore();
      return {
        store,
        async flipBit(cid) {
          const bytes = store.blocks.get(cid);
          if (bytes !== undefined) bytes[0] = (bytes[0] ?? 0) ^ 1;
        },
        async removeBehindItsBack(cid) {
          store.blocks.delete(cid);
        },
        blocks: async () => [...store.blocks.keys()],
        end: () => store.close(),
      };
    },
  };
  behavesAsContentStore(driver);
  behavesAsHolder(driver);

  it('refuses what goes above its limit and gives the room back', async () => {
    const store = openMemoryStore({ limitBytes: 1_000 });
    await store.put(ownerOf('a'), seededBytes('a', 900));
    expect(await codeOf(store.put(ownerOf('b'), seededBytes('b', 101)))).to.equal('StoreFull');
    await store.put(ownerOf('b'), seededBytes('b', 100));
    await store.erase(ownerOf('a'));
    await store.put(ownerOf('c'), seededBytes('c', 900));
    await store.close();
  });

  it('has time limits of its own, for a whole call and for a stream that falls silent', async () => {
    const wanted = { owner: ownerOf('a'), cid: rawCid(seededBytes('slow', 5)), size: 5 };
    const { owner, cid, size } = wanted;
    for (const [limits, holder] of [
      [
        { callMs: 20, idleMs: 60_000 },
        { name: 'mute', fetch: () => new Promise<never>(() => {}) },
      ],
      [
        { callMs: 60_000, idleMs: 20 },
        { name: 'silent', fetch: async () => hanging() },
      ],
    ] as const) {
      const store = openMemoryStore({ limits });
      expect(await codeOf(store.pull(owner, cid, size, [holder]))).to.equal('ContentUnavailable');
      expect((await store.status(cid))?.state).to.equal('failed');
      await store.close();
    }
  });
});
