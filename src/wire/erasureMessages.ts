import { z } from 'zod';
import { bytesField as bytes, count, id } from './fields.ts';

/** Type 17: a patient has records erased at the node that is asked; signed as `EraseRecords` by her authority. */
export const eraseQuestion = z.strictObject({
  patientId: id,
  seq: count,
  /** Named once each; the node answers for all of them, also for those that it never held. */
  anchors: z
    .array(id)
    .min(1)
    .max(1000)
    .refine((anchors) => new Set(anchors).size === anchors.length, 'an anchor comes twice'),
  signature: bytes,
});

/** The answer: the node's `ErasureReceipt` over the same anchors. */
export const eraseAnswer = z.strictObject({
  /** Chain time, seconds. */
  erasedAt: count,
  signature: bytes,
});

export type EraseQuestion = z.infer<typeof eraseQuestion>;
export type EraseAnswer = z.infer<typeof eraseAnswer>;
