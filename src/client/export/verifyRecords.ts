import { keyCommitmentOf, saltHashOf } from '../../crypto/derivations.ts';
import { recoverAccount } from '../../crypto/signatures.ts';
import { messageOf } from '../../errors.ts';
import { fromHex, toHex, type Hex } from '../../hash/bytes.ts';
import { isInTree } from '../../hash/merkleTree.ts';
import { EMPTY_HEAD, nextHistoryHead } from '../../hash/runningHash.ts';
import { decodeRecordHeader } from '../../wire/recordHeader.ts';
import { typedDigest } from '../../wire/typedData.ts';
import {
  itemsOf,
  type ExportedRecord,
  type ExportHead,
  type ExportItem,
  type ItemOf,
} from './exportItems.ts';
import type { Signers } from './exportSigners.ts';
import { at, type Notes } from './findings.ts';
import { bodyOf, sealedAgain } from './sealedAgain.ts';

type Absent = ItemOf<'absent'>;
type Placed = ExportedRecord | Absent;

/** Each record against its anchor, author and batch; all of them against the histories and their versions. */
export function verifyRecords(
  head: ExportHead,
  items: readonly ExportItem[],
  signers: Signers,
  notes: Notes,
): void {
  const records = itemsOf(items, 'record');
  const absent = itemsOf(items, 'absent');
  for (const record of records) verifyRecord(head, record, signers, notes);
  for (const one of absent) verifyAbsent(head, one, notes);
  const placed = items.filter((item) => item.kind === 'record' || item.kind === 'absent');
  verifyHistories(placed, itemsOf(items, 'history'), notes);
  verifyVersions(placed, notes);
}

export const recordIdOf = (one: Placed): Hex =>
  one.kind === 'record' ? one.message.recordId : one.recordId;

function verifyRecord(
  head: ExportHead,
  record: ExportedRecord,
  signers: Signers,
  notes: Notes,
): void {
  const place = at('record', record.anchor);
  const changed = changeOf(record);
  if (changed !== undefined) notes.find('RecordChanged', place, changed);
  const { message, signature, batch, request } = record;
  const { author, keyEpoch } = message;
  const digest = typedDigest('Record', head.federationId, message);
  signers.check({ nodeId: author, keyEpoch, digest, signature, at: place });
  if (batch === undefined) {
    notes.leaveOut(`${place}: the author's signed batch is not in the export`);
    return;
  }
  const { batchRoot, path } = batch;
  if (
    !isInTree(
      fromHex(record.anchor),
      path.map((one) => fromHex(one)),
      fromHex(batchRoot),
    )
  ) {
    notes.find('BatchMismatch', place, 'the path does not lead from the anchor to the batch root');
  }
  const { networkId, chainId } = message;
  const signed = { networkId, chainId, author, keyEpoch: batch.keyEpoch, batchRoot };
  signers.check({
    nodeId: author,
    keyEpoch: batch.keyEpoch,
    digest: typedDigest('RecordBatch', head.federationId, signed),
    signature: batch.signature,
    at: place,
  });
  if (request !== undefined) notes.claim({ kind: 'batch', request, batchRoot });
}

/** What in a record is not what was anchored, or undefined. */
function changeOf(record: ExportedRecord): string | undefined {
  const { message, recordSalt, recordKey } = record;
  const body = bodyOf(record);
  if (body === undefined) return 'it has not exactly one body';
  if (BigInt(body.length) !== message.bodyLength) return 'the body has another length';
  try {
    const header = decodeRecordHeader(fromHex(record.header));
    if (header.recordId !== message.recordId) return 'header and inner header name two records';
    if (header.saltHash !== saltHashOf(recordSalt)) return 'the salt is not that of the header';
    if (header.keyCommitment !== keyCommitmentOf(fromHex(recordKey))) {
      return 'the key is not that of the header';
    }
    const again = sealedAgain(record, body);
    if (again === undefined) return 'its parts do not have the sizes of the header';
    if (again.headerHash !== message.headerHash) return 'the author signed another header';
    if (again.bodyRoot !== message.bodyRoot) return 'the author signed another content';
    return again.anchor === record.anchor ? undefined : 'it does not give its anchor';
  } catch (error) {
    return messageOf(error); // a header that is none
  }
}

/** An erased record needs her own word, or a finding says that it only is missing. */
function verifyAbsent(head: ExportHead, one: Absent, notes: Notes): void {
  const place = at('absent record', one.anchor);
  const { erasure, why } = one;
  if (erasure === undefined) {
    notes.leaveOut(`${place}: ${why}, without a word of hers; its content could not be checked`);
    return;
  }
  const { message, signature } = erasure;
  const signer = recoverAccount(typedDigest('EraseRecords', head.federationId, message), signature);
  const isHers = message.patientId === head.patientId && message.networkId === head.networkId;
  if (!isHers || signer === undefined || !head.accounts.includes(signer)) {
    notes.find('SignatureWrong', place, 'she did not sign its erasure');
  }
  if (!message.anchors.includes(one.anchor)) {
    notes.find('HistoryMismatch', place, 'her erasure names other records');
  }
}

/** Count and head of every holder's history must be those of the records here; the longest says how many there are. */
function verifyHistories(
  placed: readonly Placed[],
  histories: readonly ItemOf<'history'>[],
  notes: Notes,
): void {
  const handles = new Set([...placed, ...histories].map(({ handle }) => handle));
  for (const handle of handles) {
    const own = placed.filter((one) => one.handle === handle);
    const claims = histories.filter((one) => one.handle === handle);
    const place = at('history', handle);
    if (own.some((one, index) => one.place !== index + 1)) {
      notes.find('HistoryMismatch', place, 'its places do not run from 1 without a gap');
      continue;
    }
    if (claims.length === 0) {
      notes.find('HistoryMismatch', place, 'no holder says how many records there are');
      continue;
    }
    const heads = headsOf(own);
    for (const { holder, count, historyHead } of claims) {
      if (heads[count] !== historyHead) {
        const text = `holder ${holder} has ${count} records that are not the first ${count} here`;
        notes.find('HistoryMismatch', place, text);
      }
    }
    const most = Math.max(...claims.map(({ count }) => count));
    if (most < own.length) {
      notes.find('HistoryMismatch', place, `here are ${own.length} records, holders have ${most}`);
    }
  }
}

/** The head after 0, 1, 2, ... records. */
function headsOf(placed: readonly Placed[]): Hex[] {
  let head: Uint8Array = EMPTY_HEAD;
  const heads = [toHex(head)];
  for (const one of placed) {
    head = nextHistoryHead(head, fromHex(one.anchor, 32), fromHex(recordIdOf(one), 16));
    heads.push(toHex(head));
  }
  return heads;
}

export const NO_VERSION: Hex = `0x${'00'.repeat(16)}`;

/** A version follows one that lies before it in the same history, and no other follows the same. */
function verifyVersions(placed: readonly Placed[], notes: Notes): void {
  const byId = new Map<Hex, Placed>();
  for (const one of placed) {
    const id = recordIdOf(one);
    if (byId.has(id)) notes.find('VersionMismatch', at('record', one.anchor), 'it is here twice');
    byId.set(id, one);
  }
  const followed = new Set<Hex>();
  for (const one of placed) {
    if (one.kind !== 'record' || one.message.previousVersion === NO_VERSION) continue;
    const place = at('record', one.anchor);
    const before = byId.get(one.message.previousVersion);
    if (before === undefined || before.handle !== one.handle || before.place >= one.place) {
      notes.find('VersionMismatch', place, 'the version before it is not there');
    }
    if (followed.has(one.message.previousVersion)) {
      notes.find('VersionMismatch', place, 'another record follows the same version');
    }
    followed.add(one.message.previousVersion);
  }
}
