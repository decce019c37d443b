import { fromHex, type Hex, toHex, ZERO_32 } from '../hash/bytes.ts';
import type { Database, Row } from './database.ts';

/**
 * Salts of records, each in a row of its own and of one size: what destroys a record is overwritten where it lies. In a
 * larger row SQLite may have left a copy of it, moving rows between pages, that `secure_delete` does not find.
 */

/** The salt that a row of `table` names, as column `record_salt`. */
export const saltOf = (table: 'held' | 'authored'): string =>
  `(SELECT record_salt.salt FROM record_salt WHERE record_salt.id = ${table}.salt) AS record_salt`;

/** The number under which the salt lies. */
export function addSalt(db: Database, salt: Hex): number {
  db.run('INSERT INTO record_salt (salt) VALUES (?)', fromHex(salt, 32));
  return Number(db.get('SELECT last_insert_rowid() AS id')?.['id']);
}

/** Zeros in its place; the row stays, so that nothing moves. */
export function destroySalt(db: Database, id: Row[string] | undefined): void {
  if (id === null || id === undefined) return;
  db.run('UPDATE record_salt SET salt = zeroblob(32) WHERE id = ?', id);
}

/** Zeros for a record that was erased, or whose salt never came. */
export const readSalt = (row: Row): Hex =>
  row['record_salt'] instanceof Uint8Array ? toHex(row['record_salt']) : ZERO_32;
