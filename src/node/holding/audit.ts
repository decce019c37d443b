import { isHandleUnder, isLeafUnder } from '../../domain/sharingTable.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import { shuffled } from '../../domain/random.ts';
import { MessageType } from '../../wire/envelope.ts';
import {
  auditProofs,
  type AuditProofs,
  decodeMessage,
  encodeMessage,
} from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { raiseAlarm } from './takeProofs.ts';

/**
 * Once per audit period a node asks for the proofs of all its patients, among random ids, so that a leaf that was rolled
 * back or lost since the last delivery is found even when nothing new is written.
 */

/** Patients in one question; the answer then stays well below the longest message. */
const PAGE = 256;
const SIZES = [16, 64, PAGE] as const;
/** Rounds until an audit that got no usable answer is tried again. */
const PATIENCE = 10;

/** Audits when the period is over, and says how many patients were looked at. */
export async function audit(c: Components): Promise<number> {
  const active = c.active();
  const { due, failures } = c.seen.auditState();
  if (active === undefined || c.now() < due) return 0;
  const own = shuffled(
    c.holding.patients().filter(({ state }) => state === 'enrolled'),
    c.random,
  ).map(({ patientId }) => patientId);
  try {
    for (let at = 0; at === 0 || at < own.length; at += PAGE) {
      await auditPage(c, active.nodeId, own.slice(at, at + PAGE));
    }
  } catch (error) {
    if (!(error instanceof CarelatticeError)) throw error;
    c.log('audit not answered', { reason: error.message });
    if (failures === 1) raise(c, error.code);
    const retry = c.now() + PATIENCE * c.windows.roundSeconds;
    c.seen.setAuditState({ due: retry, failures: failures + 1 });
    return 0;
  }
  c.seen.setAuditState({ due: c.now() + c.windows.auditSeconds, failures: 0 });
  return own.length;
}

/** @throws `AuditRootUnknown`, or why there was no answer */
async function auditPage(c: Components, consensus: Hex, asked: readonly Hex[]): Promise<void> {
  const size = SIZES.find((one) => one >= asked.length) ?? PAGE;
  const padding = Array.from({ length: size - asked.length }, () => toHex(c.random(32)));
  const body = encodeMessage({ patientIds: shuffled([...asked, ...padding], c.random) });
  const answer = decodeMessage(
    auditProofs,
    await c.courier.request(consensus, MessageType.AuditRequest, body),
  );
  // The answer may be a block ahead of what this node has read; a root that never comes is a lie.
  if (!c.seen.isLocatorRoot(answer.locatorRoot)) {
    throw new CarelatticeError('AuditRootUnknown', 'the audited root did not stand on chain yet', {
      retryable: true,
    });
  }
  judge(c, asked, answer);
}

const raise = (c: Components, problem: string): void =>
  raiseAlarm(c, {
    kind: problem,
    request: 0,
    detail: 'found by the audit of the sharing table',
  });

function judge(c: Components, patientIds: readonly Hex[], answer: AuditProofs): void {
  for (const patientId of patientIds) {
    const problem = problemOf(c, patientId, answer);
    if (problem !== undefined) raise(c, problem);
  }
}

function problemOf(
  c: Components,
  patientId: Hex,
  { locatorRoot, proofs }: AuditProofs,
): string | undefined {
  const proof = proofs.find((one) => one.patientId === patientId);
  // Enrolled on chain a moment ago: the leaf comes with the next change of the table.
  if (proof === undefined) return c.holding.hasHistory(patientId) ? 'leafMissing' : undefined;
  const { leaf, handles } = proof;
  if (leaf === undefined || !isLeafUnder(patientId, leaf, proof.proof, locatorRoot))
    return 'leafNotProven';
  if (!handles.every((handle) => isHandleUnder(handle, leaf.handlesRoot))) return 'handleNotProven';
  for (const handle of c.holding.patient(patientId)?.relation.handles ?? []) {
    const known = c.holding.history(patientId, handle);
    const shown = handles.find((one) => one.handle === handle);
    if (known === undefined) continue;
    if (shown === undefined || shown.count < known.count) return 'leafRolledBack';
    if (shown.count === known.count && shown.historyHead !== known.historyHead)
      return 'historyRewritten';
  }
  return undefined;
}
