/** Tables of a store's own file, version 1. */
export const LEDGER_SCHEMA = `
  CREATE TABLE content (
    id INTEGER PRIMARY KEY,
    cid TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'pinning', 'pinned', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    holder TEXT
  );
  CREATE TABLE owner (
    owner TEXT NOT NULL,
    content INTEGER NOT NULL,
    PRIMARY KEY (owner, content)
  ) WITHOUT ROWID;
  CREATE INDEX owner_by_content ON owner (content);
  CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    cid TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    place TEXT NOT NULL CHECK (place IN ('row', 'file', 'driver', 'lost')),
    bytes BLOB
  );
  CREATE TABLE link (
    content INTEGER NOT NULL,
    block INTEGER NOT NULL,
    PRIMARY KEY (content, block)
  ) WITHOUT ROWID;
  CREATE INDEX link_by_block ON link (block);
  CREATE TABLE erased (mark BLOB PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE doomed (cid TEXT PRIMARY KEY) WITHOUT ROWID`;
