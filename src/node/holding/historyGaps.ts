import { fold, type HistoryState, NO_HISTORY } from '../../domain/sharingTable.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { HeldRecord } from '../../journal/holdingTables.ts';
import type { DeliveryList } from '../../wire/messages.ts';
import type { Components } from '../components.ts';

/**
 * Lists of one patient build on each other, but messages may overtake each other, and a node that was suspended gets no
 * list at all. A list that begins behind what this node knows waits for the earlier ones, then is taken with a gap.
 */

type PatientPart = DeliveryList['patients'][number];
type Keeper = Pick<Components, 'holding' | 'nodes' | 'self' | 'now'>;

/** Seconds a list waits for an earlier one: a sender's longest back-off is a minute. */
const PATIENCE = 300;
/** Seconds after which a message that did not come will not come. */
const WEEK = 7 * 86_400;

export const toldBefore = (patient: PatientPart, handle: Hex): HistoryState =>
  patient.beforeHandles.find((state) => state.handle === handle) ?? NO_HISTORY;

/** Whether a list of an earlier seal has not been taken here (yet). */
export function isEarlierMissing(c: Keeper, first: number): boolean {
  const since = Math.max(c.nodes.byId(c.self.nodeId)?.activeFrom ?? 0, c.now() - WEEK);
  return c.holding.isListMissing(first, since);
}

export function waitsForEarlier(
  c: Keeper,
  list: DeliveryList,
  first: number,
  arrived: number,
): boolean {
  if (c.now() >= arrived + PATIENCE) return false;
  const isAhead = list.patients.some((patient) =>
    patient.afterHandles.some(
      ({ handle }) =>
        toldBefore(patient, handle).count >
        (c.holding.history(patient.patientId, handle)?.count ?? 0),
    ),
  );
  return isAhead && isEarlierMissing(c, first);
}

/** Whether the old leaf counts records of a known handle that never came. */
export const isGap = (c: Pick<Components, 'holding'>, patient: PatientPart): boolean =>
  patient.afterHandles.some(({ handle }) => {
    const known = c.holding.history(patient.patientId, handle);
    return known !== undefined && toldBefore(patient, handle).count > known.count;
  });

/** What this node knows of the handle's history now; what was sealed before it was enrolled counts as missing. */
export function rememberHistory(
  c: Pick<Components, 'holding'>,
  patient: PatientPart,
  handle: Hex,
  due: readonly HeldRecord[],
): void {
  const own = due.filter((record) => record.handle === handle);
  const told = toldBefore(patient, handle);
  const known = c.holding.history(patient.patientId, handle) ?? { ...NO_HISTORY, missing: 0 };
  const isLate = told.count < known.count;
  c.holding.setHistory(
    patient.patientId,
    handle,
    isLate
      ? { ...known, missing: known.missing - own.length }
      : { ...fold(told, own), missing: known.missing + told.count - known.count },
  );
}
