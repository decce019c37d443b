/** The tables of a daemon's journal, one entry per release that changed them; an entry is never edited once released. */
export const MIGRATIONS: readonly string[] = [
  `
  -- the courier
  CREATE TABLE outbox (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, recipient TEXT NOT NULL, type INTEGER NOT NULL,
    envelope BLOB NOT NULL, attempts INTEGER NOT NULL, next_at INTEGER NOT NULL, reason TEXT);
  CREATE INDEX outbox_due ON outbox (next_at);
  CREATE TABLE undelivered (id TEXT PRIMARY KEY, recipient TEXT NOT NULL, type INTEGER NOT NULL, reason TEXT NOT NULL);
  CREATE TABLE seen (sender TEXT NOT NULL, id TEXT NOT NULL, expiry INTEGER NOT NULL, answer BLOB,
    PRIMARY KEY (sender, id));
  CREATE INDEX seen_expiry ON seen (expiry);
  -- the chain
  CREATE TABLE cursor (chain TEXT PRIMARY KEY, state TEXT NOT NULL);
  CREATE TABLE tx (nonce INTEGER PRIMARY KEY, task TEXT NOT NULL UNIQUE, state TEXT NOT NULL, entry TEXT NOT NULL);
  CREATE INDEX tx_open ON tx (state);
  CREATE TABLE request (number INTEGER PRIMARY KEY, node TEXT NOT NULL, batch_root TEXT NOT NULL, query_digest TEXT NOT NULL,
    padded_count INTEGER NOT NULL, tag_epoch INTEGER NOT NULL, block INTEGER NOT NULL, time INTEGER NOT NULL, tx TEXT NOT NULL,
    answered TEXT);
  CREATE TABLE seal (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, prev_root TEXT NOT NULL, new_root TEXT NOT NULL,
    deliveries_root TEXT NOT NULL, answers_root TEXT NOT NULL, block INTEGER NOT NULL, time INTEGER NOT NULL, tx TEXT NOT NULL);
  CREATE TABLE settled (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, bitmap TEXT NOT NULL, receipts_root TEXT NOT NULL,
    block INTEGER NOT NULL, time INTEGER NOT NULL, tx TEXT NOT NULL);
  CREATE TABLE relations (patient TEXT NOT NULL, seq INTEGER NOT NULL, digest TEXT NOT NULL, block INTEGER NOT NULL,
    time INTEGER NOT NULL, waiting INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (patient, seq));
  CREATE INDEX relations_waiting ON relations (waiting) WHERE waiting = 1;
  CREATE TABLE term (term INTEGER PRIMARY KEY, node TEXT NOT NULL, block INTEGER NOT NULL, time INTEGER NOT NULL);
  CREATE TABLE locator_root (root TEXT PRIMARY KEY, block INTEGER NOT NULL);
  CREATE TABLE authority (patient TEXT PRIMARY KEY, account TEXT NOT NULL, block INTEGER NOT NULL);
  CREATE TABLE scope_epoch (patient TEXT NOT NULL, handle TEXT NOT NULL, epoch INTEGER NOT NULL, commitment TEXT NOT NULL,
    block INTEGER NOT NULL, PRIMARY KEY (patient, handle));
  CREATE TABLE node (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, position INTEGER NOT NULL, entry TEXT NOT NULL);
  -- a node's own patients
  CREATE TABLE patient (id TEXT PRIMARY KEY, state TEXT NOT NULL, seq INTEGER NOT NULL, relation TEXT NOT NULL, package BLOB NOT NULL);
  CREATE TABLE identifier (hash TEXT NOT NULL, patient TEXT NOT NULL, PRIMARY KEY (hash, patient));
  CREATE TABLE patient_nonce (patient TEXT NOT NULL, nonce TEXT NOT NULL, expiry INTEGER NOT NULL, PRIMARY KEY (patient, nonce));
  -- what a node wrote
  CREATE TABLE submission (key TEXT PRIMARY KEY, digest TEXT NOT NULL, answer TEXT NOT NULL);
  CREATE TABLE authored (anchor TEXT PRIMARY KEY, entry TEXT NOT NULL, keys BLOB NOT NULL, batch INTEGER);
  CREATE INDEX authored_waiting ON authored (batch);
  CREATE TABLE batch (id INTEGER PRIMARY KEY, entry TEXT NOT NULL, request INTEGER UNIQUE,
    confirmed INTEGER NOT NULL DEFAULT 0);
  CREATE INDEX batch_query ON batch (json_extract(entry, '$.queryDigest'));
  -- what a node holds
  CREATE TABLE part (first INTEGER NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL, bytes TEXT NOT NULL, PRIMARY KEY (first, part));
  CREATE TABLE delivery (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, state TEXT NOT NULL, settlement TEXT, proofs TEXT,
    judged INTEGER NOT NULL DEFAULT 0, arrived INTEGER);
  CREATE TABLE held (anchor TEXT PRIMARY KEY, record_id TEXT NOT NULL, patient TEXT NOT NULL, handle TEXT NOT NULL,
    request INTEGER NOT NULL, state TEXT NOT NULL, entry TEXT NOT NULL, keys BLOB);
  CREATE INDEX held_record ON held (record_id);
  CREATE INDEX held_timeline ON held (patient, request);
  CREATE INDEX held_state ON held (state);
  CREATE TABLE history (patient TEXT NOT NULL, handle TEXT NOT NULL, count INTEGER NOT NULL, head TEXT NOT NULL,
    missing INTEGER NOT NULL, PRIMARY KEY (patient, handle));
  CREATE TABLE holder_count (request INTEGER PRIMARY KEY, outstanding INTEGER NOT NULL, entry TEXT NOT NULL);
  CREATE TABLE alarm (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, request INTEGER NOT NULL, detail TEXT NOT NULL, reporter TEXT NOT NULL,
    UNIQUE (kind, request, detail, reporter));
  -- the consensus node and its standbys
  CREATE TABLE patient_message (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, entry TEXT NOT NULL, state TEXT NOT NULL, task TEXT);
  CREATE INDEX patient_message_words ON patient_message (json_extract(entry, '$.words[2]'));
  CREATE TABLE refused_item (tx TEXT NOT NULL, place INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (tx, place));
  CREATE TABLE record_list (request INTEGER PRIMARY KEY, sender TEXT NOT NULL, body TEXT NOT NULL);
  CREATE TABLE answer (request INTEGER NOT NULL, node TEXT NOT NULL, bitmap TEXT NOT NULL, PRIMARY KEY (request, node));
  CREATE TABLE sharing (patient TEXT PRIMARY KEY, entry TEXT NOT NULL);
  CREATE TABLE change (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, prev_root TEXT NOT NULL, new_root TEXT NOT NULL,
    entry TEXT NOT NULL);
  CREATE INDEX change_seal ON change (json_extract(entry, '$.seal.from'));
  CREATE INDEX change_root ON change (new_root);
  CREATE INDEX change_state ON change (state);
  CREATE TABLE move (place INTEGER PRIMARY KEY, prev_root TEXT NOT NULL, new_root TEXT NOT NULL);
  CREATE TABLE outgoing (id INTEGER PRIMARY KEY, node TEXT NOT NULL, body TEXT NOT NULL);
  CREATE INDEX outgoing_node ON outgoing (node, id);
  CREATE TABLE late_settlement (first INTEGER NOT NULL, node TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (first, node));
  CREATE TABLE settlement (first INTEGER NOT NULL, node TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (first, node));
  `,
  `
  -- patients' consents at the consensus node
  CREATE TABLE message_count (account TEXT PRIMARY KEY, day INTEGER NOT NULL, count INTEGER NOT NULL);
  -- the log of receipts
  CREATE TABLE receipt (place INTEGER PRIMARY KEY, tag TEXT NOT NULL, inner TEXT NOT NULL, patient TEXT NOT NULL, n INTEGER NOT NULL,
    request_digest TEXT NOT NULL UNIQUE, entry BLOB NOT NULL, created INTEGER NOT NULL, UNIQUE (patient, n));
  CREATE TABLE receipt_anchor (size INTEGER PRIMARY KEY, root TEXT NOT NULL, task TEXT NOT NULL UNIQUE, block INTEGER);
  CREATE INDEX receipt_anchor_pending ON receipt_anchor (size) WHERE block IS NULL;
  CREATE TABLE receipt_frontier (id INTEGER PRIMARY KEY CHECK (id = 1), frontier BLOB NOT NULL);
  CREATE TRIGGER receipt_stays BEFORE DELETE ON receipt BEGIN SELECT RAISE(ABORT, 'the receipt log only grows'); END;
  CREATE TRIGGER receipt_stands BEFORE UPDATE ON receipt BEGIN SELECT RAISE(ABORT, 'the receipt log only grows'); END;
  CREATE TRIGGER receipt_anchor_stays BEFORE DELETE ON receipt_anchor BEGIN SELECT RAISE(ABORT, 'the receipt log only grows'); END;
  CREATE TABLE access (request_digest TEXT PRIMARY KEY, entry TEXT NOT NULL);
  -- erasure; a record's salt leaves the rows that move, and old copies of it are cleared by the VACUUM behind this entry
  CREATE TABLE record_salt (id INTEGER PRIMARY KEY, salt BLOB NOT NULL CHECK (length(salt) = 32));
  ALTER TABLE held ADD COLUMN salt INTEGER;
  ALTER TABLE authored ADD COLUMN salt INTEGER;
  INSERT INTO record_salt (id, salt) SELECT rowid, unhex(substr(json_extract(entry, '$.recordSalt'), 3)) FROM held;
  UPDATE held SET salt = rowid;
  INSERT INTO record_salt (id, salt) SELECT rowid + (SELECT COALESCE(MAX(rowid), 0) FROM held),
    unhex(substr(json_extract(entry, '$.recordSalt'), 3)) FROM authored;
  UPDATE authored SET salt = rowid + (SELECT COALESCE(MAX(rowid), 0) FROM held);
  UPDATE held SET entry = json_remove(entry, '$.recordSalt');
  UPDATE authored SET entry = json_remove(entry, '$.recordSalt');
  CREATE INDEX authored_previous ON authored (json_extract(entry, '$.previousVersion'));
  CREATE TABLE erasure (digest TEXT PRIMARY KEY, patient TEXT NOT NULL, state TEXT NOT NULL, entry TEXT NOT NULL);
  CREATE INDEX erasure_state ON erasure (state);
  CREATE TABLE erased (anchor TEXT NOT NULL, patient TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (anchor, patient));
  -- who was to hold something of a settled request: all that is kept of its record list
  CREATE TABLE settled_list (request INTEGER PRIMARY KEY, body TEXT NOT NULL);
  -- a custodian's shares, what was asked in emergencies, and the patient's inbox
  CREATE TABLE custody (patient TEXT PRIMARY KEY, card_epoch INTEGER NOT NULL, look_up TEXT UNIQUE, content BLOB);
  CREATE TABLE review (request_digest TEXT PRIMARY KEY, emergency TEXT NOT NULL, patient TEXT NOT NULL, requester TEXT NOT NULL,
    outcome TEXT NOT NULL, time INTEGER NOT NULL, to_post INTEGER NOT NULL, closed_at INTEGER, entry BLOB NOT NULL);
  CREATE INDEX review_time ON review (time);
  CREATE INDEX review_open ON review (time) WHERE closed_at IS NULL;
  CREATE INDEX review_to_post ON review (emergency) WHERE to_post = 1;
  CREATE TABLE inbox_key (patient TEXT PRIMARY KEY, hash TEXT, key TEXT);
  CREATE TABLE notice_due (id TEXT NOT NULL, patient TEXT NOT NULL, inbox_key TEXT NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (id, patient));
  CREATE TABLE inbox (patient TEXT NOT NULL, sender TEXT NOT NULL, id TEXT NOT NULL, arrived INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (patient, sender, id));
  -- accounts that guardians gave back to a patient
  ALTER TABLE authority ADD COLUMN recovered INTEGER NOT NULL DEFAULT 0;
  -- hand-ins that wait for a patient's new key
  CREATE TABLE waiting_submission (key TEXT PRIMARY KEY, sealed BLOB NOT NULL, reason TEXT NOT NULL, since INTEGER NOT NULL);
  `,
  `
  -- how many requests a reader made about a patient on a day of chain time
  CREATE TABLE read_count (reader TEXT NOT NULL, patient TEXT NOT NULL, day INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (reader, patient));
  `,
  `
  CREATE INDEX patient_message_patient ON patient_message (json_extract(entry, '$.patientId'));
  `,
];
