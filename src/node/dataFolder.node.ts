import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CarelatticeError } from '../errors.ts';

/**
 * One process at a time has a node's data folder: two would answer with one journal, spend each other's nonces and fork
 * the receipt log. A transaction that stays open holds the lock. The system ends it with the process, however that ends,
 * so that no lock is ever stale.
 */

/** No other code of this process may open this file: closing it would end the lock (POSIX record locks, fcntl(2)). */
const LOCK_FILE = 'lock.sqlite';
/** https://sqlite.org/rescode.html */
const SQLITE_BUSY = 5;

/**
 * Makes the folder if it is not there (mode 0700) and holds it until disposed of, or until this process ends.
 * @throws `DataFolderInUse`, `JournalUnreadable` when the lock's file cannot be opened
 */
export function holdDataFolder(directory: string): Disposable {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const path = join(directory, LOCK_FILE);
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path);
    // No journal beside it: nothing is ever written.
    lock.exec('PRAGMA busy_timeout=0; PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
    chmodSync(path, 0o600);
  } catch (cause) {
    lock?.close();
    throw isBusy(cause) ? inUse(directory, cause) : unreadable(path, cause);
  }
  const held = lock;
  return { [Symbol.dispose]: () => held.close() };
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;

const inUse = (folder: string, cause: unknown): CarelatticeError =>
  new CarelatticeError(
    'DataFolderInUse',
    'a node runs on this data folder already; end that process first, or name another folder (data in node.json)',
    { facts: { folder }, cause },
  );

const unreadable = (path: string, cause: unknown): CarelatticeError =>
  new CarelatticeError(
    'JournalUnreadable',
    'the lock of the data folder cannot be opened; check the path and its disk',
    { facts: { path }, cause },
  );
