import type { Components } from '../components.ts';
import { post } from '../post.ts';

/** A standby takes over when the oldest request stays unsealed for longer than T; the first consensus node needs no wait. */

/** Whether a take-over was sent. */
export async function takeOver(c: Components): Promise<boolean> {
  const active = c.active();
  if (active?.nodeId === c.self.nodeId) return false;
  const term = (active?.term ?? 0) + 1;
  if (active !== undefined && !isOverdue(c)) return false;
  if (active === undefined && !isFirst(c)) return false;
  const { exchange } = c.contracts;
  await post(c, `take over term ${term}`, exchange.address, exchange.encode('takeOver', [term]));
  c.log('takes over', { term });
  return true;
}

function isOverdue(c: Components): boolean {
  const [oldest] = c.seen.openRequests();
  return oldest !== undefined && c.now() > oldest.time + c.windows.takeOverSeconds;
}

/** The consensus node that was admitted first begins the first term. */
function isFirst(c: Components): boolean {
  const [first] = c.nodes.all().filter((node) => node.role === 'consensus' && node.state === 'admitted');
  return first?.nodeId === c.self.nodeId;
}

/** A new term: what this node prepared under an older one is void; its own transactions of that term fail by themselves. */
export function startTerm(c: Components, term: number): void {
  const pending = c.consensus.pendingChange();
  if (pending !== undefined && pending.term < term) c.consensus.setChange(pending.id, 'void');
}
