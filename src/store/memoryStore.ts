import { buildDag } from './buildDag.ts';
import type { BlockKeeper } from './blockKeeper.ts';
import { STORE_LIMITS, composeStore } from './composeStore.ts';
import type { StoreLimits } from './composeStore.ts';
import { storeFull } from './contentErrors.ts';
import type { ContentStore } from './contentStore.ts';
import { openLedger } from './ledger.node.ts';
import type { Ledger } from './ledger.node.ts';

export interface MemoryStoreOptions {
  /** Most bytes of blocks. Default: no limit. */
  limitBytes?: number;
  limits?: StoreLimits;
}

/** Everything in memory, for tests; `blocks` is open so that they can damage it. */
export function openMemoryStore(
  options: MemoryStoreOptions = {},
): ContentStore & { blocks: Map<string, Uint8Array> } {
  const blocks = new Map<string, Uint8Array>();
  const ledger = openLedger(':memory:');
  const keeper = keepInMemory(blocks, ledger, options.limitBytes ?? Infinity);
  const store = composeStore(ledger, keeper, options.limits ?? STORE_LIMITS);
  return { ...store, blocks };
}

function keepInMemory(
  blocks: Map<string, Uint8Array>,
  ledger: Pick<Ledger, 'block'>,
  limitBytes: number,
): BlockKeeper {
  let used = 0;
  const count = (bytes: number): void => {
    if (used + bytes > limitBytes) throw storeFull({ limitBytes, used });
    used += bytes;
  };
  const remove = (cids: readonly string[]): void => {
    for (const cid of cids) {
      used -= blocks.get(cid)?.length ?? 0;
      blocks.delete(cid);
    }
  };
  return {
    openBatch() {
      const staged = new Map<string, Uint8Array>();
      let placed: readonly string[] = [];
      const take = async (cid: string, bytes: Uint8Array): Promise<void> => {
        if (staged.has(cid)) return;
        count(bytes.length);
        // A copy: the caller may use its buffer again.
        staged.set(cid, bytes.slice());
      };
      return {
        write: (source, signal) => buildDag(source, take, signal),
        receive: () => ({
          take: ({ cid, bytes }) => take(cid, bytes),
          whole: async () => undefined,
          abandon: async () => undefined,
        }),
        async place() {
          placed = [...staged.keys()].filter((cid) => !blocks.has(cid));
          for (const cid of placed) blocks.set(cid, staged.get(cid) ?? new Uint8Array());
        },
        placeOf: () => ({ place: 'driver' }),
        async finish(recorded) {
          const added = new Set(placed);
          for (const [cid, bytes] of staged) if (!added.has(cid)) used -= bytes.length;
          // Another batch may have recorded a block that this one placed.
          remove(placed.filter((cid) => !recorded.has(cid) && ledger.block(cid) === undefined));
        },
      };
    },
    load: async ({ cid }) => blocks.get(cid),
    async remove({ blocks: doomed }) {
      remove(doomed);
      return [];
    },
    async discard(cids) {
      remove(cids);
    },
    close: () => blocks.clear(),
  };
}
