import { checkRecord } from '../../crypto/recordScan.ts';
import { CarelatticeError, messageOf } from '../../errors.ts';
import { fromHex, type Hex } from '../../hash/bytes.ts';
import type { SeenRequest } from '../../journal/chainTables.ts';
import type { HeldRecord } from '../../journal/holdingTables.ts';
import type { WantedContent } from '../../store/contentStore.ts';
import { collect, piecesOf } from '../../store/byteStream.ts';
import { rawCidOfDigest } from '../../store/cid.ts';
import type { Components } from '../components.ts';
import type { HeldContent } from './heldContent.ts';
import { type BatchSecrets, contentOf, sealedContent } from './openHeld.ts';

/** Step 4 of shared storage: fetch what is due from whoever has it, check it, keep it. A holder that is down is a state. */

const RECORDS_PER_FETCH = 256;

/**
 * Fetches due records, each from its author or another holder, and says how many are held now. The first try is at once;
 * later ones wait longer each time, up to sixteen rounds, and hold up nobody else.
 */
export async function fetchDue(c: Components): Promise<number> {
  const due = c.holding.dueNow(c.now(), RECORDS_PER_FETCH);
  let held = 0;
  for (const [first, records] of bySource(due)) held += await fetchFrom(c, first, records);
  return held;
}

function bySource(records: readonly HeldRecord[]): Map<string, HeldRecord[]> {
  const groups = new Map<string, HeldRecord[]>();
  for (const record of records) {
    const key = record.peers.join();
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return groups;
}

async function fetchFrom(
  c: Components,
  peers: string,
  records: readonly HeldRecord[],
): Promise<number> {
  const grounds = new Map(
    records.map((record) => [record.anchor as string, JSON.stringify(record.ground)]),
  );
  const holders = peers
    .split(',')
    .filter((nodeId) => nodeId !== c.self.nodeId)
    .map((nodeId) => c.gateway(nodeId as Hex, (owner) => grounds.get(owner))); // peers are node ids
  const outcomes = await c.store.pullMany(records.flatMap(wantedOf), holders);
  const failures = new Map(
    outcomes.flatMap((outcome) =>
      outcome.kind === 'failed' ? [[outcome.wanted.owner, outcome.error] as const] : [],
    ),
  );
  const findings: Finding[] = [];
  const secrets: BatchSecrets = new Map();
  try {
    for (const record of records) {
      const error = failures.get(record.anchor);
      findings.push(
        error === undefined
          ? await judge(c, record, secrets)
          : { kind: 'notFetched', record, error },
      );
    }
  } finally {
    // One commit for all of them, also when the store fails at one.
    c.db.transaction(() => findings.forEach((finding) => note(c, finding)));
  }
  const held = findings.filter(({ kind }) => kind === 'held').length;
  if (held > 0) await c.reached('holding: content pinned');
  return held;
}

/** What became of a record that was due. */
type Finding =
  | { kind: 'held'; record: HeldRecord; content: HeldContent | undefined }
  | { kind: 'refused' | 'notFetched'; record: HeldRecord; error: CarelatticeError };

const wantedOf = (record: HeldRecord): WantedContent[] => [
  { owner: record.anchor, cid: record.recordCid, size: record.recordSize },
  { owner: record.anchor, cid: record.wrapCid, size: record.wrapSize },
];

/** Checks a record that has come: salt and anchor, and, who can open it, its author's signature too. */
async function judge(c: Components, record: HeldRecord, secrets: BatchSecrets): Promise<Finding> {
  try {
    await checkRecord(c.store.get(record.recordCid, record.recordSize), record);
    return { kind: 'held', record, content: await contentOf(c, record, secrets) };
  } catch (error) {
    if (!(error instanceof CarelatticeError) || error.retryable) throw error;
    await c.store.unpin(record.anchor, record.recordCid);
    await c.store.unpin(record.anchor, record.wrapCid);
    return { kind: 'refused', record, error };
  }
}

function note(c: Components, finding: Finding): void {
  const { record } = finding;
  switch (finding.kind) {
    case 'held':
      c.holding.updateHeld({ ...record, state: 'held', heldAt: c.now() });
      if (finding.content !== undefined)
        c.holding.putContent(record.anchor, sealedContent(c, record, finding.content));
      reopen(c, record.request);
      return;
    case 'refused':
      c.holding.updateHeld({ ...record, state: 'refused', reason: finding.error.code });
      c.holding.addAlarm(
        finding.error.code,
        record.request,
        messageOf(finding.error),
        record.author,
      );
      return;
    case 'notFetched':
      later(c, record, finding.error);
  }
}

/** A record that came late is settled anew. */
function reopen(c: Components, request: number): void {
  const seal = c.seen.sealOf(request);
  const delivery = seal && c.holding.delivery(seal.from);
  if (delivery?.state === 'settled') c.holding.putDelivery({ ...delivery, state: 'checked' });
}

function later(c: Components, record: HeldRecord, error: CarelatticeError): void {
  const attempts = record.attempts + 1;
  const rounds = Math.min(16, 2 ** Math.min(attempts, 4));
  c.holding.updateHeld({
    ...record,
    attempts,
    nextAt: c.now() + rounds * c.windows.roundSeconds,
    reason: error.code,
  });
  c.log('record not fetched yet', { request: record.request, attempts, reason: error.code });
}

/** The tags of an anchored request, from the author's gateway (or the own store). Checked by its caller. */
export async function fetchPresenceQuery(c: Components, request: SeenRequest): Promise<Uint8Array> {
  const size = request.paddedCount * 16;
  const cid = rawCidOfDigest(fromHex(request.queryDigest, 32));
  if (request.nodeId === c.self.nodeId) {
    return collect(
      piecesOf(c.store.get(cid, size)),
      size,
      () => new CarelatticeError('BadPresenceQuery', 'too long'),
    );
  }
  const ground = JSON.stringify({ kind: 'presence-query', request: request.request });
  const gateway = c.gateway(request.nodeId, () => ground);
  const [fetched] = await gateway.fetchMany([{ owner: request.queryDigest, cid, size }]);
  if (fetched?.kind === 'fetched') return fetched.bytes;
  throw (
    fetched?.error ??
    new CarelatticeError('ContentNotFound', 'the presence query is not there', { retryable: true })
  );
}
