import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import type { KnownNode } from '../domain/knownNode.ts';
import type { Components } from './components.ts';

/** Who may send what: the courier proves the sender, its role decides whether this node listens. */

/** Nodes that answer presence queries and settle. */
export const ANSWERING: readonly KnownNode['role'][] = ['recording', 'index'];
/** Nodes that deliver, prove and hand over the journal, active or not: a delivery may come late. */
export const CONSENSUS: readonly KnownNode['role'][] = ['consensus'];

/** @throws `SenderNotEntitled` */
export function requireSender(
  c: Pick<Components, 'nodes'>,
  sender: Hex,
  roles: readonly KnownNode['role'][],
): void {
  const role = c.nodes.byId(sender)?.role;
  if (role !== undefined && roles.includes(role)) return;
  throw new CarelatticeError('SenderNotEntitled', 'a node of this role sends no such message', {
    facts: { sender, role: role ?? 'unknown' },
  });
}
