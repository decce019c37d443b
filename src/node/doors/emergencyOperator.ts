import { z } from 'zod';
import type { Hex } from '../../hash/bytes.ts';
import { clinicianLicence, emergencyRequest } from '../../wire/emergencyMessages.ts';
import { bytesField as bytes, count, id } from '../../wire/fields.ts';
import { gatewayTicket, readRequest } from '../../wire/readMessages.ts';
import type { SignedLicence } from '../emergency/emergencyDesk.ts';
import type { OperatorAct } from '../emergency/emergencyForOperator.ts';

/** The hospital's desk for programs on the node's machine: what a clinician's program needs signed, and the review queue. */

const licensed = z.strictObject({ licence: clinicianLicence, signature: bytes });
const standing = z.strictObject({ id, emergency: emergencyRequest, signature: bytes });
const read = z.strictObject({ request: readRequest, signature: bytes, digest: id });
const review = z.object({
  requestDigest: id,
  emergency: id,
  patientId: id,
  requester: id,
  outcome: z.string(),
  time: count,
  clinician: z.string(),
  licence: z.string(),
  reason: z.string(),
});
const reviews = z.object({ reviews: z.array(review) });

/** Carries an act to the node and checks the form of its answer. */
export type AskNode = <T>(schema: z.ZodType<T>, act: OperatorAct) => Promise<T>;

/** @throws the node's refusals under their own codes, of every function */
export function emergencyOperator(askNode: AskNode) {
  return {
    license: (clinician: Omit<Extract<OperatorAct, { act: 'license' }>, 'act'>) =>
      askNode(licensed, { act: 'license', ...clinician }),
    /** The desk of one licensed clinician. @param kemKey hers, as a registry writes KEM keys */
    desk: (licence: SignedLicence, kemKey: Hex) => ({
      request: (wish: { patientId: Hex; reason: string; lasting?: number | undefined }) =>
        askNode(standing, { act: 'request', licence, ...wish }),
      read: ({ emergency }: Pick<z.infer<typeof standing>, 'emergency'>, holder: Hex) =>
        askNode(read, { act: 'read', emergency, holder, kemKey }),
      ticket: (gateway: Hex, requestDigest: Hex) =>
        askNode(gatewayTicket, { act: 'ticket', gateway, requestDigest }),
    }),
    /** Oldest first; those that a person has still to look at. */
    reviews: async () => (await askNode(reviews, { act: 'reviews' })).reviews,
    closeReview: async (requestDigest: Hex, verdict: string): Promise<void> => {
      await askNode(z.object({}), { act: 'close', requestDigest, verdict });
    },
  };
}
