import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';

/** Something that people call by its name: a node or reader of the chain's directory, or a folder of this machine. */
export interface Named {
  readonly name: string;
  /** Undefined when its folder does not tell. */
  readonly nodeId?: Hex | undefined;
  readonly state?: 'admitted' | 'suspended' | 'removed';
}

const NODE_ID = /^0x[0-9a-f]{64}$/i;

/**
 * The one node that a person means by a name or by an id (0x and 64 hex digits). The consortium does not keep names
 * apart, so a name that several bear means none of them; one that was removed does not stand in another's way.
 * @throws `NodeUnknown` with the names that there are, `NameAmbiguous` with the ids of those that bear it
 */
export function nodeNamed<T extends Named>(
  nodes: Iterable<T>,
  given: string,
  problem = 'there is no such node; take one of those there are',
): T {
  const there = [...nodes];
  const isMeant = NODE_ID.test(given)
    ? ({ nodeId }: T) => nodeId === given.toLowerCase()
    : ({ name }: T) => name === given;
  const bearers = there.filter(isMeant);
  const present = bearers.filter(({ state }) => state !== 'removed');
  const [found, ...others] = present.length > 0 ? present : bearers;
  if (found === undefined) {
    throw new CarelatticeError('NodeUnknown', problem, {
      facts: { given, there: there.map(({ name }) => name) },
    });
  }
  if (others.length === 0) return found;
  throw new CarelatticeError(
    'NameAmbiguous',
    'several bear this name; find out which of them is meant and give its id, 0x and 64 hex digits',
    { facts: { name: given, ids: [found, ...others].map(({ nodeId }) => nodeId ?? 'not told') } },
  );
}
