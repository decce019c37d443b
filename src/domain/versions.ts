import type { Hex } from '../hash/bytes.ts';
import type { RecordMessage } from '../wire/typedData.ts';
import { fold, type HistoryState, NO_HISTORY } from './sharingTable.ts';

/**
 * Which records of a history stand now: an author amends its own record by a new one that names the old one, or says
 * that it was in error. Nothing is taken away, so whoever offers an old version as the newest has to leave the new one
 * out, and the history's count and head, which stand under the anchored table, tell.
 */

/** One record in its place in the history of a handle. */
export interface HistoryItem {
  anchor: Hex;
  recordId: Hex;
  /** What its author signed; missing where it is erased or there is no key to it. */
  inner?: Pick<RecordMessage, 'author' | 'category' | 'status' | 'previousVersion'>;
}

/** The newest version of a record, with the ones that it replaces. */
export interface StandingRecord {
  recordId: Hex;
  anchor: Hex;
  /** Missing where the newest version cannot be read. */
  status?: string;
  /** Ids, newest first, itself included. */
  versions: Hex[];
}

export type HistoryFault =
  /** Fewer records than the table counts: something, perhaps a newer version, is left out. */
  | { kind: 'HistoryShort'; offered: number; proven: number }
  /** As many records or more, but not these. */
  | { kind: 'HistoryRewritten' }
  /** Two records say that they follow the same one: which is the newest cannot be told. */
  | { kind: 'VersionForked'; previous: Hex; versions: Hex[] }
  /** A record says that it follows one that is not before it in this history. */
  | { kind: 'VersionMissing'; recordId: Hex; previous: Hex }
  /** A record says that it follows one of another author or category; it stands for itself. */
  | { kind: 'VersionForeign'; recordId: Hex; previous: Hex };

export interface JudgedHistory {
  /** In the order of their newest versions. */
  standing: StandingRecord[];
  faults: HistoryFault[];
}

const NO_VERSION: Hex = `0x${'00'.repeat(16)}`;

/** Count and head that these records lead to, oldest first. */
const stateOf = (items: readonly HistoryItem[]): HistoryState => fold(NO_HISTORY, items);

function historyFaults(items: readonly HistoryItem[], proven: HistoryState): HistoryFault[] {
  const { count, historyHead } = stateOf(items);
  if (count === proven.count && historyHead === proven.historyHead) return [];
  return count < proven.count
    ? [{ kind: 'HistoryShort', offered: count, proven: proven.count }]
    : [{ kind: 'HistoryRewritten' }];
}

/** The earlier record that each record replaces, and what is wrong with what others say. */
function links(items: readonly HistoryItem[]): {
  previousOf: Map<Hex, Hex>;
  faults: HistoryFault[];
} {
  const seen = new Map<Hex, HistoryItem>();
  const previousOf = new Map<Hex, Hex>();
  const faults: HistoryFault[] = [];
  for (const item of items) {
    const { recordId, inner } = item;
    const previous = inner?.previousVersion ?? NO_VERSION;
    if (inner !== undefined && previous !== NO_VERSION) {
      // Only what comes before counts: no circle can be made.
      const old = seen.get(previous);
      if (old === undefined) faults.push({ kind: 'VersionMissing', recordId, previous });
      else if (old.inner !== undefined && !isOfOne(old.inner, inner))
        faults.push({ kind: 'VersionForeign', recordId, previous });
      else previousOf.set(recordId, previous);
    }
    seen.set(recordId, item);
  }
  return { previousOf, faults };
}

const isOfOne = (
  old: NonNullable<HistoryItem['inner']>,
  next: NonNullable<HistoryItem['inner']>,
): boolean => old.author === next.author && old.category === next.category;

/**
 * The records of one handle that stand now.
 * @param items all that is offered, oldest first, as the seals have them
 * @param proven count and head of the handle, as they stand under the anchored sharing table
 */
export function judgeHistory(items: readonly HistoryItem[], proven: HistoryState): JudgedHistory {
  const { previousOf, faults } = links(items);
  const followers = new Map<Hex, Hex[]>();
  for (const [recordId, previous] of previousOf)
    followers.set(previous, [...(followers.get(previous) ?? []), recordId]);
  const forks = [...followers].flatMap(([previous, versions]): HistoryFault[] =>
    versions.length > 1 ? [{ kind: 'VersionForked', previous, versions }] : [],
  );
  const standing = items
    .filter(({ recordId }) => !followers.has(recordId))
    .map(({ recordId, anchor, inner }) => ({
      recordId,
      anchor,
      ...(inner === undefined ? {} : { status: inner.status }),
      versions: chainOf(recordId, previousOf),
    }));
  return { standing, faults: [...historyFaults(items, proven), ...faults, ...forks] };
}

function chainOf(recordId: Hex, previousOf: ReadonlyMap<Hex, Hex>): Hex[] {
  const chain = [recordId];
  for (let at = previousOf.get(recordId); at !== undefined; at = previousOf.get(at)) chain.push(at);
  return chain;
}
