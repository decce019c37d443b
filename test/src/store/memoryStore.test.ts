import { expect } from 'chai';
import { openMemoryStore } from '../../../src/store/memoryStore.ts';
import { behavesAsContentStore } from './contentStore.behaviour.ts';
import { codeOf, ownerOf, seededBytes } from './contents.ts';

describe('MemoryStore', () => {
  behavesAsContentStore({
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
  });

  it('refuses what goes above its limit and gives the room back', async () => {
    const store = openMemoryStore({ limitBytes: 1_000 });
    await store.put(ownerOf('a'), seededBytes('a', 900));
    expect(await codeOf(store.put(ownerOf('b'), seededBytes('b', 101)))).to.equal('StoreFull');
    await store.put(ownerOf('b'), seededBytes('b', 100));
    await store.erase(ownerOf('a'));
    await store.put(ownerOf('c'), seededBytes('c', 900));
    await store.close();
  });
});
