import { openAtRest, sealAtRest } from '../../crypto/atRest.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { Review } from '../../journal/emergencyTables.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import { z } from 'zod';
import type { EmergencyQuestion } from '../../wire/emergencyMessages.ts';
import type { Components } from '../components.ts';
import type { ProvenEmergency } from './provenEmergency.ts';

/** Every emergency access and refusal waits here for a person of this node. Who asked and why lies sealed in the journal. */

const said = z.strictObject({
  clinician: z.string(),
  licence: z.string(),
  reason: z.string(),
  /** What the person who closed it wrote. */
  verdict: z.string().optional(),
});
type Said = z.infer<typeof said>;

const PURPOSE = 'review';

type Journal = Pick<Components, 'self' | 'emergencies'>;
export type ShownReview = Omit<Review, 'entry'> & Said;

const sealed = (c: Journal, content: Said): Uint8Array =>
  sealAtRest(c.self.journalKey, PURPOSE, encodeMessage(content));

/** Within the transaction of what it is about. @param outcome `released`, `late`, or the code of a refusal */
export function addReview(
  c: Journal,
  { digest, id, emergency }: ProvenEmergency,
  { licence }: EmergencyQuestion,
  outcome: string,
  time: number,
): void {
  c.emergencies.addReview({
    requestDigest: digest,
    emergency: id,
    patientId: emergency.patientId,
    requester: emergency.requester,
    outcome,
    time,
    toPost: outcome === 'late',
    entry: sealed(c, {
      clinician: licence?.clinician ?? '',
      licence: licence?.licence ?? '',
      reason: emergency.reason,
    }),
  });
}

/** Those that nobody has looked at, oldest first. */
export const openReviews = (c: Journal, limit: number): ShownReview[] =>
  c.emergencies.openReviews(limit).map((review) => shown(c, review));

export function reviewOf(c: Journal, requestDigest: Hex): ShownReview | undefined {
  const review = c.emergencies.review(requestDigest);
  return review && shown(c, review);
}

function shown(c: Journal, { entry, ...review }: Review): ShownReview {
  const plain = openAtRest(c.self.journalKey, PURPOSE, entry);
  return { ...review, ...decodeMessage(said, plain) };
}

/** @param at seconds @throws `NoSuchReview` */
export function closeReview(c: Journal, requestDigest: Hex, at: number, verdict: string): void {
  const review = reviewOf(c, requestDigest);
  if (review !== undefined) {
    const { clinician, licence, reason } = review;
    const entry = sealed(c, { clinician, licence, reason, verdict });
    if (c.emergencies.closeReview(requestDigest, at, entry)) return;
  }
  throw new CarelatticeError('NoSuchReview', 'no open review has this digest');
}
