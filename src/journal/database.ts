import { chmodSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { CarelatticeError } from '../errors.ts';
import { MIGRATIONS } from './schema.ts';

export type Row = Record<string, string | number | bigint | Uint8Array | null>;

/** A node's memory: one SQLite file, one writer, one transaction per step. */
export interface Database {
  /** Runs `work` in a transaction (or in the one under way): all of it is kept, or nothing. */
  transaction<T>(work: () => T): T;
  run(sql: string, ...values: SQLInputValue[]): number;
  get(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: SQLInputValue[]): Row[];
  /** Empties the write-ahead log, so that what was deleted is gone from every file. @throws `JournalBusy` */
  checkpoint(): void;
  /** Something secret was deleted that need not be gone at once: `scrub` is due. */
  scrubLater(): void;
  /** When it is due, and nobody reads: clears the empty transit tables and empties the write-ahead log. */
  scrub(): void;
  /** Writes a transit table anew: what was deleted from it is in none of its pages. Within a transaction. */
  rewrite(table: TransitTable): void;
  close(): void;
}

/** Tables through which salts pass on their way to others. They are short: their rows are soon delivered. */
export type TransitTable = (typeof TRANSIT)[number];
const TRANSIT = ['outbox', 'part', 'outgoing', 'record_list'] as const;

/** How long a statement waits for another program's lock, milliseconds. */
const BUSY_MS = 2000;

/** @param path a file, or `:memory:`. @throws `JournalTooNew`, `JournalUnreadable` */
export function openDatabase(path: string): Database {
  const sqlite = opened(path);
  const prepared = new Map<string, StatementSync>();
  let depth = 0;
  // An earlier run may have ended before it scrubbed.
  let isScrubDue = true;
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql) ?? sqlite.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  return {
    transaction(work) {
      if (depth > 0) return work();
      sqlite.exec('BEGIN IMMEDIATE');
      depth = 1;
      try {
        const result = work();
        sqlite.exec('COMMIT');
        return result;
      } catch (error) {
        sqlite.exec('ROLLBACK');
        throw error;
      } finally {
        depth = 0;
      }
    },
    run: (sql, ...values) => Number(statement(sql).run(...values).changes),
    get: (sql, ...values) => statement(sql).get(...values),
    all: (sql, ...values) => statement(sql).all(...values),
    scrubLater() {
      isScrubDue = true;
    },
    scrub() {
      if (!isScrubDue) return;
      for (const table of TRANSIT) {
        // Of a table that is emptied whole SQLite keeps no page; row by row it may.
        if (statement(`SELECT 1 FROM ${table} LIMIT 1`).get() === undefined)
          sqlite.exec(`DELETE FROM ${table}`);
      }
      isScrubDue = isBusy(sqlite);
    },
    rewrite(table) {
      sqlite.exec(
        `CREATE TEMP TABLE kept AS SELECT * FROM ${table}; DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept; DROP TABLE kept`,
      );
    },
    checkpoint() {
      if (isBusy(sqlite)) {
        throw new CarelatticeError('JournalBusy', 'a reader holds the journal; try again', {
          retryable: true,
        });
      }
    },
    close() {
      prepared.clear();
      sqlite.close();
    },
  };
}

/** Tries to empty the write-ahead log, without waiting for a reader of an older state, who keeps it. */
function isBusy(sqlite: DatabaseSync): boolean {
  sqlite.exec('PRAGMA busy_timeout=0');
  const answer = sqlite.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
  sqlite.exec(`PRAGMA busy_timeout=${BUSY_MS}`);
  return answer?.['busy'] === 1;
}

function opened(path: string): DatabaseSync {
  try {
    const sqlite = new DatabaseSync(path);
    // Sealed or not, it is this node's alone.
    if (path !== ':memory:') chmodSync(path, 0o600);
    sqlite.exec(
      // temp_store keeps copies off the disk.
      `PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=${BUSY_MS}`,
    );
    migrate(sqlite);
    return sqlite;
  } catch (error) {
    if (error instanceof CarelatticeError) throw error;
    throw new CarelatticeError(
      'JournalUnreadable',
      'the journal cannot be opened; check the path and its disk',
      {
        facts: { path },
        cause: error,
      },
    );
  }
}

function migrate(sqlite: DatabaseSync): void {
  const version = Number(sqlite.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new CarelatticeError(
      'JournalTooNew',
      'this journal was written by a later release; start that one',
      {
        facts: { version, known: MIGRATIONS.length },
      },
    );
  }
  MIGRATIONS.slice(version).forEach((sql, index) => {
    sqlite.exec(`BEGIN; ${sql}; PRAGMA user_version=${version + index + 1}; COMMIT`);
  });
  // What the entries moved lies in old pages still.
  if (version > 0 && version < MIGRATIONS.length) sqlite.exec('VACUUM');
}
