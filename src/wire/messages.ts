import { z } from 'zod';
import { CarelatticeError } from '../errors.ts';
import { fromHex, toHex } from '../hash/bytes.ts';
import { decodeBody, encodeBody } from './cbor.ts';
import { bytesField as bytes, cid, count, decimal, hexOf, id, path } from './fields.ts';

/**
 * The bodies of the courier's messages (`docs/protocol.md`, Messages): canonical CBOR maps. Byte strings on the wire are
 * `Hex` in TypeScript, CIDs are base32 text.
 */

const signature = bytes;

const relation = z.strictObject({
  salt: id,
  nodeId: id,
  role: count,
  handles: z.array(id).max(64),
});
const ownRelation = z.strictObject({ salt: id, role: count, handles: z.array(id).max(64), path });

/** Type 10: a patient asks a node to hold her records; `package` is a sealed `ScopePackage`. */
export const enrollmentRequest = z.strictObject({
  patientId: id,
  authority: hexOf(20),
  idNonce: id,
  nodeId: id,
  seq: count,
  signature,
  relation: ownRelation,
  relationsDigest: id,
  package: bytes,
  packageSignature: signature,
  identifiers: z
    .array(z.strictObject({ system: z.string().max(300), value: z.string().max(300) }))
    .max(50),
  /** Seals what is for her inbox, as a registry writes KEM keys; counts while the chain shows its hash. */
  inboxKey: bytes.optional(),
});
/** Type 11: the node's countersignature of the `Enrollment`, or why it refuses. */
export const enrollmentAnswer = z.strictObject({
  countersignature: signature.optional(),
  reason: z.string().optional(),
});

/** Type 12: an item for the next `PatientBatch`; with `SetRelations` the opened relation list. */
export const patientMessage = z.strictObject({
  /** Whose it is; the contract checks the signature, this only keeps her messages in their order. */
  patientId: id,
  kind: count,
  words: z.array(id).max(80),
  /** Of sixteen guardians at most, a kilobyte each. */
  signature: signature.refine((value) => value.length <= 2 + 2 * 16_384, 'too long'),
  relations: z
    .array(relation.extend({ countersignature: signature, enrolledSeq: count }))
    .max(256)
    .optional(),
});

/** Type 13: after an epoch step a node gets the patient's new keys. */
export const scopeUpdate = z.strictObject({
  patientId: id,
  seq: count,
  package: bytes,
  packageSignature: signature,
});

/** Type 14: the patient's own request to a node, signed by her authority for this node, time and nonce. */
export const patientFetch = z.strictObject({
  patientId: id,
  /** One record's anchor, or zero for all. */
  anchor: id,
  expiry: count,
  nonce: decimal,
  signature,
});

const recordEntry = z.strictObject({
  recordId: hexOf(16),
  patientId: id,
  scopeKeyId: id,
  handle: id,
  anchor: id,
  recordSalt: id,
  recordCid: cid,
  recordSize: count,
  wrapCid: cid,
  wrapSize: count,
});

/** Type 20: what the batch behind a storage request holds; leaves of the batch root in this order. */
export const recordList = z.strictObject({
  request: count,
  batchRoot: id,
  keyEpoch: count,
  signature,
  records: z.array(recordEntry.extend({ tagIndex: count })).max(256),
});

const receipt = z.strictObject({ request: count, anchorsRoot: id, locatorRoot: id, signature });
/** The answer to type 14: a receipt for each record, with the record's way to the receipt's root. */
export const patientReceipts = z.strictObject({
  receipts: z.array(receipt.extend({ recordId: hexOf(16), anchor: id, path })).max(1000),
});
const settlement = z.strictObject({
  from: count,
  to: count,
  receipts: z.array(receipt).max(256),
  /** How many records are due and not held yet. */
  outstanding: count,
  refused: z.array(z.strictObject({ anchor: id, reason: z.string().max(60) })).max(100),
});

/** Type 21: what a node says in a round: presence answers to open requests, settlements of sealed ranges. */
export const roundReport = z.strictObject({
  answers: z.array(z.strictObject({ request: count, bitmap: bytes })).max(256),
  settlements: z.array(settlement).max(64),
});

/** Type 22: proofs of what the consensus node took from a node's reports. */
export const roundProofs = z.strictObject({
  from: count,
  to: count,
  answers: z.array(z.strictObject({ request: count, salt: id, bitmap: bytes, path })).max(256),
  settlement: z.strictObject({ salt: id, digest: id, path }).optional(),
});

const sharing = z.strictObject({
  salt: id,
  relationsSeq: count,
  relationsDigest: id,
  handlesRoot: id,
  version: count,
});
const handleState = z.strictObject({ salt: id, handle: id, count, historyHead: id });
/** All that the consensus node keeps of a patient. */
export const patientEntry = z.strictObject({
  patientId: id,
  leaf: sharing,
  handles: z.array(handleState).max(64),
  relations: z.array(relation).max(256),
});

const presenceAnswer = z.strictObject({ request: count, nodeId: id, bitmap: bytes });
/** A round's seal, with what makes its leaves again: `seed` gives every salt. */
const preparedSeal = z.strictObject({
  from: count,
  to: count,
  seed: id,
  /** The nodes that get a list, in order of admission. */
  nodes: z.array(id).max(256),
  answers: z.array(presenceAnswer).max(65_536),
  /** Requests whose record list never came or was refused: sealed without records. */
  empty: z.array(count).max(256),
  deliveriesRoot: id,
  answersRoot: id,
});
/** Type 30: a change of the sharing table, with all that a standby needs to go on from it, before it is posted. */
export const journalDelta = z.strictObject({
  kind: z.enum(['seal', 'relations']),
  term: count,
  prevRoot: id,
  newRoot: id,
  after: z.array(patientEntry).max(4096),
  seal: preparedSeal.optional(),
  lists: z.array(recordList).max(256),
});

const sparseProof = z.strictObject({ map: id, siblings: z.array(id).max(256) });
const provenHandle = handleState.extend({ path });

/** Type 40, put together from its parts: what a node is to hold after a seal. */
export const deliveryList = z.strictObject({
  salt: id,
  path,
  batches: z
    .array(
      z.strictObject({ request: count, author: id, keyEpoch: count, batchRoot: id, signature }),
    )
    .max(256),
  entries: z
    .array(
      recordEntry.extend({ salt: id, batch: count, batchPath: path, peers: z.array(id).max(3) }),
    )
    .max(65_536),
  patients: z
    .array(
      z.strictObject({
        patientId: id,
        before: sharing.optional(),
        beforeProof: sparseProof,
        beforeHandles: z.array(provenHandle).max(64),
        after: sharing,
        afterProof: sparseProof,
        afterHandles: z.array(provenHandle).max(64),
        relation: ownRelation,
      }),
    )
    .max(65_536),
});
/** Type 40 on the wire: part i of n, at most 15 KiB each, so that all lists look alike. */
export const deliveryPart = z.strictObject({
  from: count,
  to: count,
  part: count,
  parts: count,
  bytes,
});

/** Type 51: how many holders have not settled yet, and the receipts under salted holder ids. */
export const holderCount = z.strictObject({
  request: count,
  outstanding: count,
  receipts: z.array(z.strictObject({ holder: id, anchorsRoot: id })).max(256),
});

/** Type 60 and 61: a node asks for the leaves of all its patients, padded, and gets them proved under the root. */
export const auditRequest = z.strictObject({ patientIds: z.array(id).max(4096) });
export const auditProofs = z.strictObject({
  locatorRoot: id,
  proofs: z.array(
    z.strictObject({
      patientId: id,
      leaf: sharing.optional(),
      proof: sparseProof,
      handles: z.array(provenHandle),
    }),
  ),
});

/** Type 90: something is wrong, with what shows it. */
export const alarm = z.strictObject({
  kind: z.string().max(60),
  request: count,
  detail: z.string().max(500),
});

export type EnrollmentRequest = z.infer<typeof enrollmentRequest>;
export type EnrollmentAnswer = z.infer<typeof enrollmentAnswer>;
export type PatientMessage = z.infer<typeof patientMessage>;
export type ScopeUpdate = z.infer<typeof scopeUpdate>;
export type PatientFetch = z.infer<typeof patientFetch>;
export type PatientReceipts = z.infer<typeof patientReceipts>;
export type RecordEntry = z.infer<typeof recordEntry>;
export type RecordList = z.infer<typeof recordList>;
export type Settlement = z.infer<typeof settlement>;
export type RoundReport = z.infer<typeof roundReport>;
export type RoundProofs = z.infer<typeof roundProofs>;
export type PatientEntry = z.infer<typeof patientEntry>;
export type PreparedSeal = z.infer<typeof preparedSeal>;
export type JournalDelta = z.infer<typeof journalDelta>;
export type DeliveryList = z.infer<typeof deliveryList>;
export type DeliveryPart = z.infer<typeof deliveryPart>;
export type HolderCount = z.infer<typeof holderCount>;
export type AuditRequest = z.infer<typeof auditRequest>;
export type AuditProofs = z.infer<typeof auditProofs>;
export type Alarm = z.infer<typeof alarm>;

/** The bytes of a message body. */
export const encodeMessage = (body: object): Uint8Array => encodeBody(toWire(body));

/** @throws `MalformedBody` naming the first field that does not fit. */
export function decodeMessage<T>(schema: z.ZodType<T>, body: Uint8Array): T {
  const parsed = schema.safeParse(fromWire(decodeBody(body)));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CarelatticeError('MalformedBody', 'a message body does not have its form', {
    facts: { field: issue?.path.join('.') ?? '', problem: issue?.message ?? '' },
  });
}

const HEX = /^0x(?:[0-9a-f]{2})*$/;

/** Hex becomes byte strings; fields that are undefined are left out. */
function toWire(value: unknown): unknown {
  if (typeof value === 'string') return HEX.test(value) ? fromHex(value) : value;
  if (Array.isArray(value)) return value.map(toWire);
  if (value !== null && typeof value === 'object' && !(value instanceof Uint8Array)) {
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) =>
        item === undefined ? [] : [[key, toWire(item)]],
      ),
    );
  }
  return value;
}

function fromWire(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(fromWire);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromWire(item)]));
  }
  return value;
}
