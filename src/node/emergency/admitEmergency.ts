import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { EmergencyQuestion } from '../../wire/emergencyMessages.ts';
import type { Notice } from '../../wire/inboxMessages.ts';
import type { WireAccessReceipt } from '../../wire/readMessages.ts';
import type { Components } from '../components.ts';
import { type InboxesOf, preparedNotice } from '../inbox/sendNotice.ts';
import type { Access } from '../reading/access.ts';
import { inclusionOf, isAnchored } from '../reading/anchorReceipts.ts';
import { logReceipt, openingOf } from '../reading/logReceipt.ts';
import { emergencyTime, type EmergencyTime } from './chainClock.ts';
import {
  emergencyEnded,
  emergencyRefusal,
  type ProvenEmergency,
  provenEmergency,
} from './provenEmergency.ts';
import { isWithinRate, requireRate } from './rate.ts';
import { addReview } from './reviewQueue.ts';

/**
 * One emergency access at a custodian or at the holder of the summary: every check, the receipt into the log and onto the
 * chain, then review queue and notice together with the release. A chain that stands still is not waited for.
 */

/** What this node has to do with the patient. @throws the refusal when it has not */
export type GroundOf = (asked: ProvenEmergency) => EmergencyGround | Promise<EmergencyGround>;

export interface EmergencyGround {
  readonly kind: 'emergency-share' | 'emergency-summary';
  /** Names this node's receipts, 32 bytes. */
  readonly accessKey: Uint8Array;
  readonly anchors: readonly Hex[];
  readonly inboxes: InboxesOf;
}

export interface Admitted {
  readonly asked: ProvenEmergency;
  readonly access: EmergencyAccess;
  readonly receipt: WireAccessReceipt;
  readonly signature: Hex;
}

export interface EmergencyAccess extends Access {
  readonly emergency: { readonly late: boolean };
}

/**
 * Undefined while the receipt is on its way to the chain.
 * @throws `RequestNotProven`, `WrongPurpose`, `ReasonMissing`, `LicenceRefused`, `EmergencyTooLong`, `EmergencyEnded`,
 * `EmergencyNotStanding` (retryable), `TooManyEmergencies`, and as `groundOf`
 */
export async function admitEmergency(
  c: Components,
  question: EmergencyQuestion,
  groundOf: GroundOf,
): Promise<Admitted | undefined> {
  const asked = provenEmergency(c, question);
  const time = await emergencyTime(c);
  try {
    const refusal = emergencyRefusal(c, asked, question, time);
    if (refusal !== undefined) throw refusal;
    const ground = await groundOf(asked);
    const access =
      c.receipts.accessOf<EmergencyAccess>(asked.digest) ?? (await granted(c, asked, ground, time));
    return await released(c, asked, question, ground, access, time);
  } catch (error) {
    logRefusal(c, asked, question, time, error);
    throw error;
  }
}

async function granted(
  c: Components,
  asked: ProvenEmergency,
  { accessKey, anchors }: EmergencyGround,
  { block, now, standsStill }: EmergencyTime,
): Promise<EmergencyAccess> {
  requireRate(c, asked, now);
  const { request, digest, id, emergency, reader } = asked;
  if (!standsStill && !(await isOnChain(c, id))) {
    throw new CarelatticeError(
      'EmergencyNotStanding',
      'the emergency request does not stand on the chain yet; ask again',
      { retryable: true },
    );
  }
  const { patientId } = emergency;
  const authority = c.seen.authority(patientId);
  if (authority === undefined) throw new Error('a patient with a card or records is on the chain');
  const access = c.db.transaction(() => {
    // The same request may have come twice at a time.
    const meanwhile = c.receipts.accessOf<EmergencyAccess>(digest);
    if (meanwhile !== undefined) return meanwhile;
    const made: EmergencyAccess = {
      state: 'logged',
      requestDigest: digest,
      reader: reader.nodeId,
      patientId,
      basis: id,
      standings: [],
      authority,
      anchors,
      place: logReceipt(c, {
        ...{ patientId, accessKey, request, anchors, block },
        requestDigest: digest,
      }),
      until: Math.min(request.expiry, emergency.expiry),
      emergency: { late: standsStill },
    };
    c.receipts.putAccess(digest, made);
    return made;
  });
  await c.reached('reading: logged');
  return access;
}

/** Whether the salted id stands on chain, whoever brought it: it names who asks. */
export async function isOnChain(c: Pick<Components, 'contracts'>, id: Hex): Promise<boolean> {
  const [, requestedAt] = await c.contracts.ledger.call('emergencyOf', [id], 'latest');
  return requestedAt > 0n;
}

async function released(
  c: Components,
  asked: ProvenEmergency,
  question: EmergencyQuestion,
  ground: EmergencyGround,
  access: EmergencyAccess,
  { now, standsStill }: EmergencyTime,
): Promise<Admitted | undefined> {
  if (now >= access.until) throw emergencyEnded();
  // After a standstill, and after a reorganisation: on the chain first.
  const isStanding =
    standsStill ||
    (inclusionOf(c, access.place) !== undefined && (await isAnchored(c, access.place)));
  if (!isStanding) return undefined;
  const row = c.receipts.receiptAt(access.place);
  if (row === undefined) throw new Error('an access has its receipt');
  const { receipt, signature } = openingOf(c, row);
  if (access.state === 'released') return { asked, access, receipt, signature };
  const late = standsStill;
  const { id, emergency } = asked;
  const notice: Notice = {
    kind: ground.kind,
    at: now,
    emergency: id,
    requester: emergency.requester,
    clinician: question.licence?.clinician ?? '',
    licence: question.licence?.licence ?? '',
    reason: emergency.reason,
    late,
    receipt,
    receiptSignature: signature,
  };
  const send = await preparedNotice(c, emergency.patientId, asked.digest, ground.inboxes, notice);
  const done: EmergencyAccess = { ...access, state: 'released', emergency: { late } };
  c.db.transaction(() => {
    c.receipts.putAccess(asked.digest, done);
    addReview(c, asked, question, late ? 'late' : 'released', now);
    send();
  });
  c.log('emergency released', { requester: asked.reader.name, late: String(late) });
  return { asked, access: done, receipt, signature };
}

/** Told to the operator in any case; kept for review unless it may yet be granted, or comes too often to be kept. */
function logRefusal(
  c: Components,
  asked: ProvenEmergency,
  question: EmergencyQuestion,
  { now }: EmergencyTime,
  error: unknown,
): void {
  if (!(error instanceof CarelatticeError)) return;
  c.log('emergency refused', { requester: asked.reader.name, code: error.code });
  if (error.retryable || !isWithinRate(c, asked, now)) return;
  addReview(c, asked, question, error.code, now);
}
