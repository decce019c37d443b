import type { Hex } from '../../hash/bytes.ts';
import type { OwnPatient } from '../../journal/holdingTables.ts';
import type { Components } from '../components.ts';

/**
 * A request may be sealed without its records: the consensus node went down with the list, or never got it. The author
 * sees it by its own delivery, which then names none of them, and requests the storage of those records again.
 */
export function requestAgain(c: Components): number {
  let again = 0;
  for (const { id, request } of c.author.unconfirmedBatches()) {
    const seal = c.seen.sealOf(request);
    const delivery = seal && c.holding.delivery(seal.from);
    if (delivery === undefined || delivery.state === 'receiving') continue;
    const lost = c.author
      .recordsOf(id)
      .filter(({ erased }) => erased !== true)
      // One that is known under another anchor can never be held.
      .filter(({ recordId }) => c.holding.heldById(recordId) === undefined)
      // A patient who has withdrawn since gets nothing more stored here; and what this node may write but not hold is
      // never in its own delivery.
      .filter(({ patientId, handle }) => mayHold(c.holding.patient(patientId), handle));
    c.db.transaction(() => {
      c.author.confirmBatch(id);
      if (lost.length === 0) return;
      c.author.releaseRecords(lost.map(({ anchor }) => anchor));
      c.holding.addAlarm(
        'sealedWithoutRecords',
        request,
        `${lost.length} records are requested again`,
        c.self.nodeId,
      );
    });
    again += lost.length;
  }
  return again;
}

const mayHold = (patient: OwnPatient | undefined, handle: Hex): boolean =>
  patient?.state === 'enrolled' && patient.relation.handles.includes(handle);
