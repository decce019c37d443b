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
  /** `RecordLocator` moved from one root to the next. */
  moved(prevRoot: Hex, newRoot: Hex): void;
  /** Applies, in order, the changes behind the chain's moves as far as they are here; says which. */
  catchUp(): TableChange[];
  /** Whether the chain has moved on and the change behind it is not here. */
  isBehind(): boolean;
  /** Reads the journal anew: what a failed transaction had changed is gone. */
  reload(): void;
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
    moved: (prevRoot, newRoot) => c.consensus.addMove(prevRoot, newRoot),
    catchUp() {
      const applied: TableChange[] = [];
      for (;;) {
        const next = c.consensus.nextMove();
        const change = next && c.consensus.unapplied(next.prevRoot, next.newRoot);
        if (next === undefined || change === undefined || table.root !== next.prevRoot)
          return applied;
        // What was there before is read now: a standby may have got the change before it saw the one ahead of it.
        const before = change.after.flatMap(({ patientId }) => table.entries.get(patientId) ?? []);
        c.db.transaction(() => {
          c.consensus.putEntries(change.after);
          c.consensus.applyChange(change.id, before);
          for (const { patientId, leaf } of change.after) {
            c.seen.setRelationsApplied(patientId, leaf.relationsSeq);
          }
          c.consensus.dropMove(next.place);
        });
        table = withEntries(table, change.after);
        applied.push({ ...change, before, state: 'applied' });
      }
    },
    isBehind: () => c.consensus.nextMove() !== undefined,
    reload() {
      table = tableOf(c.consensus.entries());
    },
  };
}
