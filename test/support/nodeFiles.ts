import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Haystack } from './canarySearch.ts';

/** Every file below a node's directory as it lies on the disk now: journal, write-ahead log, store, blocks. */
export async function filesOf(directory: string): Promise<Haystack[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        return { name: relative(directory, path), bytes: await readFile(path) };
      }),
  );
}
