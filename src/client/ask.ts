import { openAnswer, sealQuestion } from '../crypto/clientSeal.ts';
import { kemPublicKeyOf } from '../crypto/hpkeSealing.ts';
import type { KnownNode } from '../domain/knownNode.ts';
import type { Hex } from '../hash/bytes.ts';

/** Carries a sealed question to a node's client door and brings the sealed answer. */
export interface ClientTransport {
  ask(node: KnownNode, sealed: Uint8Array): Promise<Uint8Array>;
}

/** Asks one node. @throws the node's refusal under its own code */
export async function ask(
  transport: ClientTransport,
  networkId: Hex,
  node: KnownNode,
  type: number,
  body: Uint8Array,
): Promise<Uint8Array> {
  const { sealed, key } = await sealQuestion(
    kemPublicKeyOf(node.kemKey),
    { networkId, nodeId: node.nodeId },
    type,
    body,
  );
  return openAnswer(key, await transport.ask(node, sealed));
}
