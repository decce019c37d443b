import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { CarelatticeError } from '../errors.ts';
import { concat, utf8 } from '../hash/bytes.ts';
import { sha256 } from '#sha256';
import type { BlockEntry } from './buildDag.ts';
import { throwIfAborted } from './byteStream.ts';
import { storeFull } from './contentErrors.ts';
import { isDiskFull } from './diskFull.ts';
import type { ContentState, ContentStatus, WantedContent } from './contentStore.ts';
import { LEDGER_SCHEMA } from './ledgerSchema.ts';

/** Where the bytes of a block are: a row of this file, a file of its own, or with the driver. */
export type BlockPlace = { place: 'row'; bytes: Uint8Array } | { place: 'file' | 'driver' };

/** A content that came whole, with each of its blocks once. */
export interface Arrival extends WantedContent {
  blocks: readonly BlockEntry[];
  holder?: string;
}

export interface Release {
  /** Roots of contents that nobody owns any more. */
  contents: readonly string[];
  /** Blocks that no content needs any more; they stay doomed until `unlinked`. */
  blocks: readonly string[];
  stillNeeded: readonly string[];
}

/** Who needs which content, which blocks it has, what was erased: a `node:sqlite` file of the store's own. */
export interface Ledger {
  transaction<T>(work: () => T): T;
  isErased(owner: string): boolean;
  content(cid: string): ContentStatus | undefined;
  contents(): IterableIterator<ContentStatus>;
  addOwner(owner: string, cid: string): void;
  /** Records a content as complete and pinned. */
  arrive(arrival: Arrival, placeOf: (cid: string) => BlockPlace): void;
  /** Records what a content that is not complete is waiting for. */
  note(wanted: WantedContent, state: Exclude<ContentState, 'pinned'>, about: NoteFacts): void;
  /** Takes an owner off one content, or off all and for good. */
  release(owner: string, cid?: string): Release;
  doomed(): string[];
  unlinked(blocks: readonly string[]): void;
  block(cid: string): { size: number; place: string; bytes: Uint8Array | undefined } | undefined;
  /** Whether a block is one of a content. */
  isBlockOf(content: string, block: string): boolean;
  blocks(): IterableIterator<BlockEntry & { place: string }>;
  /** Marks blocks as lost, and the contents that need them as failed. @returns those contents' CIDs */
  lose(blocks: readonly string[], why: string): string[];
  /** Stored bytes of blocks. */
  usedBytes(): number;
  /** Empties the write-ahead log, so that nothing deleted is left in it. @throws `ErasurePending` */
  flushDeleted(signal?: AbortSignal): Promise<void>;
  close(): void;
}

export interface NoteFacts {
  /** Adds one to the attempts. */
  attempt?: boolean;
  lastError?: string;
  holder?: string;
}

type Row = Record<string, unknown>;

/** @param path a file, or `:memory:` */
export function openLedger(path: string): Ledger {
  const sqlite = new DatabaseSync(path);
  // secure_delete overwrites what is deleted; temp_store keeps copies off the disk.
  sqlite.exec(
    'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA busy_timeout=2000',
  );
  const version = Number(sqlite.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > 1) {
    sqlite.close();
    throw new CarelatticeError(
      'StoreTooNew',
      'this store was written by a later release; start that one',
      {
        facts: { version },
      },
    );
  }
  if (version === 0) sqlite.exec(`BEGIN; ${LEDGER_SCHEMA}; PRAGMA user_version=1; COMMIT`);

  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    let known = prepared.get(sql);
    if (known === undefined) prepared.set(sql, (known = sqlite.prepare(sql)));
    return known;
  };
  const run = (sql: string, ...values: SQLInputValue[]) => statement(sql).run(...values);
  const get = (sql: string, ...values: SQLInputValue[]): Row | undefined =>
    statement(sql).get(...values);
  const all = (sql: string, ...values: SQLInputValue[]): Row[] => statement(sql).all(...values);

  let used = Number(
    get("SELECT coalesce(sum(size), 0) AS used FROM block WHERE place <> 'lost'")?.['used'],
  );
  const ownersOf = (id: unknown): string[] =>
    all('SELECT owner FROM owner WHERE content = ? ORDER BY owner', Number(id)).map((row) =>
      String(row['owner']),
    );
  const statusOf = (row: Row): ContentStatus => ({
    cid: String(row['cid']),
    size: Number(row['size']),
    // The schema's CHECK admits nothing else.
    state: String(row['state']) as ContentState,
    owners: ownersOf(row['id']),
    attempts: Number(row['attempts']),
    ...(typeof row['last_error'] === 'string' ? { lastError: row['last_error'] } : {}),
    ...(typeof row['holder'] === 'string' ? { holder: row['holder'] } : {}),
  });
  const idOf = (cid: string): number | undefined => {
    const row = get('SELECT id FROM content WHERE cid = ?', cid);
    return row === undefined ? undefined : Number(row['id']);
  };
  const own = (owner: string, content: number): void => {
    run('INSERT OR IGNORE INTO owner (owner, content) VALUES (?, ?)', owner, content);
  };
  const addBlock = (entry: BlockEntry, at: BlockPlace): number => {
    const bytes = at.place === 'row' ? at.bytes : null;
    const added = run(
      'INSERT OR IGNORE INTO block (cid, size, place, bytes) VALUES (?, ?, ?, ?)',
      entry.cid,
      entry.size,
      at.place,
      bytes,
    );
    if (added.changes === 1) {
      used += entry.size;
      run('DELETE FROM doomed WHERE cid = ?', entry.cid);
      return Number(added.lastInsertRowid);
    }
    const back = run(
      "UPDATE block SET place = ?, bytes = ? WHERE cid = ? AND place = 'lost'",
      at.place,
      bytes,
      entry.cid,
    );
    if (back.changes === 1) used += entry.size;
    return Number(get('SELECT id FROM block WHERE cid = ?', entry.cid)?.['id']);
  };
  /** Drops a content without owners. @returns its blocks that no other content needs */
  const drop = (id: number): { free: string[]; shared: string[] } => {
    const linked = all(
      'SELECT block.id, block.cid, block.size, block.place, (SELECT count(*) FROM link AS other WHERE other.block = block.id) AS uses ' +
        'FROM link JOIN block ON block.id = link.block WHERE link.content = ?',
      id,
    );
    run('DELETE FROM link WHERE content = ?', id);
    run('DELETE FROM content WHERE id = ?', id);
    const free = linked.filter((row) => row['uses'] === 1);
    for (const row of free) {
      run('DELETE FROM block WHERE id = ?', Number(row['id']));
      if (row['place'] !== 'lost') used -= Number(row['size']);
      run('INSERT OR IGNORE INTO doomed (cid) VALUES (?)', String(row['cid']));
    }
    const cids = (rows: Row[]): string[] => rows.map((row) => String(row['cid']));
    return { free: cids(free), shared: cids(linked.filter((row) => row['uses'] !== 1)) };
  };

  return {
    transaction(work) {
      const usedBefore = used;
      try {
        sqlite.exec('BEGIN IMMEDIATE');
        const result = work();
        sqlite.exec('COMMIT');
        return result;
      } catch (error) {
        // A full disk makes SQLite roll back by itself.
        if (sqlite.isTransaction) sqlite.exec('ROLLBACK');
        used = usedBefore;
        throw isDiskFull(error) ? storeFull({}, error) : error;
      }
    },
    isErased: (owner) => get('SELECT 1 FROM erased WHERE mark = ?', markOf(owner)) !== undefined,
    content(cid) {
      const row = get('SELECT * FROM content WHERE cid = ?', cid);
      return row === undefined ? undefined : statusOf(row);
    },
    *contents() {
      // Page by page, so that no read stays open while the caller works.
      for (let last = 0; ;) {
        const rows = all('SELECT * FROM content WHERE id > ? ORDER BY id LIMIT 500', last);
        for (const row of rows) yield statusOf(row);
        if (rows.length === 0) return;
        last = Number(rows.at(-1)?.['id']);
      }
    },
    addOwner(owner, cid) {
      const id = idOf(cid);
      if (id !== undefined) own(owner, id);
    },
    arrive(arrival, placeOf) {
      const { owner, cid, size, holder, blocks } = arrival;
      const added = run(
        "INSERT OR IGNORE INTO content (cid, size, state, holder) VALUES (?, ?, 'pinned', ?)",
        cid,
        size,
        holder ?? null,
      );
      const isNew = added.changes === 1;
      const id = isNew ? Number(added.lastInsertRowid) : Number(idOf(cid));
      if (!isNew) {
        run(
          "UPDATE content SET state = 'pinned', size = ?, last_error = NULL, holder = coalesce(?, holder) WHERE id = ?",
          size,
          holder ?? null,
          id,
        );
      }
      own(owner, id);
      for (const entry of blocks) {
        const block = addBlock(entry, placeOf(entry.cid));
        run('INSERT OR IGNORE INTO link (content, block) VALUES (?, ?)', id, block);
      }
      if (!isNew) healSharers(id);
    },
    note(wanted, state, about) {
      const { owner, cid, size } = wanted;
      run('INSERT OR IGNORE INTO content (cid, size, state) VALUES (?, ?, ?)', cid, size, state);
      const id = Number(idOf(cid));
      own(owner, id);
      run(
        "UPDATE content SET state = ?, attempts = attempts + ?, last_error = coalesce(?, last_error), holder = coalesce(?, holder) WHERE id = ? AND state <> 'pinned'",
        state,
        about.attempt === true ? 1 : 0,
        about.lastError ?? null,
        about.holder ?? null,
        id,
      );
    },
    release(owner, cid) {
      const erasing = cid === undefined;
      if (erasing) run('INSERT OR IGNORE INTO erased (mark) VALUES (?)', markOf(owner));
      const owned = all('SELECT content FROM owner WHERE owner = ?', owner).map((row) =>
        Number(row['content']),
      );
      const ids = erasing ? owned : owned.filter((id) => id === idOf(cid));
      const contents: string[] = [];
      const blocks: string[] = [];
      const stillNeeded: string[] = [];
      for (const id of ids) {
        run('DELETE FROM owner WHERE owner = ? AND content = ?', owner, id);
        if (ownersOf(id).length > 0) {
          const linked = all(
            'SELECT block.cid FROM link JOIN block ON block.id = link.block WHERE link.content = ?',
            id,
          );
          stillNeeded.push(...linked.map((row) => String(row['cid'])));
          continue;
        }
        contents.push(String(get('SELECT cid FROM content WHERE id = ?', id)?.['cid']));
        const { free, shared } = drop(id);
        blocks.push(...free);
        stillNeeded.push(...shared);
      }
      // A block shared by two contents of this owner is free once both are gone.
      const gone = new Set(blocks);
      return {
        contents,
        blocks,
        stillNeeded: [...new Set(stillNeeded)].filter((c) => !gone.has(c)),
      };
    },
    doomed: () => all('SELECT cid FROM doomed').map((row) => String(row['cid'])),
    unlinked(blocks) {
      for (const cid of blocks) run('DELETE FROM doomed WHERE cid = ?', cid);
    },
    block(cid) {
      const row = get('SELECT size, place, bytes FROM block WHERE cid = ?', cid);
      if (row === undefined) return undefined;
      const bytes = row['bytes'];
      return {
        size: Number(row['size']),
        place: String(row['place']),
        bytes: bytes instanceof Uint8Array ? bytes : undefined,
      };
    },
    isBlockOf: (content, block) =>
      get(
        'SELECT 1 FROM link WHERE content = (SELECT id FROM content WHERE cid = ?) AND block = (SELECT id FROM block WHERE cid = ?)',
        content,
        block,
      ) !== undefined,
    *blocks() {
      for (let last = 0; ;) {
        const rows = all(
          'SELECT id, cid, size, place FROM block WHERE id > ? ORDER BY id LIMIT 500',
          last,
        );
        for (const row of rows) {
          yield { cid: String(row['cid']), size: Number(row['size']), place: String(row['place']) };
        }
        if (rows.length === 0) return;
        last = Number(rows.at(-1)?.['id']);
      }
    },
    lose(blocks, why) {
      const contents = new Set<string>();
      for (const cid of blocks) {
        const lost = run(
          "UPDATE block SET place = 'lost', bytes = NULL WHERE cid = ? AND place <> 'lost'",
          cid,
        );
        if (lost.changes === 1) {
          used -= Number(get('SELECT size FROM block WHERE cid = ?', cid)?.['size']);
        }
        const users = all(
          'SELECT content.id, content.cid FROM link JOIN content ON content.id = link.content WHERE link.block = (SELECT id FROM block WHERE cid = ?)',
          cid,
        );
        for (const row of users) {
          run(
            "UPDATE content SET state = 'failed', last_error = ? WHERE id = ?",
            why,
            Number(row['id']),
          );
          contents.add(String(row['cid']));
        }
      }
      return [...contents];
    },
    usedBytes: () => used,
    async flushDeleted(signal) {
      for (let attempt = 0; attempt < FLUSH_ATTEMPTS; attempt++) {
        // SQLite's own wait for readers would hold up the whole process.
        sqlite.exec('PRAGMA busy_timeout=0');
        const answer = get('PRAGMA wal_checkpoint(TRUNCATE)');
        sqlite.exec('PRAGMA busy_timeout=2000');
        if (answer?.['busy'] === 0) return;
        throwIfAborted(signal);
        await pause(FLUSH_PAUSE_MS);
      }
      throw new CarelatticeError(
        'ErasurePending',
        'a reader of the store keeps erased pages in the write-ahead log; end it, then erase again',
        { retryable: true },
      );
    },
    close() {
      prepared.clear();
      sqlite.close();
    },
  };

  /** A block that came back makes whole every failed content that lacked nothing else. */
  function healSharers(content: number): void {
    run(
      "UPDATE content SET state = 'pinned', last_error = NULL WHERE state = 'failed' AND id IN " +
        '(SELECT other.content FROM link AS mine JOIN link AS other ON other.block = mine.block WHERE mine.content = ?) ' +
        "AND NOT EXISTS (SELECT 1 FROM link JOIN block ON block.id = link.block WHERE link.content = content.id AND block.place = 'lost')",
      content,
    );
  }
}

const FLUSH_ATTEMPTS = 50;
const FLUSH_PAUSE_MS = 20;

/** An erased owner is remembered by a digest: the anchor itself is erased too. */
const markOf = (owner: string): Uint8Array =>
  sha256(concat(utf8('carelattice/v1 erased owner '), utf8(owner)));
