import type { SealedList } from '../../domain/deliveries.ts';
import type { TableChange } from '../../journal/consensusTables.ts';
import type { Components } from '../components.ts';

/** A change of the table is journaled, then told to the standbys, then posted: in this order, so that none is lost. */

export function changeTable(
  c: Components,
  change: Omit<TableChange, 'id' | 'state' | 'preparedAt' | 'before'>,
): TableChange {
  return c.consensus.addChange({ ...change, before: [], state: 'prepared', preparedAt: c.now() });
}

/** The round's record lists; a request without one, or with a patient whom the author does not serve, is sealed empty. */
export function listsOf(c: Components, round: readonly { request: number }[]): SealedList[] {
  return round.flatMap(({ request }) => {
    const list = c.consensus.recordList(request);
    const author = c.seen.request(request)?.nodeId;
    return list === undefined || author === undefined ? [] : [{ ...list, author }];
  });
}
