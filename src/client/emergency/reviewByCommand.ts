import { CarelatticeError } from '../../errors.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import type { Hex } from '../../hash/bytes.ts';
import { nameIn, plainLine } from '../plainLine.ts';
import { timeText } from '../timeText.ts';

/** What `emergency review` does for a person at a hospital: the queue of emergency accesses, and closing one. */

export interface WaitingReview {
  readonly requestDigest: Hex;
  /** Salted id on chain; the same at every hospital that was asked. */
  readonly emergency: Hex;
  readonly patientId: Hex;
  readonly requester: Hex;
  /** `released`, `late`, or the code of a refusal. */
  readonly outcome: string;
  /** Chain time, seconds. */
  readonly time: number;
  readonly clinician: string;
  readonly licence: string;
  readonly reason: string;
}

/** The hospital's node, asked through its operator door (`emergencyOperator`). */
export interface ReviewQueue {
  reviews(): Promise<readonly WaitingReview[]>;
  closeReview(requestDigest: Hex, verdict: string): Promise<void>;
}

/** What waits, oldest first. @param at name of the hospital */
export async function reviewLines(
  { reviews }: Pick<ReviewQueue, 'reviews'>,
  at: string,
  nodes: ReadonlyMap<Hex, KnownNode>,
): Promise<string[]> {
  const waiting = await reviews();
  if (waiting.length === 0) return [`No emergency access waits for a review at ${at}.`];
  const count = waiting.length === 1 ? '1 request waits' : `${waiting.length} requests wait`;
  return [
    `Emergencies: ${count} at ${at} for a person to look into, oldest first.`,
    ...waiting.flatMap((review) => linesOf(review, nodes)),
    '',
    'Close one with its first line: --close 0x... --verdict "what you found".',
  ];
}

function linesOf(review: WaitingReview, nodes: ReadonlyMap<Hex, KnownNode>): string[] {
  const { requestDigest, emergency, patientId, requester, outcome, time } = review;
  const { clinician, licence, reason } = review;
  const hospital = nameIn(nodes, requester);
  const who = plainLine(clinician) || 'without a clinician';
  return [
    '',
    `  ${requestDigest}`,
    `    ${timeText(time)}: ${outcomeText(outcome)}`,
    `    asked by ${hospital}, ${who} (licence ${plainLine(licence) || 'none'})`,
    `    reason: ${plainLine(reason) || 'none'}`,
    `    emergency ${emergency}`,
    `    patient ${patientId}`,
  ];
}

function outcomeText(outcome: string): string {
  if (outcome === 'released') return 'released';
  if (outcome === 'late') return 'released while the chain stood still';
  return `refused (${plainLine(outcome)})`;
}

/** @throws `BadOption` without a verdict, `NoSuchReview` */
export async function closeReviewByCommand(
  { closeReview }: Pick<ReviewQueue, 'closeReview'>,
  requestDigest: Hex,
  verdict: string,
): Promise<string[]> {
  if (verdict.trim() === '')
    throw new CarelatticeError('BadOption', 'say what you found: --verdict "..."');
  await closeReview(requestDigest, verdict);
  return [`Closed: ${requestDigest}. The verdict is kept with it.`];
}
