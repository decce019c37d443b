import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex, type Hex, toHex, uint, utf8, ZERO_32 } from '../../../src/hash/bytes.ts';
import { keccak256 } from '../../../src/hash/keccak.ts';
import { type AuthoredRecord, authorTables } from '../../../src/journal/authorTables.ts';
import { outboxTable } from '../../../src/journal/courierTables.ts';
import { type Database, openDatabase } from '../../../src/journal/database.ts';
import { erasureTables } from '../../../src/journal/erasureTables.ts';
import { type HeldRecord, holdingTables } from '../../../src/journal/holdingTables.ts';
import { MIGRATIONS } from '../../../src/journal/schema.ts';
import { MessageType } from '../../../src/wire/envelope.ts';

const id = (kind: string, n: number): Hex => toHex(keccak256(utf8(`${kind} ${n}`)));
const PATIENT = id('patient', 1);

const held = (n: number, patientId = PATIENT): HeldRecord => ({
  recordId: toHex(uint(n, 16)),
  patientId,
  scopeKeyId: id('scope', 1),
  handle: id('handle', n % 3),
  anchor: id('anchor', n),
  recordSalt: id('salt', n),
  recordCid: `bafkrei${n}`,
  recordSize: 10,
  wrapCid: 'bafkreiwrap',
  wrapSize: 10,
  request: n,
  author: id('node', 1),
  authorKeyEpoch: 0,
  batchRoot: id('root', 1),
  state: 'due',
  ground: { kind: 'presence-query', request: n },
  peers: [id('node', n % 4)],
  attempts: 0,
});
const authored = (n: number): AuthoredRecord => {
  const { recordId, patientId, scopeKeyId, handle, anchor, recordSalt } = held(n);
  const { recordCid, recordSize, wrapCid, wrapSize } = held(n);
  const places = { recordCid, recordSize, wrapCid, wrapSize };
  const names = { recordId, patientId, scopeKeyId, handle, anchor, recordSalt };
  const about = { submission: `s${n}`, category: 'result', resourceTypes: ['Observation'] };
  return { ...names, ...places, ...about, sealedAt: n };
};
const erasureOf = (anchors: Hex[], patientId = PATIENT) => ({
  digest: id('erasure', anchors.length),
  patientId,
  seq: 1,
  anchors,
  signature: '0x01' as const,
});

describe('the erasures of the journal', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'carelattice-journal-'));
    path = join(directory, 'journal.sqlite');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Which of these lie in the file or its log, raw or as text. */
  const left = (values: readonly Hex[]): Hex[] => {
    const files = [path, `${path}-wal`].map((name) => readFileSync(name));
    return values.filter((value) => {
      const bytes = Buffer.from(fromHex(value));
      return files.some((file) => file.includes(bytes) || file.includes(bytes.toString('hex')));
    });
  };

  it('leave no salt in the file, whatever was written, changed and moved before', () => {
    const rows = fc.array(
      fc.record({
        n: fc.nat(400),
        size: fc.nat(2_500),
        act: fc.constantFrom('add', 'hold', 'fail'),
      }),
      { minLength: 300, maxLength: 700, size: 'max' },
    );
    fc.assert(
      fc.property(rows, (acts) => {
        rmSync(path, { force: true });
        const db = openDatabase(path);
        const table = holdingTables(db);
        const known = new Set<number>();
        const write = ({ n, size, act }: (typeof acts)[number]): void => {
          if (act === 'add' || !known.has(n)) table.addHeld(held(n));
          known.add(n);
          if (act === 'hold') {
            table.updateHeld({ ...held(n), state: 'held', heldAt: size });
            table.putContent(held(n).anchor, new Uint8Array(size));
          }
          if (act === 'fail') table.updateHeld({ ...held(n), reason: 'x'.repeat(size) });
        };
        for (let at = 0; at < acts.length; at += 40)
          db.transaction(() => acts.slice(at, at + 40).forEach(write));
        const all = [...known];
        const [gone, kept] = [all.filter((n) => n % 2 === 0), all.filter((n) => n % 2 === 1)];
        expect(left(all.map((n) => held(n).recordSalt))).to.have.length(all.length);
        const erasure = erasureOf(gone.map((n) => held(n).anchor));
        erasureTables(db).begin(erasure);
        db.checkpoint();
        expect(left(gone.map((n) => held(n).recordSalt))).to.deep.equal([]);
        expect(left(kept.map((n) => held(n).recordSalt))).to.have.length(kept.length);
        for (const n of kept)
          expect(table.held(held(n).anchor)?.recordSalt).to.equal(held(n).recordSalt);
        for (const n of gone) expect(table.held(held(n).anchor)?.recordSalt).to.equal(ZERO_32);
        db.close();
      }),
      { numRuns: 6 },
    );
  });

  it('take the salt out of what the author keeps and of the list that waits to be sent', () => {
    const db = openDatabase(path);
    const author = authorTables(db);
    const outbox = outboxTable(db);
    const submission = { key: 'a', digest: id('bundle', 1), anchors: [], resources: 2 };
    author.addSubmission(submission, [
      { record: authored(1), keys: uint(9, 40) },
      { record: authored(2), keys: uint(9, 40) },
    ]);
    const batch = author.addBatch(
      {
        task: 'request',
        batchRoot: id('root', 1),
        signature: '0x01',
        keyEpoch: 0,
        queryDigest: id('query', 1),
        queryCid: 'bafk',
        paddedCount: 16,
        tagEpoch: 1,
        tagIndex: {},
      },
      [held(1).anchor, held(2).anchor],
    );
    author.setRequest(batch.id, 4);
    const message = (n: number, messageType: number, envelope: Uint8Array) =>
      outbox.add({
        correlationId: toHex(uint(n, 16)),
        recipient: id('node', 1),
        messageType,
        envelope,
        attempts: 0,
        nextAt: 0,
      });
    const salt = fromHex(authored(1).recordSalt);
    message(1, MessageType.RecordList, Buffer.concat([uint(1, 90), salt, uint(2, 90)]));
    message(2, MessageType.RecordList, uint(3, 90));
    message(3, MessageType.Alarm, uint(3, 90));

    const { requests } = erasureTables(db).begin(erasureOf([authored(1).anchor]));
    db.checkpoint();
    expect(requests).to.deep.equal([4]);
    expect(outbox.due(1, 10).map(({ correlationId }) => correlationId)).to.deep.equal([
      toHex(uint(2, 16)),
      toHex(uint(3, 16)),
    ]);
    expect(left([authored(1).recordSalt])).to.deep.equal([]);
    expect(author.authored(authored(1).anchor)).to.include({ recordSalt: ZERO_32, erased: true });
    expect(author.keysOf(authored(1).anchor)).to.equal(undefined);
    expect(author.authored(authored(2).anchor)?.recordSalt).to.equal(authored(2).recordSalt);
    expect(author.recordsOf(batch.id).map(({ recordSalt }) => recordSalt)).to.deep.equal([
      ZERO_32,
      authored(2).recordSalt,
    ]);
    // What was erased waits for no storage request, whatever became of its first one.
    author.releaseRecords([authored(1).anchor, authored(2).anchor]);
    expect(author.waitingRecords(10).map(({ recordId }) => recordId)).to.deep.equal([
      authored(2).recordId,
    ]);
    db.close();
  });

  it('note a record that comes later as erased, for its patient alone', () => {
    const db = openDatabase(':memory:');
    const table = holdingTables(db);
    const erasures = erasureTables(db);
    const erasure = erasureOf([held(1).anchor, held(2).anchor]);
    erasures.begin(erasure);
    expect(erasures.ownersOf(erasure)).to.deep.equal([]);
    table.addHeld(held(1));
    table.addHeld(held(2, id('patient', 2)));
    expect(table.held(held(1).anchor)).to.include({ state: 'erased', recordSalt: ZERO_32 });
    expect(table.held(held(2).anchor)).to.include({ state: 'due', recordSalt: held(2).recordSalt });
    expect(erasures.ownersOf(erasure)).to.deep.equal([held(1).anchor]);
    expect(table.heldOfRequests(1, 2).map(({ anchor }) => anchor)).to.have.length(2);
    db.close();
  });

  it('are open until they have their receipt, and keep the first one', () => {
    const db = openDatabase(':memory:');
    const erasures = erasureTables(db);
    const erasure = erasureOf([held(1).anchor]);
    erasures.begin(erasure);
    expect(erasures.unfinished()).to.deep.equal([erasure]);
    const receipt = { erasedAt: 5, signature: '0x02' as const };
    erasures.finish(erasure.digest, receipt);
    erasures.finish(erasure.digest, { ...receipt, erasedAt: 6 });
    expect(erasures.unfinished()).to.deep.equal([]);
    expect(erasures.erasure(erasure.digest)).to.deep.equal({ ...erasure, receipt });
    db.close();
  });

  it('begin in a journal of the release before with its salts where they can be destroyed', () => {
    const old = new DatabaseSync(path);
    old.exec(`PRAGMA journal_mode=WAL; ${MIGRATIONS[0] ?? ''}; PRAGMA user_version=1`);
    const insertHeld = old.prepare(
      'INSERT INTO held (anchor, record_id, patient, handle, request, state, entry) VALUES (?,?,?,?,?,?,?)',
    );
    for (let n = 1; n <= 60; n++) {
      const { anchor, recordId, patientId, handle, request, state } = held(n);
      insertHeld.run(anchor, recordId, patientId, handle, request, state, JSON.stringify(held(n)));
    }
    old.exec(`DELETE FROM held WHERE anchor = '${held(60).anchor}'`);
    const insertAuthored = old.prepare('INSERT INTO authored (anchor, entry, keys) VALUES (?,?,?)');
    for (let n = 50; n <= 55; n++)
      insertAuthored.run(held(n).anchor, JSON.stringify(authored(n)), uint(n, 4));
    old.close();

    const db = openDatabase(path);
    const table = holdingTables(db);
    for (let n = 1; n < 60; n++) expect(table.held(held(n).anchor)).to.deep.equal(held(n));
    for (let n = 50; n <= 55; n++)
      expect(authorTables(db).authored(held(n).anchor)).to.deep.equal(authored(n));
    const gone = [3, 50, 52].map((n) => held(n));
    erasureTables(db).begin(erasureOf(gone.map(({ anchor }) => anchor)));
    db.checkpoint();
    expect(left([...gone, held(60)].map(({ recordSalt }) => recordSalt))).to.deep.equal([]);
    expect(left([held(51).recordSalt])).to.have.length(1);
    db.close();
  });
});

describe('the write-ahead log of the journal', () => {
  it('is emptied when something secret has gone through it, unless somebody reads', () => {
    const directory = mkdtempSync(join(tmpdir(), 'carelattice-journal-'));
    const path = join(directory, 'journal.sqlite');
    const size = (): number => readFileSync(`${path}-wal`).length;
    const db: Database = openDatabase(path);
    db.scrub();
    expect(size()).to.equal(0);
    const table = holdingTables(db);
    table.addPart({ from: 1, to: 1, part: 0, parts: 1, bytes: '0x01' });
    db.scrub();
    expect(size(), 'nothing was deleted').to.be.greaterThan(0);
    const reader = new DatabaseSync(path, { readOnly: true });
    reader.exec('BEGIN; SELECT COUNT(*) FROM part');
    table.dropParts(1);
    db.scrub();
    expect(size()).to.be.greaterThan(0);
    reader.exec('COMMIT');
    reader.close();
    db.scrub();
    expect(size()).to.equal(0);
    db.close();
    rmSync(directory, { recursive: true });
  });
});
