import { access, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CarelatticeError } from '../errors.ts';

/** Files that only their owner may read (mode 0600), written whole or not at all. */

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EEXIST';

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', OWNER_ONLY);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Syncs the folder, so that the name outlasts a power cut. Windows has no such call. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** @throws `SecretFileExists`: a key is never overwritten by mistake */
export async function createSecretFile(path: string, text: string): Promise<void> {
  try {
    await writeNew(path, text);
  } catch (cause) {
    if (!isTaken(cause)) throw cause;
    throw secretFileExists(path, cause);
  }
  await syncFolder(path);
}

const secretFileExists = (path: string, cause?: unknown): CarelatticeError =>
  new CarelatticeError(
    'SecretFileExists',
    'a file lies there already, and nothing is overwritten; move it away first',
    { facts: { path }, cause },
  );

/** Says early what `createSecretFile` would say in the end. @throws `SecretFileExists` */
export async function assertNoFile(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw secretFileExists(path);
}

/** Puts a new content in the place of the old one in one step. */
export async function replaceSecretFile(path: string, text: string): Promise<void> {
  const next = `${path}.next`;
  await rm(next, { force: true }); // what a crash left
  await writeNew(next, text);
  await rename(next, path);
  await syncFolder(path);
}

/** @throws `SecretFileExposed` when others than the owner may read it: `chmod 600` it and renew the keys */
export async function readSecretFile(path: string): Promise<string> {
  const { mode } = await stat(path);
  if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
    throw new CarelatticeError('SecretFileExposed', 'others may read this file with keys', {
      facts: { path, mode: (mode & 0o777).toString(8) },
    });
  }
  return readFile(path, 'utf8');
}
