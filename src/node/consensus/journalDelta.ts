import { CarelatticeError, messageOf } from '../../errors.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import type { TableChange } from '../../journal/consensusTables.ts';
import { MessageType } from '../../wire/envelope.ts';
import { decodeMessage, encodeMessage, journalDelta } from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { listsOf } from './changeTable.ts';

/** The standbys are told of a change of the table before it is posted. */

/** Tells the standbys; goes on when one has acknowledged, when there is none, or, with an alarm, after two rounds. */
export async function announceChange(c: Components, change: TableChange): Promise<boolean> {
  await c.reached('consensus: seal prepared');
  const standbys = standbysOf(c);
  const body = encodeMessage(deltaOf(c, change));
  const silent: KnownNode[] = [];
  for (const standby of standbys) {
    try {
      await c.courier.request(standby.nodeId, MessageType.JournalDelta, body);
    } catch (error) {
      silent.push(standby);
      c.log('standby did not acknowledge', { node: standby.name, reason: messageOf(error) });
    }
  }
  await c.reached('consensus: delta queued');
  const isAlone = silent.length > 0 && silent.length === standbys.length;
  if (isAlone && c.now() < change.preparedAt + 2 * c.windows.roundSeconds) return false;
  // A standby that is down gets it when it is back: without it, it could never follow the table again.
  for (const { nodeId } of silent) c.courier.send(nodeId, MessageType.JournalDelta, body);
  if (!isAlone) return true;
  c.holding.addAlarm(
    'standbyMissing',
    change.seal?.from ?? 0,
    'sealed without a standby that has the journal',
    c.self.nodeId,
  );
  return true;
}

/** The other consensus nodes. */
export const standbysOf = (c: Pick<Components, 'nodes' | 'self'>): KnownNode[] =>
  c.nodes
    .all()
    .filter(
      (node) =>
        node.role === 'consensus' && node.state === 'admitted' && node.nodeId !== c.self.nodeId,
    );

function deltaOf(c: Components, change: TableChange): object {
  const { kind, term, prevRoot, newRoot, after, seal } = change;
  const range =
    seal === undefined ? [] : numbers(seal.from, seal.to).map((request) => ({ request }));
  const lists = listsOf(
    c,
    range.filter(({ request }) => !seal?.empty.includes(request)),
  ).map(({ author: _, ...list }) => list);
  return { kind, term, prevRoot, newRoot, after, seal, lists };
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** At a standby: keeps the change until the chain shows its root. */
export function takeJournalDelta(c: Components, body: Uint8Array): Uint8Array {
  const { lists, ...delta } = decodeMessage(journalDelta, body);
  c.db.transaction(() => {
    for (const list of lists) {
      const author = c.seen.request(list.request)?.nodeId;
      if (author === undefined) {
        throw new CarelatticeError('RequestUnknown', 'this storage request is not final here yet', {
          retryable: true,
        });
      }
      c.consensus.addRecordList(list.request, author, list);
    }
    if (!c.consensus.isKnownChange(delta)) {
      c.consensus.addChange({ ...delta, before: [], state: 'sent', preparedAt: c.now() });
    }
  });
  return encodeMessage({ taken: true });
}
