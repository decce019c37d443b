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

/**
 * Once per audit period a node asks for the proofs of all its patients, among random ids, so that a leaf that was rolled
 * back or lost since the last delivery is found even when nothing new is written.
 */

const SIZES = [16, 64, 256, 1024, 4096] as const;

/** Audits when the period is over, and says how many patients were looked at. */
export async function audit(c: Components): Promise<number> {
  const active = c.active();
  if (active === undefined || c.now() < c.seen.auditedAt() + c.windows.auditSeconds) return 0;
  const own = c.holding.patients().filter(({ state }) => state === 'enrolled');
  const largest = SIZES.at(-1) ?? 0;
  // More patients than one question holds: the rest is asked for in the next period, in another random order.
  const asked = shuffled(own, c.random).slice(0, largest);
  const size = SIZES.find((one) => one >= asked.length) ?? largest;
  const padding = Array.from({ length: size - asked.length }, () => toHex(c.random(32)));
  const patientIds = shuffled([...asked.map(({ patientId }) => patientId), ...padding], c.random);
  try {
    const body = encodeMessage({ patientIds });
    const answer = decodeMessage(
      auditProofs,
      await c.courier.request(active.nodeId, MessageType.AuditRequest, body),
    );
    if (!isOnChain(c, answer.locatorRoot)) return 0;
    judge(
      c,
      asked.map(({ patientId }) => patientId),
      answer,
    );
  } catch (error) {
    if (!(error instanceof CarelatticeError)) throw error;
    c.log('audit not answered', { reason: error.message });
    return 0;
  }
  c.seen.setAuditedAt(c.now());
  return asked.length;
}

/** Rounds in which an audited root may be ahead of what this node has read. */
const GRACE_ROUNDS = 10;

/** The proofs must stand under a root that stood on chain; one that never comes raises the alarm. */
function isOnChain(c: Components, root: Hex): boolean {
  if (c.seen.isLocatorRoot(root)) return true;
  const { auditSeconds, roundSeconds } = c.windows;
  const last = c.seen.auditedAt();
  if (last > 0 && c.now() > last + auditSeconds + GRACE_ROUNDS * roundSeconds) {
    c.holding.addAlarm(
      'auditRootUnknown',
      0,
      'the audited root never stood on chain',
      c.self.nodeId,
    );
  }
  return false;
}

function judge(c: Components, patientIds: readonly Hex[], answer: AuditProofs): void {
  for (const patientId of patientIds) {
    const problem = problemOf(c, patientId, answer);
    if (problem === undefined) continue;
    const detail = 'found by the audit of the sharing table';
    c.holding.addAlarm(problem, 0, detail, c.self.nodeId);
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
