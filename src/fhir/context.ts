import { isContextType } from './categories.ts';
import { referencesWithin, type ReferenceIndex } from './references.ts';

export interface ContextFinder {
  /** Positions of all context entries that the entries at `positions` refer to, directly or through context; ascending. */
  contextOf(positions: Iterable<number>): number[];
}

/** The Patient belongs to the context of everything. */
export function contextFinder(index: ReferenceIndex, patient: number | undefined): ContextFinder {
  const direct = new Map<number, readonly number[]>();
  const contextAt = (position: number): readonly number[] => {
    let found = direct.get(position);
    if (found === undefined) {
      const entry = index.entries[position];
      found = referencesWithin(entry?.resource)
        .map(({ reference }) => index.find(reference, entry?.fullUrl))
        .filter((target) => target !== undefined)
        .filter((target) => isContextType(index.entries[target]?.resource?.resourceType ?? ''));
      direct.set(position, found);
    }
    return found;
  };
  return {
    contextOf(positions) {
      const met = new Set<number>(patient === undefined ? [] : [patient]);
      const waiting = [...positions, ...met];
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        for (const target of contextAt(next)) {
          if (!met.has(target)) {
            met.add(target);
            waiting.push(target);
          }
        }
      }
      return [...met].sort((a, b) => a - b);
    },
  };
}
