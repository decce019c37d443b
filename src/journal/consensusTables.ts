import type { Hex } from '../hash/bytes.ts';
import type {
  JournalDelta,
  PatientEntry,
  PatientMessage,
  RecordList,
  Settlement,
} from '../wire/messages.ts';
import type { Database } from './database.ts';
import { type TakenMessages, takenMessages } from './takenMessages.ts';

/** What the consensus node and its standbys remember. */

export interface WaitingMessage {
  id: number;
  message: PatientMessage;
}

/** One change of the sharing table on its way to the chain; one at a time, for the table's root is compared and swapped. */
export interface TableChange extends Omit<JournalDelta, 'lists'> {
  id: number;
  /** prepared: the standbys are told; sent: the transaction is on its way; applied: seen on chain; void: overtaken. */
  state: 'prepared' | 'sent' | 'applied' | 'void';
  preparedAt: number;
  /** The entries of the same patients as they were (missing: new); known once the change is applied. */
  before: PatientEntry[];
}

export type Listed = Pick<RecordList['records'][number], 'patientId' | 'handle'>;

export interface ConsensusTables extends TakenMessages {
  waitingMessages(limit: number): WaitingMessage[];
  setMessage(id: number, state: 'submitted' | 'applied' | 'refused', task: string): void;
  submittedMessages(task: string): WaitingMessage[];
  openTasks(): string[];
  addRefusedItem(tx: Hex, index: number, reason: string): void;
  /** Index in the batch to the contract's reason. */
  refusedItems(tx: Hex): Map<number, string>;
  /** The opened list of a `SetRelations` whose digest is on chain. */
  relationsMessage(digest: Hex): PatientMessage | undefined;
  addRecordList(request: number, sender: Hex, list: RecordList): void;
  recordList(request: number): RecordList | undefined;
  /** Forgets the lists of requests up to this one, but for who is to hold something of them; says how many there were. */
  forgetLists(upTo: number): number;
  /** The patient and handle of each record of a request, whether its list is forgotten or not. */
  listedOf(request: number): Listed[] | undefined;
  addAnswer(request: number, nodeId: Hex, bitmap: Hex): void;
  answers(request: number): { nodeId: Hex; bitmap: Hex }[];
  entries(): PatientEntry[];
  entry(patientId: Hex): PatientEntry | undefined;
  putEntries(entries: readonly PatientEntry[]): void;
  addChange(change: Omit<TableChange, 'id'>): TableChange;
  setChange(id: number, state: TableChange['state']): void;
  /** The chain shows the change: keeps what it replaced. */
  applyChange(id: number, before: readonly PatientEntry[]): void;
  /**
   * The chain shows what these messages asked for, or what came after, whoever brought it there: they need no batch of
   * this node.
   * @param isDone by the message's words
   */
  settleMessages(patientId: Hex, kind: number, isDone: (words: readonly Hex[]) => boolean): void;
  /** A message of these words stands on chain. */
  settleWords(kind: number, words: readonly Hex[]): void;
  /** Counts an account's message of a day; false when it has had its share. */
  countMessage(account: Hex, day: number, most: number): boolean;
  /** The changes that are prepared or sent, oldest first. */
  pendingChanges(): TableChange[];
  /** The change that is prepared or sent, if any. */
  pendingChange(): TableChange | undefined;
  /** Whether this very change is known, in whatever state. */
  isKnownChange(change: Pick<JournalDelta, 'prevRoot' | 'newRoot' | 'seal'>): boolean;
  /** The chain's root moved; the change that did it may come later. */
  addMove(prevRoot: Hex, newRoot: Hex): void;
  /** The oldest move whose change is not applied yet. */
  nextMove(): { place: number; prevRoot: Hex; newRoot: Hex } | undefined;
  dropMove(place: number): void;
  /** The oldest change between these roots that is not applied yet: seals without records leave the root as it is. */
  unapplied(prevRoot: Hex, newRoot: Hex): TableChange | undefined;
  /** The change that led to this root. */
  changeTo(newRoot: Hex): TableChange | undefined;
  sealChange(from: number): TableChange | undefined;
  /** Applied seals from this request on, in order. */
  sealsFrom(request: number): TableChange[];
  queuePart(nodeId: Hex, body: Hex): void;
  queuedParts(nodeId: Hex, limit: number): { id: number; body: Hex }[];
  longestQueue(): number;
  dropPart(id: number): void;
  addSettlement(nodeId: Hex, settlement: Settlement): void;
  settlements(from: number): { nodeId: Hex; settlement: Settlement }[];
  /** A settlement that came after its range's receipts were posted. */
  addLateSettlement(nodeId: Hex, settlement: Settlement): void;
  /** The newest word of every node on a range, late ones included. */
  newestSettlements(from: number): { nodeId: Hex; settlement: Settlement }[];
}

const listedIn = ({ records }: RecordList): Listed[] =>
  records.map(({ patientId, handle }) => ({ patientId, handle }));

const json = (value: unknown): string => JSON.stringify(value);
const parsed = <T>(value: unknown): T => JSON.parse(String(value)) as T; // written by this file

export function consensusTables(db: Database): ConsensusTables {
  const changeOf = (row: ReturnType<Database['get']>): TableChange | undefined =>
    row && {
      ...parsed<Omit<TableChange, 'id' | 'state'>>(row['entry']),
      id: Number(row['id']),
      state: String(row['state']) as TableChange['state'], // the four above
    };
  const waiting = (rows: ReturnType<Database['all']>): WaitingMessage[] =>
    rows.map((row) => ({ id: Number(row['id']), message: parsed<PatientMessage>(row['entry']) }));
  return {
    ...takenMessages(db),
    waitingMessages: (limit) =>
      waiting(
        db.all("SELECT * FROM patient_message WHERE state = 'waiting' ORDER BY id LIMIT ?", limit),
      ),
    setMessage: (id, state, task) => {
      db.run('UPDATE patient_message SET state = ?, task = ? WHERE id = ?', state, task, id);
    },
    submittedMessages: (task) =>
      waiting(
        db.all(
          "SELECT * FROM patient_message WHERE state = 'submitted' AND task = ? ORDER BY id",
          task,
        ),
      ),
    openTasks: () =>
      db
        .all("SELECT DISTINCT task FROM patient_message WHERE state = 'submitted' ORDER BY task")
        .map((row) => String(row['task'])),
    addRefusedItem: (tx, index, reason) => {
      db.run(
        'INSERT OR IGNORE INTO refused_item (tx, place, reason) VALUES (?,?,?)',
        tx,
        index,
        reason,
      );
    },
    refusedItems: (tx) =>
      new Map(
        db
          .all('SELECT place, reason FROM refused_item WHERE tx = ?', tx)
          .map((row) => [Number(row['place']), String(row['reason'])]),
      ),
    relationsMessage: (digest) => {
      const row = db.get(
        "SELECT entry FROM patient_message WHERE json_extract(entry, '$.words[2]') = ? AND json_extract(entry, '$.relations') IS NOT NULL LIMIT 1",
        digest,
      );
      return row && parsed<PatientMessage>(row['entry']);
    },
    addRecordList: (request, sender, list) => {
      db.run(
        'INSERT OR IGNORE INTO record_list (request, sender, body) VALUES (?,?,?)',
        request,
        sender,
        json(list),
      );
    },
    recordList: (request) => {
      const row = db.get('SELECT body FROM record_list WHERE request = ?', request);
      return row && parsed<RecordList>(row['body']);
    },
    forgetLists: (upTo) =>
      db.transaction(() => {
        const rows = db.all('SELECT request, body FROM record_list WHERE request <= ?', upTo);
        for (const row of rows) {
          db.run(
            'INSERT OR IGNORE INTO settled_list (request, body) VALUES (?,?)',
            Number(row['request']),
            json(listedIn(parsed<RecordList>(row['body']))),
          );
        }
        if (rows.length === 0) return 0;
        db.run('DELETE FROM record_list WHERE request <= ?', upTo);
        db.rewrite('record_list');
        db.scrubLater();
        return rows.length;
      }),
    listedOf: (request) => {
      const list = db.get('SELECT body FROM record_list WHERE request = ?', request);
      if (list !== undefined) return listedIn(parsed<RecordList>(list['body']));
      const settled = db.get('SELECT body FROM settled_list WHERE request = ?', request);
      return settled && parsed<Listed[]>(settled['body']);
    },
    addAnswer: (request, nodeId, bitmap) => {
      db.run(
        'INSERT OR IGNORE INTO answer (request, node, bitmap) VALUES (?,?,?)',
        request,
        nodeId,
        bitmap,
      );
    },
    answers: (request) =>
      db
        .all('SELECT node, bitmap FROM answer WHERE request = ? ORDER BY node', request)
        .map((row) => ({
          nodeId: String(row['node']) as Hex,
          bitmap: String(row['bitmap']) as Hex,
        })), // written as Hex
    entries: () =>
      db.all('SELECT entry FROM sharing').map((row) => parsed<PatientEntry>(row['entry'])),
    entry: (patientId) => {
      const row = db.get('SELECT entry FROM sharing WHERE patient = ?', patientId);
      return row && parsed<PatientEntry>(row['entry']);
    },
    putEntries: (entries) => {
      for (const entry of entries) {
        db.run(
          'INSERT OR REPLACE INTO sharing (patient, entry) VALUES (?,?)',
          entry.patientId,
          json(entry),
        );
      }
    },
    addChange: (change) => {
      db.run(
        'INSERT INTO change (kind, state, prev_root, new_root, entry) VALUES (?,?,?,?,?)',
        change.kind,
        change.state,
        change.prevRoot,
        change.newRoot,
        json(change),
      );
      const id = Number(db.get('SELECT last_insert_rowid() AS id')?.['id']);
      return { ...change, id };
    },
    setChange: (id, state) => {
      db.run('UPDATE change SET state = ? WHERE id = ?', state, id);
    },
    applyChange: (id, before) => {
      db.run(
        "UPDATE change SET state = 'applied', entry = json_set(entry, '$.before', json(?)) WHERE id = ?",
        json(before),
        id,
      );
    },
    settleMessages: (patientId, kind, isDone) => {
      for (const { id, message } of waiting(
        db.all(
          "SELECT * FROM patient_message WHERE state = 'waiting' AND json_extract(entry, '$.patientId') = ? AND json_extract(entry, '$.kind') = ?",
          patientId,
          kind,
        ),
      ))
        if (isDone(message.words))
          db.run("UPDATE patient_message SET state = 'applied' WHERE id = ?", id);
    },
    settleWords: (kind, words) => {
      db.run(
        "UPDATE patient_message SET state = 'applied' WHERE state = 'waiting' AND json_extract(entry, '$.kind') = ? AND json_extract(entry, '$.words') = ?",
        kind,
        JSON.stringify(words),
      );
    },
    countMessage: (account, day, most) => {
      db.run('DELETE FROM message_count WHERE day < ?', day);
      return (
        db.run(
          'INSERT INTO message_count (account, day, count) VALUES (?,?,1) ON CONFLICT (account) DO UPDATE SET count = count + 1 WHERE count < ?',
          account,
          day,
          most,
        ) === 1
      );
    },
    pendingChanges: () =>
      db
        .all("SELECT * FROM change WHERE state IN ('prepared','sent') ORDER BY id")
        .flatMap((row) => changeOf(row) ?? []),
    pendingChange: () =>
      changeOf(
        db.get("SELECT * FROM change WHERE state IN ('prepared','sent') ORDER BY id LIMIT 1"),
      ),
    isKnownChange: ({ prevRoot, newRoot, seal }) =>
      db.get(
        "SELECT 1 FROM change WHERE prev_root = ? AND new_root = ? AND json_extract(entry, '$.seal.seed') IS ?",
        prevRoot,
        newRoot,
        seal?.seed ?? null,
      ) !== undefined,
    addMove: (prevRoot, newRoot) => {
      db.run('INSERT INTO move (prev_root, new_root) VALUES (?,?)', prevRoot, newRoot);
    },
    nextMove: () => {
      const row = db.get('SELECT * FROM move ORDER BY place LIMIT 1');
      return (
        row && {
          place: Number(row['place']),
          prevRoot: String(row['prev_root']) as Hex, // written as Hex
          newRoot: String(row['new_root']) as Hex, // written as Hex
        }
      );
    },
    dropMove: (place) => {
      db.run('DELETE FROM move WHERE place = ?', place);
    },
    unapplied: (prevRoot, newRoot) =>
      changeOf(
        db.get(
          "SELECT * FROM change WHERE prev_root = ? AND new_root = ? AND state IN ('prepared','sent') ORDER BY id LIMIT 1",
          prevRoot,
          newRoot,
        ),
      ),
    // A seal without records leaves the root as it is: it leads nowhere.
    changeTo: (newRoot) =>
      changeOf(
        db.get(
          'SELECT * FROM change WHERE new_root = ? AND prev_root <> new_root ORDER BY id DESC LIMIT 1',
          newRoot,
        ),
      ),
    sealsFrom: (request) =>
      db
        .all(
          "SELECT * FROM change WHERE json_extract(entry, '$.seal.from') >= ? AND state = 'applied' ORDER BY id",
          request,
        )
        .flatMap((row) => changeOf(row) ?? []),
    sealChange: (from) =>
      changeOf(
        db.get(
          "SELECT * FROM change WHERE json_extract(entry, '$.seal.from') = ? AND state = 'applied' ORDER BY id DESC LIMIT 1",
          from,
        ),
      ),
    queuePart: (nodeId, body) => {
      db.run('INSERT INTO outgoing (node, body) VALUES (?,?)', nodeId, body);
    },
    queuedParts: (nodeId, limit) =>
      db
        .all('SELECT id, body FROM outgoing WHERE node = ? ORDER BY id LIMIT ?', nodeId, limit)
        .map((row) => ({ id: Number(row['id']), body: String(row['body']) as Hex })), // written as Hex
    longestQueue: () =>
      Number(
        db.get('SELECT MAX(n) AS n FROM (SELECT COUNT(*) AS n FROM outgoing GROUP BY node)')?.[
          'n'
        ] ?? 0,
      ),
    dropPart: (id) => {
      db.run('DELETE FROM outgoing WHERE id = ?', id);
      db.scrubLater();
    },
    addSettlement: (nodeId, settlement) => {
      db.run(
        'INSERT OR REPLACE INTO settlement (first, node, body) VALUES (?,?,?)',
        settlement.from,
        nodeId,
        json(settlement),
      );
    },
    addLateSettlement: (nodeId, settlement) => {
      db.run(
        'INSERT OR REPLACE INTO late_settlement (first, node, body) VALUES (?,?,?)',
        settlement.from,
        nodeId,
        json(settlement),
      );
    },
    newestSettlements: (from) => {
      const newest = new Map<Hex, Settlement>();
      const rows = db.all(
        'SELECT node, body FROM settlement WHERE first = ? UNION ALL SELECT node, body FROM late_settlement WHERE first = ?',
        from,
        from,
      );
      for (const row of rows)
        newest.set(String(row['node']) as Hex, parsed<Settlement>(row['body'])); // written as Hex
      return [...newest].map(([nodeId, settlement]) => ({ nodeId, settlement }));
    },
    settlements: (from) =>
      db
        .all('SELECT node, body FROM settlement WHERE first = ? ORDER BY node', from)
        .map((row) => ({
          nodeId: String(row['node']) as Hex,
          settlement: parsed<Settlement>(row['body']),
        })), // as Hex
  };
}
