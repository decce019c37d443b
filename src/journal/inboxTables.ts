import type { Hex } from '../hash/bytes.ts';
import { fromHex, toHex } from '../hash/bytes.ts';
import type { AccountNotice } from '../wire/inboxMessages.ts';
import type { Database } from './database.ts';

/** Items that wait for patients, sealed to them, and the keys that seal to them. */

export interface StoredItem {
  readonly patientId: Hex;
  /** Node that sent it. */
  readonly from: Hex;
  readonly id: Hex;
  /** Chain time, seconds. */
  readonly arrived: number;
  readonly sealed: Hex;
}

export interface DueNotice {
  readonly id: Hex;
  readonly patientId: Hex;
  /** Her inbox key at that time, as a registry writes KEM keys. */
  readonly key: Hex;
  readonly notice: AccountNotice;
}

export interface InboxTables {
  /** The chain shows this hash of a patient's inbox key. */
  setKeyHash(patientId: Hex, hash: Hex): void;
  /** What a patient gave as her inbox key; it serves while its hash is the one on chain. */
  putKey(patientId: Hex, key: Hex): void;
  key(patientId: Hex): { readonly hash?: Hex; readonly key?: Hex };
  /** The same item again changes nothing. Says whether it is new. */
  add(item: StoredItem): boolean;
  /** Oldest first. */
  items(patientId: Hex, limit: number, skip: number): StoredItem[];
  count(patientId: Hex): number;
  countFrom(patientId: Hex, from: Hex): number;
  drop(patientId: Hex, from: Hex, id: Hex): void;
  /** To be sealed and put into an inbox. */
  addDue(due: DueNotice): void;
  due(limit: number): DueNotice[];
  dropDue(id: Hex, patientId: Hex): void;
}

const hex = (value: unknown): Hex => String(value) as Hex; // written by us as Hex

export function inboxTables(db: Database): InboxTables {
  const countOf = (sql: string, ...values: string[]): number =>
    Number(db.get(sql, ...values)?.['n'] ?? 0);
  return {
    setKeyHash: (patientId, hash) => {
      db.run(
        'INSERT INTO inbox_key (patient, hash) VALUES (?,?) ON CONFLICT (patient) DO UPDATE SET hash = excluded.hash',
        patientId,
        hash,
      );
    },
    putKey: (patientId, key) => {
      db.run(
        'INSERT INTO inbox_key (patient, key) VALUES (?,?) ON CONFLICT (patient) DO UPDATE SET key = excluded.key',
        patientId,
        key,
      );
    },
    key: (patientId) => {
      const row = db.get('SELECT hash, key FROM inbox_key WHERE patient = ?', patientId);
      return {
        ...(row === undefined || row['hash'] === null ? {} : { hash: hex(row['hash']) }),
        ...(row === undefined || row['key'] === null ? {} : { key: hex(row['key']) }),
      };
    },
    add: ({ patientId, from, id, arrived, sealed }) =>
      db.run(
        'INSERT OR IGNORE INTO inbox (patient, sender, id, arrived, sealed) VALUES (?,?,?,?,?)',
        patientId,
        from,
        id,
        arrived,
        fromHex(sealed),
      ) > 0,
    items: (patientId, limit, skip) =>
      db
        .all(
          'SELECT * FROM inbox WHERE patient = ? ORDER BY arrived, rowid LIMIT ? OFFSET ?',
          patientId,
          limit,
          skip,
        )
        .map((row) => ({
          patientId,
          from: hex(row['sender']),
          id: hex(row['id']),
          arrived: Number(row['arrived']),
          sealed: row['sealed'] instanceof Uint8Array ? toHex(row['sealed']) : '0x',
        })),
    count: (patientId) => countOf('SELECT COUNT(*) AS n FROM inbox WHERE patient = ?', patientId),
    countFrom: (patientId, from) =>
      countOf('SELECT COUNT(*) AS n FROM inbox WHERE patient = ? AND sender = ?', patientId, from),
    drop: (patientId, from, id) => {
      db.run('DELETE FROM inbox WHERE patient = ? AND sender = ? AND id = ?', patientId, from, id);
    },
    addDue: ({ id, patientId, key, notice }) => {
      db.run(
        'INSERT OR IGNORE INTO notice_due (id, patient, inbox_key, entry) VALUES (?,?,?,?)',
        id,
        patientId,
        key,
        JSON.stringify(notice),
      );
    },
    due: (limit) =>
      db.all('SELECT * FROM notice_due ORDER BY rowid LIMIT ?', limit).map((row) => ({
        id: hex(row['id']),
        patientId: hex(row['patient']),
        key: hex(row['inbox_key']),
        notice: JSON.parse(String(row['entry'])) as AccountNotice, // written by addDue
      })),
    dropDue: (id, patientId) => {
      db.run('DELETE FROM notice_due WHERE id = ? AND patient = ?', id, patientId);
    },
  };
}
