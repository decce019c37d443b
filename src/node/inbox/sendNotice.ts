import { kemKeyHash } from '../../crypto/derivations.ts';
import { kemPublicKeyOf } from '../../crypto/hpkeSealing.ts';
import { sealNotice } from '../../crypto/inboxSeal.ts';
import type { Hex } from '../../hash/bytes.ts';
import { MessageType } from '../../wire/envelope.ts';
import { type Notice } from '../../wire/inboxMessages.ts';
import { encodeMessage } from '../../wire/messages.ts';
import type { Components } from '../components.ts';

/** A notice to a patient: sealed to her inbox key, into her inbox here and on the nodes of hers that this node knows. */

export interface InboxesOf {
  /** Her inbox key as a registry writes KEM keys; undefined where this node was never given one. */
  readonly key: Hex | undefined;
  readonly nodes: readonly Hex[];
}

/**
 * Seals a notice; the returned function puts it into the inboxes, within the transaction of what it tells of.
 * @param id 32 bytes; the same id is the same item on all nodes
 */
export async function preparedNotice(
  c: Components,
  patientId: Hex,
  id: Hex,
  { key, nodes }: InboxesOf,
  content: Notice,
): Promise<() => void> {
  if (key === undefined) {
    return () => c.log('no inbox key, notice not sent', { kind: content.kind });
  }
  const { nodeId: from, network } = c.self;
  const address = { networkId: network.networkId, patientId, from, id };
  const sealed = await sealNotice(key, address, content);
  const body = encodeMessage({ patientId, id, sealed });
  return () => {
    c.inbox.add({ patientId, from, id, arrived: c.now(), sealed });
    for (const node of new Set(nodes))
      if (node !== from && c.nodes.byId(node)?.state === 'admitted')
        c.courier.send(node, MessageType.InboxItem, body);
  };
}

/** What this node knows of an enrolled patient's inbox: the key counts only while the chain shows its hash. */
export function inboxOf(c: Pick<Components, 'inbox' | 'self'>, patientId: Hex): InboxesOf {
  const { key, hash } = c.inbox.key(patientId);
  const stands = key !== undefined && kemKeyHash(kemPublicKeyOf(key)) === hash;
  return { key: stands ? key : undefined, nodes: [c.self.nodeId] };
}
