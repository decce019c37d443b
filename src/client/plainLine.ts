import type { KnownNode } from '../domain/knownNode.ts';
import type { Hex } from '../hash/bytes.ts';
import { plainLine } from '../wire/plainLine.ts';

export { plainLine, steerless } from '../wire/plainLine.ts';

/** Names as a sentence lists them. */
export const listed = (names: readonly string[]): string =>
  names.length < 2
    ? names.join()
    : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;

/** A node's name as it is shown: the registry limits no more than its length. */
export const shownName = ({ nodeId, name }: Pick<KnownNode, 'nodeId' | 'name'>): string =>
  plainLine(name) || nodeId;

/** The name of a node that may be none of the network: then its id. */
export function nameIn(nodes: ReadonlyMap<Hex, KnownNode>, nodeId: Hex): string {
  const node = nodes.get(nodeId);
  return node === undefined ? nodeId : shownName(node);
}
