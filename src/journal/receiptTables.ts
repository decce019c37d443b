import type { Hex } from '../hash/bytes.ts';
import {
  appendLeaf,
  decodeFrontier,
  EMPTY_LOG,
  encodeFrontier,
  type LogFrontier,
  rootOfFrontier,
} from '../hash/merkleLog.ts';
import { type ReceiptLeaf, receiptLeaf } from '../wire/receiptLeaf.ts';
import type { Database, Row } from './database.ts';

/** A node's log of receipts, which only grows (the schema refuses the rest), and the accesses that led to them. */

export interface LoggedAccess extends ReceiptLeaf {
  patientId: Hex;
  /** Number among the patient's receipts here, from 1. */
  n: number;
  requestDigest: Hex;
  /** What opens the leaf, sealed to this journal by the caller. */
  entry: Uint8Array;
  /** Chain time, seconds. */
  created: number;
}

export interface ReceiptRow extends LoggedAccess {
  /** From 1. */
  place: number;
}

export interface LogHead {
  size: number;
  root: Uint8Array;
}

export interface ReceiptAnchor {
  size: number;
  root: Hex;
  /** The transaction that brings it to the chain. */
  task: string;
  /** The final block that has it; missing until then. */
  block?: number;
}

/** One access on its way, from the request to the release; what else it holds is the reading path's matter. */
export interface AccessEntry {
  state: string;
}

export interface ReceiptTables {
  /** Appends one receipt in the transaction under way: its place is the size of the log that comes back. */
  append(receipt: LoggedAccess): LogHead;
  head(): LogHead;
  /** The number that the patient's next receipt gets. */
  nextNumber(patientId: Hex): number;
  /** Leaves in order, beginning with place `from`. */
  leaves(from: number, limit: number): ReceiptLeaf[];
  receiptAt(place: number): ReceiptRow | undefined;
  /** The patient's receipts by number, beginning with `from`. */
  receiptsOf(patientId: Hex, from: number, limit: number): ReceiptRow[];
  /** The log was this long when a transaction was made of it. */
  addAnchor(anchor: ReceiptAnchor): void;
  /** The chain has it. */
  setAnchored(size: number, block: number): void;
  /** Of an anchor whose transaction came to nothing: the next one. */
  renameTask(size: number, task: string): void;
  /** The newest anchor, whether the chain has it or not. */
  lastAnchor(): ReceiptAnchor | undefined;
  /** The anchors that were made and are not final yet, smallest first. */
  pendingAnchors(): ReceiptAnchor[];
  /** All anchors that cover a place, smallest first. */
  anchorsCovering(place: number): ReceiptAnchor[];
  accessOf<T extends AccessEntry>(requestDigest: Hex): T | undefined;
  putAccess(requestDigest: Hex, entry: AccessEntry): void;
  /** How many requests of this reader about this patient were counted on a day of chain time. */
  readsOf(reader: Hex, patientId: Hex, day: number): number;
  countRead(reader: Hex, patientId: Hex, day: number): void;
}

const hex = (value: unknown): Hex => String(value) as Hex; // written by us as Hex
const bytesOf = (value: Row[string] | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : new Uint8Array(0);

const rowOf = (row: Row): ReceiptRow => ({
  place: Number(row['place']),
  tag: hex(row['tag']),
  inner: hex(row['inner']),
  patientId: hex(row['patient']),
  n: Number(row['n']),
  requestDigest: hex(row['request_digest']),
  entry: bytesOf(row['entry']),
  created: Number(row['created']),
});

const anchorOf = (row: Row): ReceiptAnchor => ({
  size: Number(row['size']),
  root: hex(row['root']),
  task: String(row['task']),
  ...(row['block'] === null ? {} : { block: Number(row['block']) }),
});

const headOf = (log: LogFrontier): LogHead => ({ size: log.size, root: rootOfFrontier(log) });

export function receiptTables(db: Database): ReceiptTables {
  const frontier = (): LogFrontier => {
    const row = db.get('SELECT frontier FROM receipt_frontier WHERE id = 1');
    return row === undefined ? EMPTY_LOG : decodeFrontier(bytesOf(row['frontier']));
  };
  const anchorsBy = (clause: string, ...values: number[]): ReceiptAnchor[] =>
    db.all(`SELECT * FROM receipt_anchor ${clause}`, ...values).map(anchorOf);
  return {
    append: (receipt) =>
      db.transaction(() => {
        const grown = appendLeaf(frontier(), receiptLeaf(receipt));
        db.run(
          'INSERT INTO receipt (place, tag, inner, patient, n, request_digest, entry, created) VALUES (?,?,?,?,?,?,?,?)',
          grown.size,
          receipt.tag,
          receipt.inner,
          receipt.patientId,
          receipt.n,
          receipt.requestDigest,
          receipt.entry,
          receipt.created,
        );
        db.run(
          'INSERT INTO receipt_frontier (id, frontier) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET frontier = excluded.frontier',
          encodeFrontier(grown),
        );
        return headOf(grown);
      }),
    head: () => headOf(frontier()),
    nextNumber: (patientId) =>
      1 +
      Number(db.get('SELECT MAX(n) AS n FROM receipt WHERE patient = ?', patientId)?.['n'] ?? 0),
    leaves: (from, limit) =>
      db
        .all('SELECT tag, inner FROM receipt WHERE place >= ? ORDER BY place LIMIT ?', from, limit)
        .map((row) => ({ tag: hex(row['tag']), inner: hex(row['inner']) })),
    receiptAt: (place) => db.all('SELECT * FROM receipt WHERE place = ?', place).map(rowOf)[0],
    receiptsOf: (patientId, from, limit) =>
      db
        .all(
          'SELECT * FROM receipt WHERE patient = ? AND n >= ? ORDER BY n LIMIT ?',
          patientId,
          from,
          limit,
        )
        .map(rowOf),
    addAnchor: ({ size, root, task, block }) => {
      db.run(
        'INSERT INTO receipt_anchor (size, root, task, block) VALUES (?,?,?,?)',
        size,
        root,
        task,
        block ?? null,
      );
    },
    setAnchored: (size, block) => {
      db.run('UPDATE receipt_anchor SET block = ? WHERE size = ?', block, size);
    },
    renameTask: (size, task) => {
      db.run('UPDATE receipt_anchor SET task = ? WHERE size = ? AND block IS NULL', task, size);
    },
    lastAnchor: () => anchorsBy('ORDER BY size DESC LIMIT 1')[0],
    pendingAnchors: () => anchorsBy('WHERE block IS NULL ORDER BY size'),
    anchorsCovering: (place) => anchorsBy('WHERE size >= ? ORDER BY size', place),
    accessOf: <T extends AccessEntry>(requestDigest: Hex) => {
      const row = db.get('SELECT entry FROM access WHERE request_digest = ?', requestDigest);
      return row && (JSON.parse(String(row['entry'])) as T); // written by putAccess
    },
    putAccess: (requestDigest, entry) => {
      db.run(
        'INSERT INTO access (request_digest, entry) VALUES (?,?) ON CONFLICT (request_digest) DO UPDATE SET entry = excluded.entry',
        requestDigest,
        JSON.stringify(entry),
      );
    },
    readsOf: (reader, patientId, day) =>
      Number(
        db.get(
          'SELECT count FROM read_count WHERE reader = ? AND patient = ? AND day >= ?',
          reader,
          patientId,
          day,
        )?.['count'] ?? 0,
      ),
    countRead: (reader, patientId, day) => {
      db.run('DELETE FROM read_count WHERE day < ?', day);
      db.run(
        'INSERT INTO read_count (reader, patient, day, count) VALUES (?,?,?,1) ON CONFLICT (reader, patient) DO UPDATE SET count = count + 1',
        reader,
        patientId,
        day,
      );
    },
  };
}
