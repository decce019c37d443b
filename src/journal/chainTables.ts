import { type Hex, ZERO_32 } from '../hash/bytes.ts';
import type { Database, Row } from './database.ts';

/** What a node has read from its chain's final blocks. */

export interface SeenRequest {
  request: number;
  /** The author's node. */
  nodeId: Hex;
  batchRoot: Hex;
  queryDigest: Hex;
  paddedCount: number;
  tagEpoch: number;
  block: number;
  time: number;
  tx: Hex;
  /** This node's own answer, once given. */
  answered?: Hex;
}
export interface SeenSeal {
  from: number;
  to: number;
  prevRoot: Hex;
  newRoot: Hex;
  deliveriesRoot: Hex;
  answersRoot: Hex;
  block: number;
  time: number;
  tx: Hex;
}
export interface SeenSettlement {
  from: number;
  to: number;
  bitmap: bigint;
  receiptsRoot: Hex;
  block: number;
  time: number;
  tx: Hex;
}
export interface SeenRelations {
  seq: number;
  digest: Hex;
  block: number;
  time: number;
}

export interface ChainTables {
  /** Where reading goes on; checked by the schema of its owner. */
  cursor<T>(schema: { parse(value: unknown): T }): T | undefined;
  setCursor(cursor: object): void;
  /** Number of the newest final block read. */
  setFinal(block: number): void;
  final(): number;
  /** Roots of the sharing table that stood on chain. */
  addLocatorRoot(root: Hex, block: number): void;
  isLocatorRoot(root: Hex): boolean;
  /** When the next audit of the sharing table is due, and how many tries in a row had no usable answer. */
  auditState(): { due: number; failures: number };
  setAuditState(state: { due: number; failures: number }): void;
  addRequest(request: SeenRequest): void;
  request(number: number): SeenRequest | undefined;
  /** Requests that no seal covers yet, oldest first. */
  openRequests(): SeenRequest[];
  setAnswered(request: number, bitmap: Hex): void;
  /** To be answered again, to another consensus node. */
  forgetAnswer(request: number): void;
  lastRequest(): number;
  addSeal(seal: SeenSeal): void;
  /** The seal that covers a request. */
  sealOf(request: number): SeenSeal | undefined;
  lastSeal(): SeenSeal | undefined;
  addSettled(settled: SeenSettlement): void;
  settledOf(request: number): SeenSettlement | undefined;
  lastSettled(): number;
  addRelations(patientId: Hex, relations: SeenRelations): void;
  relations(patientId: Hex): SeenRelations | undefined;
  /** The newest relations set at or before a block. */
  relationsBefore(patientId: Hex, block: number): SeenRelations | undefined;
  relationsAt(patientId: Hex, seq: number): SeenRelations | undefined;
  /** The newest relations that the sharing table does not show yet; only consensus nodes keep count. */
  waitingRelations(limit: number): (SeenRelations & { patientId: Hex })[];
  /** The sharing table shows the patient's relations up to this seq. */
  setRelationsApplied(patientId: Hex, seq: number): void;
  setTerm(term: number, nodeId: Hex, block: number, time: number): void;
  /** The present term, its consensus node, and when it began. */
  term(): { term: number; nodeId: Hex; since: number } | undefined;
  addAuthority(patientId: Hex, account: Hex, block: number, isRecovered?: boolean): void;
  authority(patientId: Hex): Hex | undefined;
  /** Whether guardians gave her the account that signs for her. */
  isRecovered(patientId: Hex): boolean;
  setScopeEpoch(patientId: Hex, handle: Hex, epoch: number, commitment: Hex, block: number): void;
  scopeEpoch(patientId: Hex, handle: Hex): { epoch: number; commitment: Hex } | undefined;
}

const hex = (value: unknown): Hex => String(value) as Hex; // written by us as Hex

const requestOf = (row: Row): SeenRequest => ({
  request: Number(row['number']),
  nodeId: hex(row['node']),
  batchRoot: hex(row['batch_root']),
  queryDigest: hex(row['query_digest']),
  paddedCount: Number(row['padded_count']),
  tagEpoch: Number(row['tag_epoch']),
  block: Number(row['block']),
  time: Number(row['time']),
  tx: hex(row['tx']),
  ...(row['answered'] === null ? {} : { answered: hex(row['answered']) }),
});

const sealOf = (row: Row | undefined): SeenSeal | undefined =>
  row && {
    from: Number(row['first']),
    to: Number(row['last']),
    prevRoot: hex(row['prev_root']),
    newRoot: hex(row['new_root']),
    deliveriesRoot: hex(row['deliveries_root']),
    answersRoot: hex(row['answers_root']),
    block: Number(row['block']),
    time: Number(row['time']),
    tx: hex(row['tx']),
  };

const settledOf = (row: Row | undefined): SeenSettlement | undefined =>
  row && {
    from: Number(row['first']),
    to: Number(row['last']),
    bitmap: BigInt(String(row['bitmap'])),
    receiptsRoot: hex(row['receipts_root']),
    block: Number(row['block']),
    time: Number(row['time']),
    tx: hex(row['tx']),
  };

const relationsOf = (row: Row | undefined): SeenRelations | undefined =>
  row && {
    seq: Number(row['seq']),
    digest: hex(row['digest']),
    block: Number(row['block']),
    time: Number(row['time']),
  };

export function chainTables(db: Database): ChainTables {
  return {
    cursor: (schema) => {
      const row = db.get("SELECT state FROM cursor WHERE chain = 'edge'");
      return row && schema.parse(JSON.parse(String(row['state'])));
    },
    setCursor: (cursor) => {
      db.run(
        "INSERT OR REPLACE INTO cursor (chain, state) VALUES ('edge', ?)",
        JSON.stringify(cursor),
      );
    },
    setFinal: (block) => {
      db.run("INSERT OR REPLACE INTO cursor (chain, state) VALUES ('final', ?)", String(block));
    },
    final: () => Number(db.get("SELECT state FROM cursor WHERE chain = 'final'")?.['state'] ?? 0),
    addLocatorRoot: (root, block) => {
      db.run('INSERT OR REPLACE INTO locator_root (root, block) VALUES (?,?)', root, block);
    },
    isLocatorRoot: (root) =>
      db.get('SELECT 1 FROM locator_root WHERE root = ?', root) !== undefined ||
      // The empty table's root stands until the first change.
      (root === ZERO_32 && db.get('SELECT 1 FROM locator_root') === undefined),
    auditState: () => {
      const row = db.get("SELECT state FROM cursor WHERE chain = 'audit'");
      if (row === undefined) return { due: 0, failures: 0 };
      return JSON.parse(String(row['state'])) as { due: number; failures: number }; // written below
    },
    setAuditState: (state) => {
      db.run(
        "INSERT OR REPLACE INTO cursor (chain, state) VALUES ('audit', ?)",
        JSON.stringify(state),
      );
    },
    addRequest: (r) => {
      db.run(
        'INSERT OR IGNORE INTO request (number, node, batch_root, query_digest, padded_count, tag_epoch, block, time, tx) VALUES (?,?,?,?,?,?,?,?,?)',
        r.request,
        r.nodeId,
        r.batchRoot,
        r.queryDigest,
        r.paddedCount,
        r.tagEpoch,
        r.block,
        r.time,
        r.tx,
      );
    },
    request: (number) => {
      const row = db.get('SELECT * FROM request WHERE number = ?', number);
      return row && requestOf(row);
    },
    openRequests: () =>
      db
        .all(
          'SELECT * FROM request WHERE number > COALESCE((SELECT MAX(last) FROM seal), 0) ORDER BY number',
        )
        .map(requestOf),
    setAnswered: (request, bitmap) => {
      db.run('UPDATE request SET answered = ? WHERE number = ?', bitmap, request);
    },
    forgetAnswer: (request) => {
      db.run('UPDATE request SET answered = NULL WHERE number = ?', request);
    },
    lastRequest: () =>
      Number(db.get('SELECT COALESCE(MAX(number), 0) AS n FROM request')?.['n'] ?? 0),
    addSeal: (s) => {
      db.run(
        'INSERT OR IGNORE INTO seal (first, last, prev_root, new_root, deliveries_root, answers_root, block, time, tx) VALUES (?,?,?,?,?,?,?,?,?)',
        s.from,
        s.to,
        s.prevRoot,
        s.newRoot,
        s.deliveriesRoot,
        s.answersRoot,
        s.block,
        s.time,
        s.tx,
      );
    },
    sealOf: (request) =>
      sealOf(
        db.get(
          'SELECT * FROM seal WHERE first <= ? AND last >= ? ORDER BY first DESC LIMIT 1',
          request,
          request,
        ),
      ),
    lastSeal: () => sealOf(db.get('SELECT * FROM seal ORDER BY first DESC LIMIT 1')),
    addSettled: (s) => {
      db.run(
        'INSERT OR IGNORE INTO settled (first, last, bitmap, receipts_root, block, time, tx) VALUES (?,?,?,?,?,?,?)',
        s.from,
        s.to,
        s.bitmap.toString(),
        s.receiptsRoot,
        s.block,
        s.time,
        s.tx,
      );
    },
    settledOf: (request) =>
      settledOf(
        db.get(
          'SELECT * FROM settled WHERE first <= ? AND last >= ? ORDER BY first DESC LIMIT 1',
          request,
          request,
        ),
      ),
    lastSettled: () =>
      Number(db.get('SELECT COALESCE(MAX(last), 0) AS n FROM settled')?.['n'] ?? 0),
    addRelations: (patientId, r) => {
      db.run(
        'INSERT OR IGNORE INTO relations (patient, seq, digest, block, time) VALUES (?,?,?,?,?)',
        patientId,
        r.seq,
        r.digest,
        r.block,
        r.time,
      );
    },
    relations: (patientId) =>
      relationsOf(
        db.get('SELECT * FROM relations WHERE patient = ? ORDER BY seq DESC LIMIT 1', patientId),
      ),
    relationsBefore: (patientId, block) =>
      relationsOf(
        db.get(
          'SELECT * FROM relations WHERE patient = ? AND block <= ? ORDER BY seq DESC LIMIT 1',
          patientId,
          block,
        ),
      ),
    relationsAt: (patientId, seq) =>
      relationsOf(db.get('SELECT * FROM relations WHERE patient = ? AND seq = ?', patientId, seq)),
    waitingRelations: (limit) =>
      db
        .all(
          'SELECT patient, MAX(seq) AS seq, digest, block, time FROM relations WHERE waiting = 1 GROUP BY patient ORDER BY block LIMIT ?',
          limit,
        )
        .flatMap((row) => {
          const relations = relationsOf(row);
          return relations === undefined ? [] : [{ ...relations, patientId: hex(row['patient']) }];
        }),
    setRelationsApplied: (patientId, seq) => {
      db.run('UPDATE relations SET waiting = 0 WHERE patient = ? AND seq <= ?', patientId, seq);
    },
    setTerm: (term, nodeId, block, time) => {
      db.run(
        'INSERT OR REPLACE INTO term (term, node, block, time) VALUES (?,?,?,?)',
        term,
        nodeId,
        block,
        time,
      );
    },
    term: () => {
      const row = db.get('SELECT * FROM term ORDER BY term DESC LIMIT 1');
      return (
        row && {
          term: Number(row['term']),
          nodeId: hex(row['node']),
          since: Number(row['time']),
        }
      );
    },
    addAuthority: (patientId, account, block, isRecovered = false) => {
      db.run(
        'INSERT OR REPLACE INTO authority (patient, account, block, recovered) VALUES (?,?,?,?)',
        patientId,
        account,
        block,
        Number(isRecovered),
      );
    },
    authority: (patientId) => {
      const row = db.get('SELECT account FROM authority WHERE patient = ?', patientId);
      return row && hex(row['account']);
    },
    isRecovered: (patientId) =>
      db.get('SELECT 1 FROM authority WHERE patient = ? AND recovered = 1', patientId) !==
      undefined,
    setScopeEpoch: (patientId, handle, epoch, commitment, block) => {
      db.run(
        'INSERT OR REPLACE INTO scope_epoch (patient, handle, epoch, commitment, block) VALUES (?,?,?,?,?)',
        patientId,
        handle,
        epoch,
        commitment,
        block,
      );
    },
    scopeEpoch: (patientId, handle) => {
      const row = db.get(
        'SELECT * FROM scope_epoch WHERE patient = ? AND handle = ?',
        patientId,
        handle,
      );
      return row && { epoch: Number(row['epoch']), commitment: hex(row['commitment']) };
    },
  };
}
