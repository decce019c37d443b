import { withEntries, withRelations } from '../../domain/sharingTable.ts';
import type { TableChange } from '../../journal/consensusTables.ts';
import type { PatientEntry } from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { post, type Posted } from '../post.ts';
import { changeTable } from './changeTable.ts';
import type { TableKeeper } from './table.ts';

/** New relations that the chain shows enter the table once per round, by the same compare and swap as a seal. */

const PATIENTS_PER_CHANGE = 256;

export function prepareRelations(c: Components, table: TableKeeper): TableChange | undefined {
  const active = c.active();
  if (active?.nodeId !== c.self.nodeId || c.consensus.pendingChange() !== undefined)
    return undefined;
  const before = table.current();
  const after: PatientEntry[] = [];
  for (const { patientId, seq, digest } of c.seen.waitingRelations(PATIENTS_PER_CHANGE)) {
    const list = c.consensus.relationsMessage(digest)?.relations;
    if (list === undefined) continue; // the list went to another consensus node: it will come
    const relations = list.map(({ salt, nodeId, role, handles }) => ({
      salt,
      nodeId,
      role,
      handles,
    }));
    after.push(withRelations(before, patientId, relations, { seq, digest }, c.random));
  }
  if (after.length === 0) return undefined;
  return changeTable(c, {
    kind: 'relations',
    term: active.term,
    prevRoot: before.root,
    newRoot: withEntries(before, after).root,
    after,
  });
}

export async function applyRelationsOnChain(c: Components, change: TableChange): Promise<Posted> {
  const { locator } = c.contracts;
  const data = locator.encode('update', [change.prevRoot, change.newRoot, change.term]);
  return post(c, `relations in term ${change.term}: ${change.newRoot}`, locator.address, data);
}
