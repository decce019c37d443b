import { z } from 'zod';
import { bytesField as bytes, count, hexOf, id, cid, decimal, path } from './fields.ts';

/** The bodies of questions about reading: of readers with a consent, and of the patient about herself. */

/** HPKE info of the content keys that a holder releases; the aad is the digest of the receipt. */
export const RELEASE_INFO = 'carelattice/v1/release';

export const readRequest = z.strictObject({
  holder: id,
  reader: id,
  /** Digest of the consent, id of an emergency, or for an own opening the relations digest. */
  basis: id,
  purpose: z.string().max(20),
  /** Empty: all that the basis allows. */
  anchors: z.array(id).max(1000),
  kemKeyId: id,
  expiry: count,
  nonce: decimal,
});

/** Type 100: a reader shows a consent and asks for records. Asked again with the same request it goes on. */
export const readQuestion = z.strictObject({
  /** The `ReadPackage` as its own format has it. */
  package: bytes,
  request: readRequest,
  signature: bytes,
  /** Of the answer; 0 is the first one. */
  page: count,
});

export const accessReceipt = z.strictObject({
  holder: id,
  basis: id,
  reader: id,
  requestDigest: id,
  recordListRoot: id,
  n: count,
  blockNumber: count,
  blockHash: id,
});

/** What a reader needs to fetch and open a record, besides its key. */
const releasedRecord = z.strictObject({
  anchor: id,
  recordId: hexOf(16),
  recordSalt: id,
  scopeKeyId: id,
  recordCid: cid,
  recordSize: count,
  author: id,
});

/** The answer to type 100: first that the receipt is on its way to the chain, then records and keys. */
export const readAnswer = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('anchoring') }),
  z.strictObject({
    state: z.literal('released'),
    receipt: accessReceipt,
    signature: bytes,
    records: z.array(releasedRecord).max(1000),
    /** Pages in all; at least one. */
    pages: count,
    /** HPKE to the reader's KEM key: anchor ‖ content key of each record of this page. */
    sealed: bytes,
  }),
]);

/** The patient's token (`InboxToken`): for this node, until this chain time, once. */
export const inboxToken = z.strictObject({
  patientId: id,
  expiry: count,
  nonce: decimal,
  signature: bytes,
});

/** Type 15: her records at this node, newest first. */
export const patientRecordsQuestion = z.strictObject({
  token: inboxToken,
  /** Anchor of the last record of the page before; absent for the first page. */
  after: id.optional(),
  limit: z.number().int().min(1).max(1000),
});

export const ownRecord = releasedRecord.extend({
  handle: id,
  wrapCid: cid,
  wrapSize: count,
  request: count,
  /** What ties it to the chain: the author's signed batch, and the way of the anchor to its root. */
  batch: z.strictObject({ batchRoot: id, keyEpoch: count, signature: bytes, path }).optional(),
});
export const patientRecordsAnswer = z.strictObject({
  records: z.array(ownRecord).max(1000),
  /**
   * On the first page: what belongs to her history and is not among the records, in sealed order. It was sealed behind
   * `follows`, where the same request brought another record of its handle.
   */
  absent: z
    .array(
      z.strictObject({
        anchor: id,
        recordId: hexOf(16),
        handle: id,
        request: count,
        state: z.enum(['due', 'erased']),
        follows: id.optional(),
      }),
    )
    .max(1000),
  /** Of each handle: how many records there are and the running head over them. */
  histories: z.array(z.strictObject({ handle: id, count, historyHead: id })).max(64),
});

/** Type 16: the node's receipt log, leaf by leaf, and the openings of her own receipts. */
export const receiptLogQuestion = z.strictObject({
  token: inboxToken,
  /** First place wanted, from 1. */
  from: count,
  limit: z.number().int().min(1).max(10_000),
  /** First number of her own receipts that is wanted opened. */
  openFrom: count,
});
const shownRequest = readRequest.extend({ signature: bytes });
export const receiptOpening = z.strictObject({
  n: count,
  salt: id,
  receipt: accessReceipt,
  signature: bytes,
  /** What was asked, as the reader signed it. */
  request: shownRequest,
  /** Whether the keys were handed over after the receipt stood on chain. */
  released: z.boolean(),
  /** Anchors under the receipt's `recordListRoot`. */
  anchors: z.array(id).max(100_000),
  path: path.optional(),
});
export const receiptLogAnswer = z.strictObject({
  /** tag (16 bytes) ‖ inner hash (32 bytes) of each leaf. */
  leaves: z.array(hexOf(48)).max(10_000),
  size: count,
  openings: z.array(receiptOpening).max(1000),
});

/** Header with a signed ticket (base64url of CBOR): who asks a gateway without being a node of the courier. */
export const TICKET_HEADER = 'carelattice-ticket';

/** What shows a gateway who asks where no courier does: the patient herself, or a reader whose receipt is logged there. */
export const gatewayTicket = z.discriminatedUnion('kind', [
  /** `PatientFetch`: one record's anchor, or zero for all of hers. */
  z.strictObject({
    kind: z.literal('patient'),
    patientId: id,
    anchor: id,
    expiry: count,
    nonce: decimal,
    signature: bytes,
  }),
  /** `ReaderFetch`: under the request that was granted. */
  z.strictObject({
    kind: z.literal('reader'),
    reader: id,
    requestDigest: id,
    expiry: count,
    nonce: decimal,
    signature: bytes,
  }),
]);

export type GatewayTicket = z.infer<typeof gatewayTicket>;
export type ReadQuestion = z.infer<typeof readQuestion>;
export type ReadAnswer = z.infer<typeof readAnswer>;
export type ReleasedRecord = z.infer<typeof releasedRecord>;
export type WireReadRequest = z.infer<typeof readRequest>;
export type WireAccessReceipt = z.infer<typeof accessReceipt>;
export type WireInboxToken = z.infer<typeof inboxToken>;
export type OwnRecord = z.infer<typeof ownRecord>;
export type PatientRecordsAnswer = z.infer<typeof patientRecordsAnswer>;
export type ReceiptOpening = z.infer<typeof receiptOpening>;
export type ReceiptLogAnswer = z.infer<typeof receiptLogAnswer>;
