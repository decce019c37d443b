import type { Hex } from '../hash/bytes.ts';
import { MessageType } from '../wire/envelope.ts';
import type { AuthoredRecord } from './authorTables.ts';
import type { Database } from './database.ts';
import { erasedRecord, type HeldRecord } from './heldRecord.ts';
import { destroySalt } from './recordSalts.ts';

/** What patients had erased here: tombstones, which stay for good, and what was signed on both sides. */

/** A patient's signed message, and how far it is carried out. */
export interface Erasure {
  /** Of her typed data. */
  digest: Hex;
  patientId: Hex;
  seq: number;
  anchors: Hex[];
  signature: Hex;
  /** This node's receipt; missing while content is still on its disk. */
  receipt?: { erasedAt: number; signature: Hex };
}

export interface ErasureTables {
  erasure(digest: Hex): Erasure | undefined;
  /**
   * The step that cannot be undone, in the transaction under way: tombstones for all anchors, and for what is known here
   * of this patient no salt and no key any more. Says which own requests have to be listed anew: their list waited to be sent.
   */
  begin(erasure: Erasure): { requests: number[] };
  /** The anchors of an erasure whose content may lie in the store. */
  ownersOf(erasure: Erasure): Hex[];
  unfinished(): Erasure[];
  finish(digest: Hex, receipt: NonNullable<Erasure['receipt']>): void;
}

const parsed = <T>(value: unknown): T => JSON.parse(String(value)) as T; // written by the journal

export function erasureTables(db: Database): ErasureTables {
  const erasureOf = (sql: string, value: string): Erasure[] =>
    db.all(sql, value).map((row) => parsed<Erasure>(row['entry']));
  return {
    erasure: (digest) => erasureOf('SELECT entry FROM erasure WHERE digest = ?', digest)[0],
    begin: (erasure) =>
      db.transaction(() => {
        const { digest, patientId, anchors } = erasure;
        db.run(
          "INSERT INTO erasure (digest, patient, state, entry) VALUES (?,?,'begun',?)",
          digest,
          patientId,
          JSON.stringify(erasure),
        );
        const requests = new Set<number>();
        for (const anchor of anchors) {
          db.run(
            'INSERT OR IGNORE INTO erased (anchor, patient, digest) VALUES (?,?,?)',
            anchor,
            patientId,
            digest,
          );
          eraseHeld(db, anchor, patientId);
          const request = eraseAuthored(db, anchor, patientId);
          if (request !== undefined) requests.add(request);
        }
        db.rewrite('part');
        db.rewrite('outbox');
        return { requests: [...requests] };
      }),
    ownersOf: ({ anchors, patientId }) =>
      anchors.filter(
        (anchor) =>
          db.get(
            "SELECT 1 FROM held WHERE anchor = ? AND patient = ? UNION ALL SELECT 1 FROM authored WHERE anchor = ? AND json_extract(entry, '$.patientId') = ?",
            anchor,
            patientId,
            anchor,
            patientId,
          ) !== undefined,
      ),
    unfinished: () => erasureOf('SELECT entry FROM erasure WHERE state = ?', 'begun'),
    finish: (digest, receipt) => {
      db.run(
        "UPDATE erasure SET state = 'done', entry = json_set(entry, '$.receipt', json(?)) WHERE digest = ? AND state = 'begun'",
        JSON.stringify(receipt),
        digest,
      );
    },
  };
}

function eraseHeld(db: Database, anchor: Hex, patientId: Hex): void {
  const row = db.get(
    "SELECT entry, salt FROM held WHERE anchor = ? AND patient = ? AND state <> 'erased'",
    anchor,
    patientId,
  );
  if (row === undefined) return;
  destroySalt(db, row['salt']);
  const { recordSalt: _, ...entry } = erasedRecord(parsed<HeldRecord>(row['entry']));
  db.run(
    "UPDATE held SET state = 'erased', keys = NULL, entry = ? WHERE anchor = ?",
    JSON.stringify(entry),
    anchor,
  );
}

/** The request whose list, with the salt in it, waited for the consensus node: it is taken out of the outbox. */
function eraseAuthored(db: Database, anchor: Hex, patientId: Hex): number | undefined {
  const row = db.get(
    "SELECT authored.entry, authored.salt, record_salt.salt AS bytes, batch.request FROM authored LEFT JOIN record_salt ON record_salt.id = authored.salt LEFT JOIN batch ON batch.id = authored.batch WHERE anchor = ? AND json_extract(authored.entry, '$.patientId') = ?",
    anchor,
    patientId,
  );
  if (row === undefined) return undefined;
  const entry = parsed<AuthoredRecord>(row['entry']);
  if (entry.erased === true) return undefined;
  const salt = row['bytes'];
  const waited =
    salt instanceof Uint8Array
      ? db.run(
          'DELETE FROM outbox WHERE type = ? AND instr(envelope, ?) > 0',
          MessageType.RecordList,
          salt,
        )
      : 0;
  destroySalt(db, row['salt']);
  // What the list needs stays, for the other records of its batch. So does the batch secret with the other records of its batch; without this salt it opens nothing of this one.
  db.run(
    'UPDATE authored SET keys = zeroblob(0), entry = ? WHERE anchor = ?',
    JSON.stringify({ ...entry, erased: true }),
    anchor,
  );
  return waited > 0 && row['request'] !== null ? Number(row['request']) : undefined;
}
