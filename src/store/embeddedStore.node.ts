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

/** Files written and synced at the same time by one batch: with 1 MiB each, what a stream takes of memory. */
const WRITES_AT_ONCE = 8;

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
    const staged = new Map<string, Promise<string>>();
    const writing = new Set<Promise<string>>();
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
      else await startWriting(cid, bytes);
    };
    /** Several files are written and synced at a time; a failure is thrown by one of the next calls. */
    const startWriting = async (cid: string, bytes: Uint8Array): Promise<void> => {
      while (writing.size >= WRITES_AT_ONCE) await Promise.race(writing);
      const file = files.stage(bytes);
      staged.set(cid, file);
      writing.add(file);
      file.then(
        () => writing.delete(file),
        // Kept among the writing ones, so that the next race or place throws it.
        () => undefined,
      );
    };
    return {
      write: (source, signal) => buildDag(source, take, signal),
      receive: () => ({
        take: ({ cid, bytes }) => take(cid, bytes),
        whole: async () => undefined,
        abandon: async () => undefined,
      }),
      async place() {
        const missing: [string, string][] = [];
        for (const [cid, file] of staged) {
          const name = await file;
          if (ledger.block(cid)?.place !== 'file') missing.push([cid, name]);
        }
        // Said before it is done, so that finish also undoes half of it.
        placed = missing.map(([cid]) => cid);
        await files.place(new Map(missing));
      },
      placeOf(cid): BlockPlace {
        const bytes = rows.get(cid);
        return bytes === undefined ? { place: 'file' } : { place: 'row', bytes };
      },
      async finish(recorded) {
        underWay -= reserved;
        const written = await Promise.allSettled(staged.values());
        await files.unstage(written.flatMap((w) => (w.status === 'fulfilled' ? [w.value] : [])));
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
