import type { Hex } from '../hash/bytes.ts';
import type { HolderCount, RecordEntry } from '../wire/messages.ts';
import type { Database, Row } from './database.ts';
import { addSalt, readSalt, saltOf } from './recordSalts.ts';

/** What a recording node wrote itself, from the bundle handed in to the storage request. */

export interface AuthoredRecord extends RecordEntry {
  submission: string;
  category: string;
  resourceTypes: string[];
  sealedAt: number;
  /** The record that this one is a new version of, and what its author says of it; absent for a first version. */
  previousVersion?: Hex;
  status?: 'current' | 'entered-in-error';
  /** Its patient erased it: salt and content are gone. */
  erased?: true;
}

export interface OwnBatch {
  id: number;
  task: string;
  batchRoot: Hex;
  signature: Hex;
  keyEpoch: number;
  queryDigest: Hex;
  queryCid: string;
  paddedCount: number;
  tagEpoch: number;
  /** Position of each patient's tag in the query. */
  tagIndex: Record<Hex, number>;
  request?: number;
}

export interface Submission {
  key: string;
  /** SHA-256 of what was handed in. */
  digest: Hex;
  anchors: Hex[];
  resources: number;
}

export interface AuthorTables {
  submission(key: string): Submission | undefined;
  /** Writes a submission with all its records, or nothing. */
  addSubmission(
    submission: Submission,
    records: readonly { record: AuthoredRecord; keys: Uint8Array }[],
  ): void;
  waitingRecords(limit: number): AuthoredRecord[];
  addBatch(batch: Omit<OwnBatch, 'id'>, anchors: readonly Hex[]): OwnBatch;
  recordsOf(batchId: number): AuthoredRecord[];
  /** Own batches that no request on chain is known of. */
  unrequestedBatches(): OwnBatch[];
  batchByQuery(queryDigest: Hex): OwnBatch | undefined;
  batchByRequest(request: number): OwnBatch | undefined;
  setRequest(batchId: number, request: number): void;
  /** Own batches whose request is on chain and whose delivery was not compared yet. */
  unconfirmedBatches(): { id: number; request: number }[];
  confirmBatch(batchId: number): void;
  /** These records wait for a storage request again. */
  releaseRecords(anchors: readonly Hex[]): void;
  authored(anchor: Hex): (AuthoredRecord & { request?: number }) | undefined;
  authoredById(recordId: Hex): (AuthoredRecord & { request?: number }) | undefined;
  /** The own record that says it follows this one. */
  newVersionOf(recordId: Hex): AuthoredRecord | undefined;
  /** The content keys of an own record, sealed to this journal; undefined once it is erased. */
  keysOf(anchor: Hex): Uint8Array | undefined;
  setHolderCount(count: HolderCount): void;
  holderCount(request: number): HolderCount | undefined;
}

const AUTHORED = `authored.entry, ${saltOf('authored')}`;

const parsed = <T>(value: unknown): T => JSON.parse(String(value)) as T; // written by this file

export function authorTables(db: Database): AuthorTables {
  const batchOf = (row: ReturnType<Database['get']>): OwnBatch | undefined =>
    row && {
      ...parsed<Omit<OwnBatch, 'id' | 'request'>>(row['entry']),
      id: Number(row['id']),
      ...(row['request'] === null ? {} : { request: Number(row['request']) }),
    };
  const recordOf = (row: Row): AuthoredRecord => ({
    ...parsed<Omit<AuthoredRecord, 'recordSalt'>>(row['entry']),
    recordSalt: readSalt(row),
  });
  const authoredOf = (row: Row | undefined): (AuthoredRecord & { request?: number }) | undefined =>
    row && {
      ...recordOf(row),
      ...(row['request'] === null || row['request'] === undefined
        ? {}
        : { request: Number(row['request']) }),
    };
  return {
    submission: (key) => {
      const row = db.get('SELECT answer FROM submission WHERE key = ?', key);
      return row && parsed<Submission>(row['answer']);
    },
    addSubmission: (submission, records) => {
      db.transaction(() => {
        db.run(
          'INSERT INTO submission (key, digest, answer) VALUES (?,?,?)',
          submission.key,
          submission.digest,
          JSON.stringify(submission),
        );
        for (const { record, keys } of records) {
          const { recordSalt, ...entry } = record;
          db.run(
            'INSERT INTO authored (anchor, entry, keys, salt) VALUES (?,?,?,?)',
            record.anchor,
            JSON.stringify(entry),
            keys,
            addSalt(db, recordSalt),
          );
        }
      });
    },
    waitingRecords: (limit) =>
      db
        .all(
          `SELECT ${AUTHORED} FROM authored WHERE batch IS NULL AND json_extract(entry, '$.erased') IS NULL ORDER BY rowid LIMIT ?`,
          limit,
        )
        .map(recordOf),
    addBatch: (batch, anchors) =>
      db.transaction(() => {
        db.run('INSERT INTO batch (entry) VALUES (?)', JSON.stringify(batch));
        const id = Number(db.get('SELECT last_insert_rowid() AS id')?.['id']);
        for (const anchor of anchors)
          db.run('UPDATE authored SET batch = ? WHERE anchor = ?', id, anchor);
        return { ...batch, id };
      }),
    recordsOf: (batchId) =>
      db
        .all(`SELECT ${AUTHORED} FROM authored WHERE batch = ? ORDER BY rowid`, batchId)
        .map(recordOf),
    unrequestedBatches: () =>
      db
        .all('SELECT * FROM batch WHERE request IS NULL AND confirmed = 0 ORDER BY id')
        .flatMap((row) => batchOf(row) ?? []),
    batchByQuery: (queryDigest) =>
      batchOf(
        db.get("SELECT * FROM batch WHERE json_extract(entry, '$.queryDigest') = ?", queryDigest),
      ),
    batchByRequest: (request) => batchOf(db.get('SELECT * FROM batch WHERE request = ?', request)),
    setRequest: (batchId, request) => {
      db.run('UPDATE batch SET request = ? WHERE id = ?', request, batchId);
    },
    unconfirmedBatches: () =>
      db
        .all(
          'SELECT id, request FROM batch WHERE request IS NOT NULL AND confirmed = 0 ORDER BY id',
        )
        .map((row) => ({ id: Number(row['id']), request: Number(row['request']) })),
    confirmBatch: (batchId) => {
      db.run('UPDATE batch SET confirmed = 1 WHERE id = ?', batchId);
    },
    releaseRecords: (anchors) => {
      for (const anchor of anchors)
        db.run('UPDATE authored SET batch = NULL WHERE anchor = ?', anchor);
    },
    authored: (anchor) =>
      authoredOf(
        db.get(
          `SELECT ${AUTHORED}, batch.request FROM authored LEFT JOIN batch ON batch.id = authored.batch WHERE anchor = ?`,
          anchor,
        ),
      ),
    authoredById: (recordId) =>
      authoredOf(
        db.get(
          `SELECT ${AUTHORED}, batch.request FROM authored LEFT JOIN batch ON batch.id = authored.batch WHERE json_extract(authored.entry, '$.recordId') = ?`,
          recordId,
        ),
      ),
    keysOf: (anchor) => {
      const keys = db.get('SELECT keys FROM authored WHERE anchor = ?', anchor)?.['keys'];
      return keys instanceof Uint8Array && keys.length > 0 ? keys : undefined;
    },
    newVersionOf: (recordId) =>
      authoredOf(
        db.get(
          `SELECT ${AUTHORED}, batch.request FROM authored LEFT JOIN batch ON batch.id = authored.batch WHERE json_extract(authored.entry, '$.previousVersion') = ?`,
          recordId,
        ),
      ),
    setHolderCount: (count) => {
      db.run(
        'INSERT OR REPLACE INTO holder_count (request, outstanding, entry) VALUES (?,?,?)',
        count.request,
        count.outstanding,
        JSON.stringify(count),
      );
    },
    holderCount: (request) => {
      const row = db.get('SELECT entry FROM holder_count WHERE request = ?', request);
      return row && parsed<HolderCount>(row['entry']);
    },
  };
}
