import { presenceTag } from '../../crypto/derivations.ts';
import { signDigest } from '../../crypto/signatures.ts';
import { presenceQuery } from '../../domain/presenceQuery.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { merkleRoot } from '../../hash/merkleTree.ts';
import { sha256 } from '#sha256';
import type { AuthoredRecord, OwnBatch } from '../../journal/authorTables.ts';
import { MessageType } from '../../wire/envelope.ts';
import { encodeMessage } from '../../wire/messages.ts';
import { typedDigest } from '../../wire/typedData.ts';
import type { Components } from '../components.ts';
import { post } from '../post.ts';
import { packageOf } from '../holding/patients.ts';
import { endBatchKeys } from './batchKeys.ts';

/** Step 1 of shared storage, the broadcast: one root and a few tags on chain, the record list sealed to the consensus node. */

const RECORDS_PER_BATCH = 256;

/** Anchors what waits, as one batch, and says how many records it holds. */
export async function requestStorage(c: Components): Promise<number> {
  if (c.active() === undefined) return 0;
  await sendUnsent(c);
  const records = c.author.waitingRecords(RECORDS_PER_BATCH);
  if (records.length === 0) return 0;
  endBatchKeys(c);
  await sendRequest(c, await newBatch(c, records));
  return records.length;
}

/** Batches that were journaled and are not on chain: sent once more, or, when their tags are out of date, made anew. */
async function sendUnsent(c: Components): Promise<void> {
  for (const batch of c.author.unrequestedBatches()) {
    const isKnown = c.sender.receiptOf(batch.task) !== undefined;
    if (isKnown || Math.abs(batch.tagEpoch - tagEpochNow(c)) <= 1) {
      await sendRequest(c, batch);
      continue;
    }
    c.db.transaction(() => {
      c.author.confirmBatch(batch.id);
      c.author.releaseRecords(c.author.recordsOf(batch.id).map(({ anchor }) => anchor));
    });
  }
}

const tagEpochNow = (c: Components): number => Math.floor(c.now() / c.windows.tagEpochSeconds);

async function newBatch(c: Components, records: readonly AuthoredRecord[]): Promise<OwnBatch> {
  const { federationId, networkId, chainId } = c.self.network;
  const batchRoot = toHex(merkleRoot(records.map((record) => fromHex(record.anchor, 32))));
  const tagEpoch = tagEpochNow(c);
  const patientIds = [...new Set(records.map((record) => record.patientId))];
  const query = presenceQuery(
    patientIds.map((patientId) => tagOf(c, patientId, tagEpoch)),
    c.random,
  );
  const queryDigest = toHex(sha256(query.block));
  const { cid: queryCid } = await c.store.put(queryDigest, query.block);
  const digest = typedDigest('RecordBatch', federationId, {
    networkId,
    chainId: BigInt(chainId),
    author: c.self.nodeId,
    keyEpoch: c.self.keyEpoch,
    batchRoot,
  });
  return c.author.addBatch(
    {
      task: `request ${queryDigest}`,
      batchRoot,
      signature: signDigest(c.self.signingKey, digest),
      keyEpoch: c.self.keyEpoch,
      queryDigest,
      queryCid,
      paddedCount: query.paddedCount,
      tagEpoch,
      tagIndex: Object.fromEntries(
        patientIds.map((patientId, i) => [patientId, query.positions[i] ?? 0]),
      ),
    },
    records.map((record) => record.anchor),
  );
}

function tagOf(c: Components, patientId: Hex, tagEpoch: number): Hex {
  const patient = c.holding.patient(patientId);
  // Withdrawn since the bundle was taken: a random tag that rings no bell.
  if (patient === undefined) return toHex(c.random(16));
  return presenceTag(
    packageOf(c, patient).presenceSecret,
    c.self.network.networkId,
    c.self.nodeId,
    tagEpoch,
  );
}

/** The same batch gives the same transaction, also after a restart. */
export async function sendRequest(c: Components, batch: OwnBatch): Promise<void> {
  const { exchange } = c.contracts;
  const data = exchange.encode('requestStorage', [
    batch.batchRoot,
    batch.queryDigest,
    batch.paddedCount,
    batch.tagEpoch,
  ]);
  await post(c, batch.task, exchange.address, data);
  await c.reached('recording: request sent');
}

/** The chain shows a request: if it is this node's, its list goes to the consensus node, in the transaction that saw it. */
export function linkRequest(c: Components, request: number, queryDigest: Hex): boolean {
  const batch = c.author.batchByQuery(queryDigest);
  if (batch === undefined) return false;
  c.author.setRequest(batch.id, request);
  sendRecordList(c, request);
  return true;
}

export function sendRecordList(c: Components, request: number): void {
  const batch = c.author.batchByRequest(request);
  const active = c.active();
  if (batch === undefined || active === undefined) return;
  const records = c.author.recordsOf(batch.id).map((record) => ({
    recordId: record.recordId,
    patientId: record.patientId,
    scopeKeyId: record.scopeKeyId,
    handle: record.handle,
    anchor: record.anchor,
    recordSalt: record.recordSalt,
    recordCid: record.recordCid,
    recordSize: record.recordSize,
    wrapCid: record.wrapCid,
    wrapSize: record.wrapSize,
    tagIndex: batch.tagIndex[record.patientId] ?? 0,
  }));
  const { batchRoot, keyEpoch, signature } = batch;
  const body = encodeMessage({ request, batchRoot, keyEpoch, signature, records });
  c.courier.send(active.nodeId, MessageType.RecordList, body, { term: active.term });
}
