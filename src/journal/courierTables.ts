import type { Outbox, OutboxEntry, SeenIds } from '../courier/ports.ts';
import type { Hex } from '../hash/bytes.ts';
import type { Database, Row } from './database.ts';

/** The courier's memory: what waits to be sent, what was taken already. */

const entryOf = (row: Row): OutboxEntry => ({
  correlationId: String(row['id']) as Hex, // written as Hex
  recipient: String(row['recipient']) as Hex, // written as Hex
  messageType: Number(row['type']),
  envelope: row['envelope'] instanceof Uint8Array ? row['envelope'] : new Uint8Array(0),
  attempts: Number(row['attempts']),
  nextAt: Number(row['next_at']),
});

export function outboxTable(db: Database): Outbox {
  return {
    add: ({ correlationId, recipient, messageType, envelope, attempts, nextAt }) => {
      db.run(
        'INSERT OR IGNORE INTO outbox (id, recipient, type, envelope, attempts, next_at) VALUES (?,?,?,?,?,?)',
        correlationId,
        recipient,
        messageType,
        envelope,
        attempts,
        nextAt,
      );
    },
    due: (now, limit) =>
      db
        .all('SELECT * FROM outbox WHERE next_at <= ? ORDER BY place LIMIT ?', now, limit)
        .map(entryOf),
    acknowledged: (correlationId) => {
      db.run('DELETE FROM outbox WHERE id = ?', correlationId);
      db.scrubLater();
    },
    failed: (correlationId, attempts, nextAt, reason) => {
      db.run(
        'UPDATE outbox SET attempts = ?, next_at = ?, reason = ? WHERE id = ?',
        attempts,
        nextAt,
        reason,
        correlationId,
      );
    },
    refused: (correlationId, reason) => {
      db.transaction(() => {
        db.run(
          'INSERT OR IGNORE INTO undelivered (id, recipient, type, reason) SELECT id, recipient, type, ? FROM outbox WHERE id = ?',
          reason,
          correlationId,
        );
        db.run('DELETE FROM outbox WHERE id = ?', correlationId);
        db.scrubLater();
      });
    },
  };
}

/** Messages that ended undelivered, for operators. */
export const undelivered = (db: Database): { recipient: Hex; type: number; reason: string }[] =>
  db.all('SELECT * FROM undelivered ORDER BY rowid').map((row) => ({
    recipient: String(row['recipient']) as Hex, // written as Hex
    type: Number(row['type']),
    reason: String(row['reason']),
  }));

/** @param chainTime the newest block's time in seconds: ids are forgotten when their messages have expired. */
export function seenTable(db: Database, chainTime: () => number): SeenIds {
  return {
    find: (correlationId, sender) => {
      const row = db.get(
        'SELECT answer FROM seen WHERE sender = ? AND id = ?',
        sender,
        correlationId,
      );
      const answer = row?.['answer'];
      return row && (answer instanceof Uint8Array ? { answer } : {});
    },
    remember: (correlationId, sender, expiry, answer) => {
      db.run('DELETE FROM seen WHERE expiry < ?', chainTime());
      const isNew =
        db.run(
          'INSERT OR IGNORE INTO seen (sender, id, expiry, answer) VALUES (?,?,?,?)',
          sender,
          correlationId,
          expiry,
          answer ?? null,
        ) === 1;
      return isNew ? 'new' : 'seen';
    },
  };
}
