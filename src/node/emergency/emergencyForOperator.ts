import { z } from 'zod';
import { CarelatticeError } from '../../errors.ts';
import { clinicianLicence, emergencyRequest } from '../../wire/emergencyMessages.ts';
import { bytesField as bytes, count, id } from '../../wire/fields.ts';
import type { Components } from '../components.ts';
import {
  emergencyTicket,
  readInEmergency,
  requestEmergency,
  signLicence,
} from './emergencyDesk.ts';
import { emergencyId } from './provenEmergency.ts';
import { closeReview, openReviews } from './reviewQueue.ts';

/** What the hospital's own people ask of their node: as the clinician's desk, and as the reviewers of what it released. */

const signedLicence = z.strictObject({ licence: clinicianLicence, signature: bytes });

const act = z.discriminatedUnion('act', [
  z.strictObject({
    act: z.literal('license'),
    clinician: z.string().max(200),
    licence: z.string().max(200),
    kemKey: bytes,
    notAfter: count,
  }),
  z.strictObject({
    act: z.literal('request'),
    patientId: id,
    licence: signedLicence,
    reason: z.string().max(1000),
    lasting: count.optional(),
  }),
  z.strictObject({
    act: z.literal('read'),
    emergency: emergencyRequest,
    holder: id,
    kemKey: bytes,
  }),
  z.strictObject({ act: z.literal('ticket'), gateway: id, requestDigest: id }),
  z.strictObject({ act: z.literal('reviews') }),
  z.strictObject({
    act: z.literal('close'),
    requestDigest: id,
    verdict: z.string().min(1).max(2000),
  }),
]);

export type OperatorAct = z.infer<typeof act>;

/** Reviews of one answer. */
const PAGE = 200;

/** @throws `MalformedBody`, `NoSuchReview`, and as `emergencyDesk` */
export async function emergencyForOperator(c: Components, body: unknown): Promise<object> {
  const parsed = act.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CarelatticeError('MalformedBody', 'the question does not have its form', {
      facts: { field: issue?.path.join('.') ?? '', problem: issue?.message ?? '' },
    });
  }
  const asked = parsed.data;
  switch (asked.act) {
    case 'license':
      return signLicence(c, asked);
    case 'request':
      return requestEmergency(c, asked);
    case 'read': {
      const { emergency, holder, kemKey } = asked;
      const id = emergencyId(c.self.network, emergency);
      return readInEmergency(c, { id, emergency }, holder, kemKey);
    }
    case 'ticket':
      return emergencyTicket(c, asked.gateway, asked.requestDigest);
    case 'reviews':
      return { reviews: openReviews(c, PAGE) };
    case 'close':
      closeReview(c, asked.requestDigest, c.now(), asked.verdict);
      return {};
  }
}
