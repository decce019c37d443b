import {
  type SharingTable,
  tableOf,
  withEntries,
  withoutChange,
} from '../../domain/sharingTable.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { TableChange } from '../../journal/consensusTables.ts';
import type { Components } from '../components.ts';

/** The sharing table in memory, on its way along with the chain's root. */
export interface TableKeeper {
  current(): SharingTable;
  /** The table under an earlier root, if its changes are still journaled. */
  under(root: Hex): SharingTable | undefined;
  /** `RecordLocator` moved from one root to the next: applies the change that leads there. */
  follow(prevRoot: Hex, newRoot: Hex): TableChange | undefined;
}

/** How many changes back a table can be rebuilt. */
const DEPTH = 64;

export function keepTable(c: Pick<Components, 'consensus' | 'seen' | 'db' | 'log'>): TableKeeper {
  let table = tableOf(c.consensus.entries());
  return {
    current: () => table,
    under(root) {
      let at = table;
      for (let step = 0; step < DEPTH && at.root !== root; step++) {
        const change = c.consensus.changeTo(at.root);
        if (change === undefined) return undefined;
        at = withoutChange(at, change.before, change.after);
      }
      return at.root === root ? at : undefined;
    },
    follow(prevRoot, newRoot) {
      const change = c.consensus.unapplied(prevRoot, newRoot);
      if (change === undefined || table.root !== prevRoot) {
        c.log('sharing table lost', { prevRoot, newRoot, own: table.root });
        return undefined;
      }
      // What was there before is read now: a standby may have got the change before it saw the one ahead of it.
      const before = change.after.flatMap(({ patientId }) => table.entries.get(patientId) ?? []);
      c.db.transaction(() => {
        c.consensus.putEntries(change.after);
        c.consensus.applyChange(change.id, before);
        for (const { patientId, leaf } of change.after)
          c.seen.setRelationsApplied(patientId, leaf.relationsSeq);
      });
      table = withEntries(table, change.after);
      return { ...change, before, state: 'applied' };
    },
  };
}
