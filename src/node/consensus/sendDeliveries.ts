import { deliveryLists } from '../../domain/deliveries.ts';
import { cut, PARTS_PER_ROUND } from '../../domain/parts.ts';
import { CarelatticeError } from '../../errors.ts';
import { fromHex, toHex } from '../../hash/bytes.ts';
import type { TableChange } from '../../journal/consensusTables.ts';
import { MessageType } from '../../wire/envelope.ts';
import { encodeMessage } from '../../wire/messages.ts';
import { answeringNodes, type Components } from '../components.ts';
import { listsOf } from './changeTable.ts';
import type { TableKeeper } from './table.ts';

/** Step 4 of shared storage: every node gets a list of what it is to hold; most are empty, all look alike. */

export function queueDeliveries(c: Components, table: TableKeeper, change: TableChange): void {
  const { seal } = change;
  if (seal === undefined) return;
  const before = table.under(change.prevRoot);
  const after = table.under(change.newRoot);
  if (before === undefined || after === undefined) {
    throw new CarelatticeError(
      'TableLost',
      'the sharing table of this seal cannot be rebuilt; recover it from the nodes',
      {
        facts: { from: seal.from, to: seal.to },
      },
    );
  }
  const range = Array.from({ length: seal.to - seal.from + 1 }, (_, i) => ({
    request: seal.from + i,
  })).filter(({ request }) => !seal.empty.includes(request));
  for (const [nodeId, list] of deliveryLists(seal, listsOf(c, range), before, after)) {
    const parts = cut(encodeMessage(list));
    parts.forEach((bytes, part) => {
      const body = { from: seal.from, to: seal.to, part, parts: parts.length, bytes };
      c.consensus.queuePart(nodeId, toHex(encodeMessage(body)));
    });
  }
}

/** Sends this round's parts: to every node as many as the longest list needs, at most four. */
export async function sendParts(c: Components): Promise<number> {
  const each = Math.min(PARTS_PER_ROUND, c.consensus.longestQueue());
  if (each === 0) return 0;
  const nodes = answeringNodes(c);
  for (const { nodeId } of nodes) {
    c.db.transaction(() => {
      const queued = c.consensus.queuedParts(nodeId, each);
      for (const { id, body } of queued) {
        c.courier.send(nodeId, MessageType.DeliveryList, fromHex(body));
        c.consensus.dropPart(id);
      }
      for (let i = queued.length; i < each; i++) {
        c.courier.send(
          nodeId,
          MessageType.DeliveryList,
          encodeMessage({ from: 0, to: 0, part: 0, parts: 0, bytes: '0x' }),
        );
      }
    });
  }
  await c.reached('consensus: deliveries queued');
  return nodes.length * each;
}
