import { z } from 'zod';
import { bytesField as bytes, count, id } from './fields.ts';
import { accessReceipt, inboxToken } from './readMessages.ts';

/** The patient's inbox: notices sealed to her, on nodes that she asks. */

/** Bytes of a sealed item. */
export const LARGEST_ITEM = 16_384;

/** Items dropped by one question. */
export const MOST_ACKNOWLEDGED = 1000;

const sealed = bytes.refine((value) => value.length <= 2 + 2 * LARGEST_ITEM, 'too long');

/** Type 91, by courier: an item for a patient of the recipient. Who sends it is the courier's word. */
export const inboxItem = z.strictObject({ patientId: id, id, sealed });

/** Type 18: her items at this node; those that she has read are dropped first. */
export const inboxQuestion = z.strictObject({
  token: inboxToken,
  /** Her inbox key as a registry writes KEM keys; kept when its hash is the one on chain. */
  inboxKey: bytes.optional(),
  acknowledged: z.array(z.strictObject({ from: id, id })).max(MOST_ACKNOWLEDGED),
  /** Items that she has from this node already, of those that stay. */
  skip: count,
});
const sealedItem = z.strictObject({ from: id, id, sealed, arrived: count });
export const inboxAnswer = z.strictObject({
  items: z.array(sealedItem).max(100),
  /** Items behind these. */
  left: count,
});

/** What a custodian or holder tells her of an emergency access. */
const emergencyNotice = z.strictObject({
  kind: z.enum(['emergency-share', 'emergency-summary']),
  /** Seconds, by the node's word. */
  at: count,
  emergency: id,
  requester: id,
  clinician: z.string(),
  licence: z.string(),
  reason: z.string(),
  late: z.boolean(),
  receipt: accessReceipt,
  receiptSignature: bytes,
});
/** What a guardian change or another matter of her account is told by; `text` is for people. */
const accountNotice = z.strictObject({
  kind: z.literal('account'),
  at: count,
  matter: z.string().max(60),
  text: z.string().max(2000),
});

/** The plaintext of an item. */
export const notice = z.discriminatedUnion('kind', [emergencyNotice, accountNotice]);

export type AccountNotice = z.infer<typeof accountNotice>;
export type Notice = z.infer<typeof notice>;
export type SealedItem = z.infer<typeof sealedItem>;
export type InboxItem = z.infer<typeof inboxItem>;
