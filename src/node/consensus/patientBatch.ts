import { shuffled } from '../../domain/random.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { WaitingMessage } from '../../journal/consensusTables.ts';
import type { Components } from '../components.ts';
import { post } from '../post.ts';
import { weightOf } from './accountMessages.ts';

/** Patients' messages go to the chain in one shuffled `PatientBatch` per round, from this node's one account. */

const MESSAGES_PER_BATCH = 100;

/** Submits what waits and says how many messages that are. */
export async function submitPatients(c: Components): Promise<number> {
  if (c.active()?.nodeId !== c.self.nodeId || c.consensus.openTasks().length > 0) return 0;
  const waiting = shuffledByPatient(c, fitting(c.consensus.waitingMessages(MESSAGES_PER_BATCH)));
  const [first] = waiting;
  if (first === undefined) return 0;
  // The order is part of the task: after a restart the same transaction is found again by its name.
  const task = `patients ${waiting.map(({ id }) => id).join(' ')}`;
  const { patientRegistry } = c.contracts;
  const data = patientRegistry.encode('submitBatch', [
    waiting.map(({ message }) => ({
      kind: message.kind,
      words: message.words,
      signature: message.signature,
    })),
  ]);
  c.db.transaction(() => {
    for (const { id } of waiting) c.consensus.setMessage(id, 'submitted', task);
  });
  await post(c, task, patientRegistry.address, data);
  await c.reached('consensus: patients submitted');
  return waiting.length;
}

/** As many of the oldest as one transaction can carry. */
function fitting(waiting: readonly WaitingMessage[]): WaitingMessage[] {
  let left = MESSAGES_PER_BATCH;
  return waiting.filter(({ message }) => {
    left -= weightOf(message);
    return left >= 0;
  });
}

/** Shuffled by patient, so that nobody reads who came first; a patient's own messages keep their order. */
function shuffledByPatient(c: Components, waiting: readonly WaitingMessage[]): WaitingMessage[] {
  const byPatient = new Map<string, WaitingMessage[]>();
  for (const item of waiting) {
    const key = item.message.patientId;
    byPatient.set(key, [...(byPatient.get(key) ?? []), item]);
  }
  return shuffled([...byPatient.values()], c.random).flat();
}

/** Looks which submitted batches are final and which of their items were refused there. */
export async function confirmPatients(c: Components): Promise<number> {
  let confirmed = 0;
  for (const task of c.consensus.openTasks()) {
    const row = c.sender.receiptOf(task);
    if (row === undefined) {
      await resend(c, task);
      continue;
    }
    if (
      row.state !== 'final' ||
      row.inclusion === undefined ||
      c.seen.final() < row.inclusion.block
    )
      continue;
    const refused = c.consensus.refusedItems(row.inclusion.hash);
    const inOrder = task.split(' ').slice(1).map(Number);
    c.db.transaction(() => {
      inOrder.forEach((id, index) => {
        const reason = refused.get(index);
        c.consensus.setMessage(id, reason === undefined ? 'applied' : 'refused', reason ?? task);
        if (reason !== undefined) c.log('patient message refused', { reason });
      });
    });
    confirmed += inOrder.length;
  }
  return confirmed;
}

/** The chain refused an item of a batch: noted under its transaction. */
export function noteRefused(c: Components, tx: Hex, index: number, selector: Hex): void {
  const { patientRegistry, consents } = c.contracts;
  const reason =
    [patientRegistry, consents].map(({ abi }) => abi.getError(selector)?.name).find(Boolean) ??
    selector;
  c.consensus.addRefusedItem(tx, index, reason);
}

/** Stopped between journal and sending: the same task gives the same transaction. */
async function resend(c: Components, task: string): Promise<void> {
  const { patientRegistry } = c.contracts;
  const messages = new Map(c.consensus.submittedMessages(task).map((item) => [item.id, item]));
  const items = task
    .split(' ')
    .slice(1)
    .flatMap((id) => messages.get(Number(id))?.message ?? []);
  const data = patientRegistry.encode('submitBatch', [
    items.map(({ kind, words, signature }) => ({ kind, words, signature })),
  ]);
  await post(c, task, patientRegistry.address, data);
}
