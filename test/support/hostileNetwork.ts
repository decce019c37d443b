import type { Hex } from '../../src/hash/bytes.ts';
import { fromHex, toHex } from '../../src/hash/bytes.ts';
import type { LocalNetwork, LocalNode } from '../../src/localnet/network.ts';
import type { DeliveryChecks } from '../../src/node/holding/deliveryChecks.ts';
import { deliveryChecks } from '../../src/node/holding/deliveryChecks.ts';
import {
  decodeMessage,
  type DeliveryList,
  deliveryList,
  deliveryPart,
  encodeMessage,
} from '../../src/wire/messages.ts';
import { activeNode } from './edgeNetwork.ts';

/** Liars in a small network: a consensus node that alters what it says, a holder with one check taken out. */

/** Puts another function in a method's place; returns what puts it back. */
export function replaced<T extends object, K extends keyof T>(
  target: T,
  name: K,
  lie: (honest: T[K]) => T[K],
): () => void {
  const honest = target[name];
  target[name] = lie(honest);
  return () => {
    target[name] = honest;
  };
}

/** The active consensus node alters the delivery lists of one node, until the returned function is called. */
export function lieInDeliveries(
  network: LocalNetwork,
  receiver: Hex,
  lie: (list: DeliveryList) => DeliveryList,
): () => void {
  const { consensus } = activeNode(network).open.components;
  return replaced(consensus, 'queuePart', (honest) => (nodeId, body) => {
    const part = decodeMessage(deliveryPart, fromHex(body));
    if (nodeId !== receiver) return honest(nodeId, body);
    if (part.parts !== 1) throw new Error('this liar knows short lists only');
    const list = lie(decodeMessage(deliveryList, fromHex(part.bytes)));
    const bytes = toHex(encodeMessage(list));
    honest(nodeId, toHex(encodeMessage({ ...part, bytes })));
  });
}

/** The checks with these taken out. */
export const withoutChecks = (...names: (keyof DeliveryChecks)[]): DeliveryChecks => ({
  ...deliveryChecks,
  ...Object.fromEntries(names.map((name) => [name, () => undefined])),
});

export async function restartWithout(
  node: LocalNode,
  ...names: (keyof DeliveryChecks)[]
): Promise<void> {
  await node.stop();
  await node.start({ checks: withoutChecks(...names) });
}

/** Flips the lowest bit of the last byte. */
export function flipped(value: Hex): Hex {
  const bytes = fromHex(value);
  const last = bytes.length - 1;
  return toHex(bytes.map((byte, i) => (i === last ? byte ^ 1 : byte)));
}
