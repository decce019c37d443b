import { access, constants, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CarelatticeError } from '../errors.ts';

/** Files that only their owner may read (mode 0600), written whole or not at all. */

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

const hasFileCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

const isTaken = (error: unknown): boolean => hasFileCode(error, 'EEXIST');

/** @throws `FolderMissing` */
async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', OWNER_ONLY).catch((cause: unknown) => {
    throw hasFileCode(cause, 'ENOENT') ? folderMissing(path, cause) : cause;
  });
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    // A full disk leaves half a file, which would be taken for a whole one.
    await rm(path);
    throw error;
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

const folderMissing = (path: string, cause?: unknown): CarelatticeError =>
  new CarelatticeError('FolderMissing', 'there is no such folder to write into; make it first', {
    facts: { path },
    cause,
  });

/** @throws `SecretFileExists`: a key is never overwritten by mistake; `FolderMissing` */
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

/** What the system says of a folder that this user may not write into. */
const CLOSED = ['EACCES', 'EPERM', 'EROFS'];

/** @param path of the folder @param file that is to go into it, for the message */
async function assertOpenFolder(path: string, file: string): Promise<void> {
  try {
    if (!(await stat(path)).isDirectory()) throw folderMissing(file);
    await access(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw folderFault(file, cause);
  }
}

const folderFault = (path: string, cause: unknown): unknown => {
  if (cause instanceof CarelatticeError) return cause;
  if (!CLOSED.some((code) => hasFileCode(cause, code))) return folderMissing(path, cause);
  return new CarelatticeError(
    'FolderNotWritable',
    'this user may not write into the folder; change its rights, or name another one',
    { facts: { path }, cause },
  );
};

/** Makes a folder for files, or takes the one that is there. @throws `FolderMissing` where none can be, `FolderNotWritable` */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw folderFault(path, cause);
  });
  await assertOpenFolder(path, path);
}

/** Says early what `createSecretFile` would say in the end. @throws `SecretFileExists`, `FolderMissing`, `FolderNotWritable` */
export async function assertWritable(path: string): Promise<void> {
  await assertOpenFolder(dirname(path), path);
  await assertNoFile(path);
}

/** The first half of it, where the folder is made as well. @throws `SecretFileExists` */
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
