import type { Hex } from '../../hash/bytes.ts';
import type { Components } from '../components.ts';
import { post } from '../post.ts';
import { queueDeliveries } from './sendDeliveries.ts';
import type { TableKeeper } from './table.ts';

/** A standby takes over when the oldest request stays unsealed for longer than T; the first consensus node needs no wait. */

/** Whether a take-over was sent. */
export async function takeOver(c: Components): Promise<boolean> {
  const active = c.active();
  if (active?.nodeId === c.self.nodeId) return false;
  const term = (active?.term ?? 0) + 1;
  if (active !== undefined && !isOverdue(c) && !isOut(c, active.nodeId)) return false;
  if (active === undefined && !isFirst(c)) return false;
  const { exchange } = c.contracts;
  const task = `take over term ${term}`;
  if (c.sender.receiptOf(task) !== undefined) return false; // on its way
  const posted = await post(c, task, exchange.address, exchange.encode('takeOver', [term]));
  if (posted === 'sent') c.log('takes over', { term });
  return posted === 'sent';
}

/** The contract lets a standby replace a suspended or removed consensus node without a wait. */
const isOut = (c: Components, nodeId: Hex): boolean => c.nodes.byId(nodeId)?.state !== 'admitted';

function isOverdue(c: Components): boolean {
  const [oldest] = c.seen.openRequests();
  if (oldest === undefined) return false;
  const since = Math.max(oldest.time, c.active()?.since ?? 0);
  return c.now() > since + c.windows.takeOverSeconds;
}

/** The consensus node that was admitted first begins the first term. */
function isFirst(c: Components): boolean {
  const [first] = c.nodes
    .all()
    .filter((node) => node.role === 'consensus' && node.state === 'admitted');
  return first?.nodeId === c.self.nodeId;
}

/**
 * A new term: what was prepared under an older one is void; its transactions fail by themselves. The new consensus node
 * delivers anew what is sealed and not settled: holders take a list once.
 */
export function startTerm(c: Components, table: TableKeeper, term: number): void {
  for (const pending of c.consensus.pendingChanges())
    if (pending.term < term) c.consensus.setChange(pending.id, 'void');
  if (c.active()?.nodeId !== c.self.nodeId) return;
  for (const change of c.consensus.sealsFrom(c.seen.lastSettled() + 1))
    queueDeliveries(c, table, change);
}
