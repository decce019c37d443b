import type { Database, Row } from './database.ts';

/** Hand-ins that wait for a patient's new key. The bundle is sealed to this journal by the caller. */

export interface WaitingSubmission {
  readonly key: string;
  readonly sealed: Uint8Array;
  /** Code of what it waits for. */
  readonly reason: string;
  /** Chain time, seconds. */
  readonly since: number;
}

export interface WaitingTable {
  /** Takes it once: the same key stays as it is. */
  add(submission: WaitingSubmission): void;
  remove(key: string): void;
  all(): WaitingSubmission[];
  count(): number;
}

const rowOf = (row: Row): WaitingSubmission => ({
  key: String(row['key']),
  sealed: row['sealed'] instanceof Uint8Array ? row['sealed'] : new Uint8Array(0),
  reason: String(row['reason']),
  since: Number(row['since']),
});

export const waitingTable = (db: Database): WaitingTable => ({
  add: ({ key, sealed, reason, since }) => {
    db.run(
      'INSERT OR IGNORE INTO waiting_submission (key, sealed, reason, since) VALUES (?,?,?,?)',
      key,
      sealed,
      reason,
      since,
    );
  },
  remove: (key) => {
    db.run('DELETE FROM waiting_submission WHERE key = ?', key);
  },
  all: () => db.all('SELECT * FROM waiting_submission ORDER BY since, key').map(rowOf),
  count: () => Number(db.get('SELECT COUNT(*) AS n FROM waiting_submission')?.['n'] ?? 0),
});
