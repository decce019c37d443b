import type { KnownNode } from '../domain/knownNode.ts';
import type { Hex } from '../hash/bytes.ts';
import type { EdgeEvent } from './edgeEvents.ts';

/** The directory of nodes, event by event as `NodeRegistry` tells it. */

const ROLES: Record<number, KnownNode['role']> = {
  1: 'recording',
  2: 'consensus',
  3: 'index',
  4: 'reader',
  5: 'observer',
};

/** `NodeRegistry`'s number of a role. */
export const roleNumber = (role: KnownNode['role']): number =>
  Number(Object.entries(ROLES).find(([, name]) => name === role)?.[0] ?? 0);

/** The node that an event is about, as it is after the event; undefined for every other event. */
export function nodeAfter(
  event: EdgeEvent,
  known: (nodeId: Hex) => KnownNode | undefined,
): KnownNode | undefined {
  switch (event.name) {
    case 'NodeAdmitted': {
      const { nodeId, role, signingKey, position, kemKey, tlsKeyHash, name, endpoint, activeFrom } =
        event.args;
      const kind = ROLES[Number(role)];
      if (kind === undefined) return undefined; // a role of a later release: this one has no dealings with it
      return {
        nodeId,
        role: kind,
        name,
        account: signingKey,
        keyEpoch: 1,
        kemKey,
        kemKeyEpoch: 1,
        tlsKeyHash,
        endpoint,
        position: kind === 'recording' || kind === 'index' ? Number(position) : -1,
        state: 'admitted',
        activeFrom: Number(activeFrom),
        formerAccounts: [],
      };
    }
    case 'NodeSuspended':
      return changed(known(event.args.nodeId), { state: 'suspended' });
    case 'NodeResumed':
      return changed(known(event.args.nodeId), { state: 'admitted' });
    case 'NodeRemoved':
      return changed(known(event.args.nodeId), { state: 'removed' });
    case 'SigningKeyRotated': {
      const { nodeId, keyEpoch, oldKey, newKey } = event.args;
      const node = known(nodeId);
      const former = { keyEpoch: node?.keyEpoch ?? 0, account: oldKey };
      return changed(node, {
        account: newKey,
        keyEpoch: Number(keyEpoch),
        formerAccounts: [...(node?.formerAccounts ?? []), former],
      });
    }
    case 'KemKeyRotated': {
      const { nodeId, kemEpoch, kemKey } = event.args;
      return changed(known(nodeId), { kemKey, kemKeyEpoch: Number(kemEpoch) });
    }
    case 'EndpointSet': {
      const { nodeId, endpoint, tlsKeyHash } = event.args;
      return changed(known(nodeId), { endpoint, tlsKeyHash });
    }
    default:
      return undefined;
  }
}

const changed = (node: KnownNode | undefined, change: Partial<KnownNode>): KnownNode | undefined =>
  node && { ...node, ...change };
