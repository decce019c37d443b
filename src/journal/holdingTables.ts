import type { OwnRelation } from '../domain/relations.ts';
import type { HistoryState } from '../domain/sharingTable.ts';
import type { Hex } from '../hash/bytes.ts';
import type { DeliveryPart, RoundProofs, Settlement } from '../wire/messages.ts';
import type { Database, Row } from './database.ts';
import { erasedRecord, type HeldRecord } from './heldRecord.ts';
import { addSalt, readSalt, saltOf } from './recordSalts.ts';

export type { HeldRecord } from './heldRecord.ts';

/** What a node holds of its patients, and what it was told to hold. */

export interface OwnPatient {
  patientId: Hex;
  /** asked: countersigned, not on chain yet; enrolled; withdrawn. */
  state: 'asked' | 'enrolled' | 'withdrawn';
  seq: number;
  relation: OwnRelation;
  /** The opened `ScopePackage`, sealed to this journal. */
  package: Uint8Array;
}

export interface Delivery {
  from: number;
  to: number;
  /** receiving: parts are missing; checked: taken or refused; settled: the settlement was sent. */
  state: 'receiving' | 'checked' | 'settled';
  /** Chain time when its newest part came. */
  arrived?: number;
  /** The newest one sent. */
  settlement?: Settlement;
  /** Digests of all settlements sent: a record that came late is settled anew. */
  sent?: Hex[];
  /** Chain time when the first one was sent. */
  sentAt?: number;
  proofs?: RoundProofs;
}

export interface AbsentEntry {
  anchor: Hex;
  recordId: Hex;
  handle: Hex;
  request: number;
  state: 'due' | 'erased';
  /** The record of the same handle that the same request brought before it. */
  follows?: Hex;
}

export interface HoldingTables {
  putPatient(patient: OwnPatient): void;
  patient(patientId: Hex): OwnPatient | undefined;
  patients(): OwnPatient[];
  /** Rises with every change of a patient of this node, as long as this process runs. */
  patientsVersion(): number;
  addIdentifier(hash: Hex, patientId: Hex): void;
  patientsByIdentifier(hash: Hex): Hex[];
  addPart(part: DeliveryPart): void;
  dropParts(from: number): void;
  parts(from: number): { expected: number; parts: (Hex | undefined)[] };
  delivery(from: number): Delivery | undefined;
  deliveriesIn(state: Delivery['state']): Delivery[];
  putDelivery(delivery: Delivery): void;
  /** Whether a seal of these times, before request `first`, has no list that was taken here. */
  isListMissing(first: number, since: number): boolean;
  /** Settled deliveries whose proofs came and were not looked at yet. */
  unjudged(): Delivery[];
  setJudged(from: number): void;
  /** What its patient has erased is noted as such, without salt: no delivery brings it back. */
  addHeld(record: HeldRecord): void;
  /** Changes nothing of what was erased meanwhile. */
  updateHeld(record: HeldRecord): void;
  held(anchor: Hex): HeldRecord | undefined;
  /** What was found inside a record, sealed to this journal; undefined where this node has no key to it. */
  content(anchor: Hex): Uint8Array | undefined;
  putContent(anchor: Hex, sealed: Uint8Array): void;
  heldById(recordId: Hex): HeldRecord | undefined;
  heldIn(state: HeldRecord['state'], limit: number): HeldRecord[];
  /** Records to be asked for now: new ones, and those whose time to be tried again has come. */
  dueNow(now: number, limit: number): HeldRecord[];
  heldOfRequests(from: number, to: number): HeldRecord[];
  /** The records of a patient, newest first. */
  timeline(patientId: Hex, limit: number): HeldRecord[];
  /** What is held of a patient, newest first, behind the record with this anchor. */
  page(patientId: Hex, limit: number, after?: Hex): HeldRecord[];
  /** What belongs to a patient's history and is not held, in sealed order; `follows` names its neighbour before it. */
  absent(patientId: Hex, limit: number): AbsentEntry[];
  countHeld(): number;
  history(patientId: Hex, handle: Hex): (HistoryState & { missing: number }) | undefined;
  /** Whether anything of the patient was delivered here. */
  hasHistory(patientId: Hex): boolean;
  setHistory(patientId: Hex, handle: Hex, state: HistoryState & { missing: number }): void;
  /** Whether a patient's nonce is new; forgets those whose time has passed. */
  useNonce(patientId: Hex, nonce: string, expiry: number, now: number): boolean;
  addAlarm(kind: string, request: number, detail: string, reporter: Hex): void;
  alarms(): { kind: string; request: number; detail: string; reporter: Hex }[];
}

const HELD = `held.entry, ${saltOf('held')}`;

const hex = (value: unknown): Hex => String(value) as Hex; // written by us as Hex
const parsed = <T>(value: unknown): T => JSON.parse(String(value)) as T; // written by this file

const bytesOf = (value: Row[string] | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : new Uint8Array(0);

const patientOf = (row: Row): OwnPatient => ({
  patientId: hex(row['id']),
  state: String(row['state']) as OwnPatient['state'], // the three above
  seq: Number(row['seq']),
  relation: parsed<OwnRelation>(row['relation']),
  package: bytesOf(row['package']),
});

const deliveryOf = (row: Row): Delivery => ({
  from: Number(row['first']),
  to: Number(row['last']),
  state: String(row['state']) as Delivery['state'], // the three above
  ...(row['arrived'] === null ? {} : { arrived: Number(row['arrived']) }),
  ...(row['settlement'] === null
    ? {}
    : parsed<Pick<Delivery, 'settlement' | 'sent' | 'sentAt'>>(row['settlement'])),
  ...(row['proofs'] === null ? {} : { proofs: parsed<RoundProofs>(row['proofs']) }),
});

export function holdingTables(db: Database): HoldingTables {
  let version = 0;
  const heldOf = (rows: Row[]): HeldRecord[] =>
    rows.map((row) => ({
      ...parsed<Omit<HeldRecord, 'recordSalt'>>(row['entry']),
      recordSalt: readSalt(row),
    }));
  const heldBy = (sql: string, value: string): HeldRecord | undefined =>
    heldOf(db.all(sql, value))[0];
  return {
    putPatient: (patient) => {
      version += 1;
      db.run(
        'INSERT OR REPLACE INTO patient (id, state, seq, relation, package) VALUES (?,?,?,?,?)',
        patient.patientId,
        patient.state,
        patient.seq,
        JSON.stringify(patient.relation),
        patient.package,
      );
    },
    patient: (patientId) => {
      const row = db.get('SELECT * FROM patient WHERE id = ?', patientId);
      return row && patientOf(row);
    },
    patientsVersion: () => version,
    patients: () => db.all('SELECT * FROM patient ORDER BY id').map(patientOf),
    addIdentifier: (hash, patientId) => {
      db.run('INSERT OR IGNORE INTO identifier (hash, patient) VALUES (?,?)', hash, patientId);
    },
    patientsByIdentifier: (hash) =>
      db
        .all('SELECT patient FROM identifier WHERE hash = ?', hash)
        .map((row) => hex(row['patient'])),
    addPart: (part) => {
      db.run(
        'INSERT OR IGNORE INTO part (first, part, parts, bytes) VALUES (?,?,?,?)',
        part.from,
        part.part,
        part.parts,
        part.bytes,
      );
    },
    parts: (from) => {
      const rows = db.all('SELECT * FROM part WHERE first = ? ORDER BY part', from);
      const parts: (Hex | undefined)[] = [];
      for (const row of rows) parts[Number(row['part'])] = hex(row['bytes']);
      return { expected: Number(rows[0]?.['parts'] ?? 0), parts };
    },
    dropParts: (from) => {
      db.run('DELETE FROM part WHERE first = ?', from);
      db.scrubLater();
    },
    delivery: (from) => {
      const row = db.get('SELECT * FROM delivery WHERE first = ?', from);
      return row && deliveryOf(row);
    },
    deliveriesIn: (state) =>
      db.all('SELECT * FROM delivery WHERE state = ? ORDER BY first', state).map(deliveryOf),
    putDelivery: (delivery) => {
      db.run(
        'INSERT INTO delivery (first, last, state, settlement, proofs, arrived) VALUES (?,?,?,?,?,?) ON CONFLICT (first) DO UPDATE SET state = excluded.state, settlement = excluded.settlement, proofs = excluded.proofs, arrived = excluded.arrived',
        delivery.from,
        delivery.to,
        delivery.state,
        delivery.settlement === undefined
          ? null
          : JSON.stringify({
              settlement: delivery.settlement,
              sent: delivery.sent,
              sentAt: delivery.sentAt,
            }),
        delivery.proofs === undefined ? null : JSON.stringify(delivery.proofs),
        delivery.arrived ?? null,
      );
    },
    isListMissing: (first, since) =>
      db.get(
        "SELECT 1 FROM seal LEFT JOIN delivery ON delivery.first = seal.first WHERE seal.first < ? AND seal.time >= ? AND (delivery.state IS NULL OR delivery.state = 'receiving') LIMIT 1",
        first,
        since,
      ) !== undefined,
    unjudged: () =>
      db
        .all('SELECT * FROM delivery WHERE judged = 0 AND proofs IS NOT NULL ORDER BY first')
        .map(deliveryOf),
    setJudged: (from) => {
      db.run('UPDATE delivery SET judged = 1 WHERE first = ?', from);
    },
    addHeld: (record) => {
      db.transaction(() => {
        if (db.get('SELECT 1 FROM held WHERE anchor = ?', record.anchor) !== undefined) return;
        const { anchor, patientId } = record;
        const isErased =
          db.get('SELECT 1 FROM erased WHERE anchor = ? AND patient = ?', anchor, patientId) !==
          undefined;
        const kept = isErased ? erasedRecord(record) : record;
        const { recordSalt, ...entry } = kept;
        db.run(
          'INSERT INTO held (anchor, record_id, patient, handle, request, state, entry, salt) VALUES (?,?,?,?,?,?,?,?)',
          anchor,
          kept.recordId,
          patientId,
          kept.handle,
          kept.request,
          kept.state,
          JSON.stringify(entry),
          isErased ? null : addSalt(db, recordSalt),
        );
      });
    },
    updateHeld: ({ recordSalt: _, ...entry }) => {
      db.run(
        "UPDATE held SET state = ?, entry = ? WHERE anchor = ? AND state <> 'erased'",
        entry.state,
        JSON.stringify(entry),
        entry.anchor,
      );
    },
    held: (anchor) => heldBy(`SELECT ${HELD} FROM held WHERE anchor = ?`, anchor),
    content: (anchor) => {
      const keys = db.get('SELECT keys FROM held WHERE anchor = ?', anchor)?.['keys'];
      return keys instanceof Uint8Array ? keys : undefined;
    },
    putContent: (anchor, sealed) => {
      db.run("UPDATE held SET keys = ? WHERE anchor = ? AND state <> 'erased'", sealed, anchor);
    },
    heldById: (recordId) =>
      heldBy(
        `SELECT ${HELD} FROM held WHERE record_id = ? ORDER BY state = 'refused' LIMIT 1`,
        recordId,
      ),
    heldIn: (state, limit) =>
      heldOf(
        db.all(`SELECT ${HELD} FROM held WHERE state = ? ORDER BY request LIMIT ?`, state, limit),
      ),
    dueNow: (now, limit) =>
      heldOf(
        db.all(
          `SELECT ${HELD} FROM held WHERE state = 'due' AND COALESCE(json_extract(entry, '$.nextAt'), 0) <= ? ORDER BY request LIMIT ?`,
          now,
          limit,
        ),
      ),
    heldOfRequests: (from, to) =>
      heldOf(
        db.all(`SELECT ${HELD} FROM held WHERE request BETWEEN ? AND ? ORDER BY request`, from, to),
      ),
    timeline: (patientId, limit) =>
      heldOf(
        db.all(
          `SELECT ${HELD} FROM held WHERE patient = ? ORDER BY request DESC LIMIT ?`,
          patientId,
          limit,
        ),
      ),
    page: (patientId, limit, after) =>
      heldOf(
        after === undefined
          ? db.all(
              `SELECT ${HELD} FROM held WHERE patient = ? AND state = 'held' ORDER BY request DESC, rowid DESC LIMIT ?`,
              patientId,
              limit,
            )
          : db.all(
              `SELECT ${HELD} FROM held WHERE patient = ? AND state = 'held' AND (request, rowid) < (SELECT request, rowid FROM held WHERE anchor = ? AND patient = ?) ORDER BY request DESC, rowid DESC LIMIT ?`,
              patientId,
              after,
              patientId,
              limit,
            ),
      ),
    absent: (patientId, limit) =>
      db
        .all(
          `SELECT anchor, record_id, handle, request, state, (SELECT anchor FROM held AS before WHERE before.patient = held.patient AND before.handle = held.handle AND before.request = held.request AND before.rowid < held.rowid AND before.state <> 'refused' ORDER BY before.rowid DESC LIMIT 1) AS follows FROM held WHERE patient = ? AND state IN ('due', 'erased') ORDER BY request, rowid LIMIT ?`,
          patientId,
          limit,
        )
        .map((row) => ({
          anchor: hex(row['anchor']),
          recordId: hex(row['record_id']),
          handle: hex(row['handle']),
          request: Number(row['request']),
          state: row['state'] === 'due' ? 'due' : 'erased',
          ...(row['follows'] === null ? {} : { follows: hex(row['follows']) }),
        })),
    countHeld: () =>
      Number(db.get("SELECT COUNT(*) AS n FROM held WHERE state = 'held'")?.['n'] ?? 0),
    history: (patientId, handle) => {
      const row = db.get(
        'SELECT * FROM history WHERE patient = ? AND handle = ?',
        patientId,
        handle,
      );
      return (
        row && {
          count: Number(row['count']),
          historyHead: hex(row['head']),
          missing: Number(row['missing']),
        }
      );
    },
    hasHistory: (patientId) =>
      db.get('SELECT 1 FROM history WHERE patient = ? AND count > 0', patientId) !== undefined,
    setHistory: (patientId, handle, state) => {
      db.run(
        'INSERT OR REPLACE INTO history (patient, handle, count, head, missing) VALUES (?,?,?,?,?)',
        patientId,
        handle,
        state.count,
        state.historyHead,
        state.missing,
      );
    },
    useNonce: (patientId, nonce, expiry, now) => {
      db.run('DELETE FROM patient_nonce WHERE expiry < ?', now);
      return (
        db.run(
          'INSERT OR IGNORE INTO patient_nonce (patient, nonce, expiry) VALUES (?,?,?)',
          patientId,
          nonce,
          expiry,
        ) === 1
      );
    },
    addAlarm: (kind, request, detail, reporter) => {
      db.run(
        'INSERT OR IGNORE INTO alarm (kind, request, detail, reporter) VALUES (?,?,?,?)',
        kind,
        request,
        detail,
        reporter,
      );
    },
    alarms: () =>
      db.all('SELECT * FROM alarm ORDER BY id').map((row) => ({
        kind: String(row['kind']),
        request: Number(row['request']),
        detail: String(row['detail']),
        reporter: hex(row['reporter']),
      })),
  };
}
