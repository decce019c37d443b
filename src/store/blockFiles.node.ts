import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { storeFull } from './contentErrors.ts';
import { isDiskFull, systemCodeOf } from './diskFull.ts';

/** One file per large block: `blocks/<two characters>/<cid>`; under way: `staging/<random>`. */
export interface BlockFiles {
  /** Writes and syncs a file under a temporary name. @returns that name. @throws `StoreFull` */
  stage(bytes: Uint8Array): Promise<string>;
  /** Gives staged files their names and syncs the directories. */
  place(staged: ReadonlyMap<string, string>): Promise<void>;
  unstage(names: readonly string[]): Promise<void>;
  read(cid: string): Promise<Uint8Array | undefined>;
  /** Unlinks files and syncs the directories. A file that is gone already is fine. */
  remove(cids: readonly string[]): Promise<void>;
  /** CIDs of all files. */
  all(): AsyncIterable<string>;
}

/** Makes the directories, and removes what an earlier run left in `staging`. */
export async function openBlockFiles(directory: string): Promise<BlockFiles> {
  const blocks = join(directory, 'blocks');
  const staging = join(directory, 'staging');
  await mkdir(blocks, { recursive: true, mode: 0o700 });
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { mode: 0o700 });
  const known = new Set(await readdir(blocks));

  // The last characters but one: the last itself has only three bits.
  const folderOf = (cid: string): string => cid.slice(-3, -1);
  const pathOf = (cid: string): string => join(blocks, folderOf(cid), cid);
  const ensureFolders = async (folders: ReadonlySet<string>): Promise<void> => {
    const missing = [...folders].filter((folder) => !known.has(folder));
    if (missing.length === 0) return;
    for (const folder of missing) {
      await mkdir(join(blocks, folder), { recursive: true, mode: 0o700 });
      known.add(folder);
    }
    await syncDirectory(blocks);
  };
  const syncFolders = (folders: ReadonlySet<string>): Promise<unknown> =>
    Promise.all([...folders].map((folder) => syncDirectory(join(blocks, folder))));

  return {
    async stage(bytes) {
      const name = randomBytes(12).toString('hex');
      const path = join(staging, name);
      try {
        const file = await open(path, 'wx', 0o600);
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
      } catch (error) {
        await rm(path, { force: true });
        throw isDiskFull(error) ? storeFull({ bytes: bytes.length }, error) : error;
      }
      return name;
    },
    async place(staged) {
      const folders = new Set([...staged.keys()].map(folderOf));
      await ensureFolders(folders);
      for (const [cid, name] of staged) await rename(join(staging, name), pathOf(cid));
      await syncFolders(folders);
    },
    async unstage(names) {
      await Promise.all(names.map((name) => rm(join(staging, name), { force: true })));
    },
    async read(cid) {
      try {
        return await readFile(pathOf(cid));
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    async remove(cids) {
      const folders = new Set<string>();
      for (const cid of cids) {
        try {
          await unlink(pathOf(cid));
          folders.add(folderOf(cid));
        } catch (error) {
          if (!isAbsent(error)) throw error;
        }
      }
      await syncFolders(folders);
    },
    async *all() {
      for (const folder of await readdir(blocks)) yield* await readdir(join(blocks, folder));
    },
  };
}

/** A new or removed name lasts through a power cut only when its directory is synced too. */
async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory; NTFS keeps names in its own journal.
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

const isAbsent = (error: unknown): boolean => systemCodeOf(error) === 'ENOENT';
