import { z } from 'zod';
import { bytesField as bytes, count, hexOf, id } from './fields.ts';
import { accessReceipt, ownRecord, readRequest } from './readMessages.ts';

/** The bodies of emergency access: the patient's card at her custodians, and what a clinician's hospital asks for. */

/** Custodians of one card, and how many of them give the key. */
export const CUSTODIANS = 3;
export const CUSTODIANS_NEEDED = 2;
/** The only purpose for which a custodian releases its share (HL7: emergency treatment). */
export const EMERGENCY_PURPOSE = 'ETREAT';
/** The category that a card opens. */
export const SUMMARY_CATEGORY = 'emergency-summary';

/** Type 111: `package` is a `custodyContent` sealed to this custodian, signed as `Package` with the card epoch as seq. */
export const custodyMessage = z.strictObject({
  patientId: id,
  cardEpoch: count,
  package: bytes,
  packageSignature: bytes,
});

/** What one custodian keeps behind a card. */
export const custody = z.strictObject({
  lookUp: id,
  custodians: z.array(id).length(CUSTODIANS),
  /** Node that holds the summary. */
  holder: id,
  /** Names the key that the shares give. */
  scopeKeyId: id,
  share: hexOf(33),
  /** As in a scope package: names the receipts of this node. */
  accessKey: id,
  /** Where notices to her go, and what seals them. */
  inboxKey: bytes,
  inboxes: z.array(id).max(256),
});

export const custodyContent = z.strictObject({
  patientId: id,
  cardEpoch: count,
  /** Missing: there is no card any more, or others keep the shares of this one. */
  custody: custody.optional(),
});

/** Type 112: whoever holds the card finds the custodians at any of them. */
export const lookUpQuestion = z.strictObject({ lookUp: id });
export const lookUpAnswer = z.strictObject({
  custodians: z.array(id).length(CUSTODIANS),
  holder: id,
});

export const clinicianLicence = z.strictObject({
  /** The clinician's hospital, which signs. */
  node: id,
  clinician: z.string().max(200),
  licence: z.string().max(200),
  kemKeyHash: id,
  notAfter: count,
});

/** `EmergencyRequest`, signed by the clinician's hospital; stands on chain by its salted id. */
export const emergencyRequest = z.strictObject({
  requester: id,
  patientId: id,
  licenceDigest: id,
  reason: z.string().max(1000),
  requestedAt: count,
  expiry: count,
  salt: id,
});

const emergencyQuestion = z.strictObject({
  emergency: emergencyRequest,
  emergencySignature: bytes,
  /** Missing: refused, and logged as such. */
  licence: clinicianLicence.optional(),
  licenceSignature: bytes.optional(),
  /** The clinician's, as a registry writes them. */
  kemKey: bytes,
  /** `ReadRequest` to this node: basis is the emergency's id. */
  request: readRequest,
  signature: bytes,
});

/** Type 110: a custodian is asked for its share. Asked again with the same request it goes on. */
export const shareQuestion = emergencyQuestion.extend({ lookUp: id });
/** Type 113: the holder is asked for the summary. */
export const summaryQuestion = emergencyQuestion;

const released = z.strictObject({
  state: z.literal('released'),
  receipt: accessReceipt,
  signature: bytes,
  /** The chain stood still: request and receipt are anchored when it is back. */
  late: z.boolean(),
  /** Time at which nothing more goes out. */
  until: count,
});
const anchoring = z.strictObject({ state: z.literal('anchoring') });

export const shareAnswer = z.discriminatedUnion('state', [
  anchoring,
  /** HPKE to the clinician's KEM key: share (33 bytes) ‖ scopeKeyId. */
  released.extend({ sealed: bytes }),
]);
export const summaryAnswer = z.discriminatedUnion('state', [
  anchoring,
  /** Newest first; blocks and wraps come from the gateway. */
  released.extend({ records: z.array(ownRecord).max(8) }),
]);

/** HPKE info of a share on its way to a clinician; the aad is the digest of the receipt. */
export const SHARE_INFO = 'carelattice/v1/emergency-share';

export type WireCustody = z.infer<typeof custody>;
export type CustodyContent = z.infer<typeof custodyContent>;
export type CustodyMessage = z.infer<typeof custodyMessage>;
export type WireLicence = z.infer<typeof clinicianLicence>;
export type WireEmergency = z.infer<typeof emergencyRequest>;
export type EmergencyQuestion = z.infer<typeof emergencyQuestion>;
export type ShareAnswer = z.infer<typeof shareAnswer>;
export type SummaryAnswer = z.infer<typeof summaryAnswer>;
