import { openAtRest, sealAtRest } from '../../crypto/atRest.ts';
import { signDigest } from '../../crypto/signatures.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { merkleRoot } from '../../hash/merkleTree.ts';
import type { ReceiptRow } from '../../journal/receiptTables.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import {
  type ReceiptOpening,
  receiptOpening,
  type WireAccessReceipt,
  type WireReadRequest,
} from '../../wire/readMessages.ts';
import { receiptInner, receiptTag } from '../../wire/receiptLeaf.ts';
import { accessReceiptDigest } from '../../wire/readDigests.ts';
import type { BlockRef } from '../../chain/blocks.ts';
import type { Components } from '../components.ts';

/** One receipt into this node's log: signed, salted, under the patient's next number. */

const PURPOSE = 'receipt';

export interface LoggedRead {
  readonly patientId: Hex;
  /** What she gave this node alone, 32 bytes. */
  readonly accessKey: Uint8Array;
  readonly request: WireReadRequest & { readonly signature: Hex };
  readonly requestDigest: Hex;
  readonly anchors: readonly Hex[];
  /** The block at which it was checked; of an own opening the newest one that this node has read. */
  readonly block: BlockRef;
}

/** Call it in a transaction with what it is the receipt of. Says its place in the log, from 1. */
export function logReceipt(c: Components, read: LoggedRead): number {
  const n = c.receipts.nextNumber(read.patientId);
  const receipt: WireAccessReceipt = {
    holder: c.self.nodeId,
    basis: read.request.basis,
    reader: read.request.reader,
    requestDigest: read.requestDigest,
    recordListRoot: toHex(merkleRoot(read.anchors.map((anchor) => fromHex(anchor, 32)))),
    n,
    blockNumber: read.block.number,
    blockHash: read.block.hash,
  };
  const digest = accessReceiptDigest(c.self.network, receipt);
  const salt = toHex(c.random(32));
  const entry: Omit<ReceiptOpening, 'released'> = {
    n,
    salt,
    receipt,
    signature: signDigest(c.self.signingKey, digest),
    request: read.request,
    anchors: [...read.anchors],
  };
  const { size } = c.receipts.append({
    tag: receiptTag(read.accessKey, n),
    inner: receiptInner(salt, toHex(digest)),
    patientId: read.patientId,
    n,
    requestDigest: read.requestDigest,
    entry: sealAtRest(c.self.journalKey, PURPOSE, encodeMessage({ ...entry, released: false })),
    created: c.now(),
  });
  return size;
}

/** What opens a leaf of the log to its patient. */
export const openingOf = (c: Components, row: ReceiptRow): ReceiptOpening => ({
  ...decodeMessage(receiptOpening, openAtRest(c.self.journalKey, PURPOSE, row.entry)),
  released: c.receipts.accessOf(row.requestDigest)?.state === 'released',
});
