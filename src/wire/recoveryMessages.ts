import { z } from 'zod';
import { bytesField as bytes, count, decimal, hexOf, id } from './fields.ts';

/** How a patient who has lost every way to her root key gets back what her nodes know of her. */

/**
 * Type 19: signed as `RecoveryRequest` by the account that her guardians gave her. `package` asks for what the node
 * knows, `rewrap` to seal her records there to her new scope keys.
 */
export const recoveryQuestion = z.strictObject({
  patientId: id,
  expiry: count,
  nonce: decimal,
  /** Her new inbox key as a registry writes KEM keys; its hash is signed. */
  inboxKey: bytes,
  signature: bytes,
  wish: z.enum(['package', 'rewrap']),
});
export const recoveryAnswer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('package'), seq: count, sealed: bytes, signature: bytes }),
  z.strictObject({ kind: z.literal('rewrap'), done: count, left: count }),
]);

/** A node of her list as she signed it. */
const signedRelation = z.strictObject({
  salt: id,
  nodeId: id,
  role: count,
  handles: z.array(id).max(64),
  countersignature: bytes,
  enrolledSeq: count,
});
const scope = z.strictObject({
  category: z.string().max(60),
  handle: id,
  epoch: count,
  suite: count,
  publicKey: bytes,
  /** Where she gave it to this node. */
  privateSeed: hexOf(32).optional(),
});

/** The plaintext of a `RecoveryPackage`: of a consensus node her list, of a holder the keys that she gave it. */
export const recoveryContent = z.strictObject({
  patientId: id,
  /** The highest number of hers that the node knows. */
  seq: count,
  relations: z.array(signedRelation).max(256).optional(),
  scopes: z.array(scope).max(1024),
  presenceEpoch: count,
  accessKey: hexOf(32).optional(),
  /** How many of her records are sealed under each handle, and the heads they fold to. */
  histories: z.array(z.strictObject({ handle: id, count, historyHead: id })).max(64),
});

export type RecoveryQuestion = z.infer<typeof recoveryQuestion>;
export type RecoveryAnswer = z.infer<typeof recoveryAnswer>;
export type RecoveryContent = z.infer<typeof recoveryContent>;
