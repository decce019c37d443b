import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openBlockFiles } from './blockFiles.node.ts';
import type { BlockFiles } from './blockFiles.node.ts';
import type { BlockKeeper, KeeperBatch } from './blockKeeper.ts';
import { buildDag } from './buildDag.ts';
import { STORE_LIMITS, composeStore } from './composeStore.ts';
import type { StoreLimits } from './composeStore.ts';
import { storeFull } from './contentErrors.ts';
import type { ContentStore } from './contentStore.ts';
import { openLedger } from './ledger.node.ts';
import type { BlockPlace, Ledger } from './ledger.node.ts';

export interface EmbeddedStoreOptions {
  /** The store's own directory; made when it is not there. One process at a time. */
  directory: string;
  /** Most bytes of blocks. Default: what the disk has. */
  limitBytes?: number;
  limits?: StoreLimits;
}

/** Blocks up to this many bytes are rows, larger ones files. */
export const ROW_BYTES = 65_536;

/**
 * The default driver: an IPFS block store in a directory of this node. Rows of `store.sqlite`, and a
 * file for each large block. Removes at the start what an earlier run left half-done.
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<ContentStore> {
  const { directory, limitBytes = Infinity, limits = STORE_LIMITS } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const files = await openBlockFiles(directory);
  const path = join(directory, 'store.sqlite');
  const ledger = openLedger(path);
  await chmod(path, 0o600);
  await recover(ledger, files);
  return composeStore(ledger, keepOnDisk(ledger, files, limitBytes), limits);
}

/** Files without a row go; rows without a file are lost, and their contents shown as failed. */
async function recover(ledger: Ledger, files: BlockFiles): Promise<void> {
  const present = new Set<string>();
  const stray: string[] = [];
  for await (const cid of files.all()) {
    if (ledger.block(cid)?.place === 'file') present.add(cid);
    else stray.push(cid);
  }
  await files.remove(stray);
  const lost: string[] = [];
  for (const { cid, place } of ledger.blocks()) {
    if (place === 'file' && !present.has(cid)) lost.push(cid);
  }
  ledger.transaction(() => {
    ledger.lose(lost, 'ContentCorrupt: a block file was gone at the start');
    ledger.unlinked(ledger.doomed());
  });
  // An erasure that was interrupted before its last step.
  await ledger.flushDeleted();
}

function keepOnDisk(ledger: Ledger, files: BlockFiles, limitBytes: number): BlockKeeper {
  /** Bytes of batches under way. */
  let underWay = 0;

  function openBatch(): KeeperBatch {
    const rows = new Map<string, Uint8Array>();
    const staged = new Map<string, string>();
    let placed: readonly string[] = [];
    let reserved = 0;
    const take = async (cid: string, bytes: Uint8Array): Promise<void> => {
      if (rows.has(cid) || staged.has(cid)) return;
      const used = ledger.usedBytes() + underWay;
      if (used + bytes.length > limitBytes) throw storeFull({ limitBytes, used });
      underWay += bytes.length;
      reserved += bytes.length;
      // A copy: the caller may use its buffer again.
      if (bytes.length <= ROW_BYTES) rows.set(cid, bytes.slice());
      else staged.set(cid, await files.stage(bytes));
    };
    return {
      write: (source, signal) => buildDag(source, take, signal),
      receive: () => {
        // One block goes to the disk while the next is verified.
        let before: Promise<void> = Promise.resolve();
        return {
          async take({ cid, bytes }) {
            await before;
            before = take(cid, bytes);
            // The next take, or whole, reports it.
            before.catch(() => undefined);
          },
          whole: () => before,
          abandon: () => before.catch(() => undefined),
        };
      },
      async place() {
        const missing = [...staged].filter(([cid]) => ledger.block(cid)?.place !== 'file');
        await files.place(new Map(missing));
        placed = missing.map(([cid]) => cid);
      },
      placeOf(cid): BlockPlace {
        const bytes = rows.get(cid);
        return bytes === undefined ? { place: 'file' } : { place: 'row', bytes };
      },
      async finish(recorded) {
        underWay -= reserved;
        await files.unstage([...staged.values()]);
        // Another batch may have recorded a block that this one placed.
        await files.remove(
          placed.filter((cid) => !recorded.has(cid) && ledger.block(cid) === undefined),
        );
      },
    };
  }

  return {
    openBatch,
    async load({ cid }) {
      const block = ledger.block(cid);
      return block?.place === 'file' ? files.read(cid) : block?.bytes;
    },
    async remove({ blocks }) {
      await files.remove(blocks);
      return [];
    },
    discard: (blocks) => files.remove(blocks),
    close: () => undefined,
  };
}
