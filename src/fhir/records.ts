import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import { utf8 } from '../hash/bytes.ts';
import { categoryOf, isContextType, type Category } from './categories.ts';
import { contextFinder } from './context.ts';
import { encounterFinder } from './encounters.ts';
import { eventTimeOf } from './eventTime.ts';
import { stringifyExact } from './exactJson.ts';
import { objectsOf } from './json.ts';
import { indexReferences, type ReferenceIndex } from './references.ts';
import { sensitivityOfAll } from './sensitivity.ts';

/** All resources of one encounter and one category (`messages.md` 4). */
export interface FhirRecord {
  readonly category: Category;
  /** Sorted labels, empty for a record that is not sensitive. */
  readonly sensitivity: readonly string[];
  /** Sorted types of the content, without the context that is copied beside it. */
  readonly resourceTypes: readonly string[];
  /** Unix seconds, 0 when nothing is dated. */
  readonly eventFrom: number;
  readonly eventTo: number;
  /** Address of the encounter; missing for content without one. */
  readonly encounter?: string;
  /** FHIR `collection` Bundle: content and context in the order of the submitted bundle. */
  readonly bundle: Bundle;
  /** UTF-8 JSON of `bundle`; the same submission gives the same bytes. */
  readonly body: Uint8Array;
  readonly mediaType: 'application/fhir+json';
}

export interface GroupOptions {
  /** Bundle of organisations and practitioners, to complete the context of what refers to them. */
  readonly directory?: Bundle;
}

/**
 * Groups a validated bundle into records, in the order of their first resource. Every resource is content of
 * exactly one record, or context of all that refer to it; context that nothing refers to is content too, so
 * nothing is lost. A patient summary (IPS document) is one record of category emergency-summary.
 */
export function groupRecords(bundle: Bundle, { directory }: GroupOptions = {}): FhirRecord[] {
  const own = bundle.entry ?? [];
  const index = indexReferences({ entry: [...own, ...(directory?.entry ?? [])] });
  const patient = own.findIndex(({ resource }) => resource?.resourceType === 'Patient');
  const context = contextFinder(index, patient === -1 ? undefined : patient);
  const groups = grouping();
  if (isSummary(bundle)) addSummary(groups, own);
  else addContent(groups, own, index);
  const inContext = new Set(groups.all().flatMap(({ content }) => context.contextOf(content)));
  for (const [position, { resource }] of own.entries()) {
    if (resource === undefined || !isContextType(resource.resourceType) || inContext.has(position))
      continue;
    groups.add(categoryOf(resource), undefined, position);
  }
  return groups
    .all()
    .map((group) => recordOf(group, context.contextOf(group.content), index, bundle));
}

interface Group {
  readonly category: Category;
  readonly encounter: string | undefined;
  /** Positions in the submitted bundle. */
  readonly content: number[];
}

interface Grouping {
  add(category: Category, encounter: string | undefined, position: number): void;
  all(): Group[];
}

function grouping(): Grouping {
  const groups = new Map<string, Group>();
  return {
    add(category, encounter, position) {
      const key = `${category} ${encounter ?? ''}`;
      const group = groups.get(key) ?? { category, encounter, content: [] };
      group.content.push(position);
      groups.set(key, group);
    },
    all: () => [...groups.values()],
  };
}

function addContent(groups: Grouping, own: readonly BundleEntry[], index: ReferenceIndex): void {
  const encounters = encounterFinder(index);
  for (const [position, { resource }] of own.entries()) {
    if (resource === undefined || isContextType(resource.resourceType)) continue;
    groups.add(categoryOf(resource), encounters.encounterOf(position), position);
  }
}

/** LOINC: Patient summary Document, and its older twin. */
const SUMMARY_CODES = new Set(['60591-5', '60592-3']);

function isSummary({ type, entry }: Bundle): boolean {
  const first = entry?.[0]?.resource;
  if (type !== 'document' || first?.resourceType !== 'Composition') return false;
  return objectsOf(first.type.coding).some(({ code }) => SUMMARY_CODES.has(String(code)));
}

function addSummary(groups: Grouping, own: readonly BundleEntry[]): void {
  for (const [position, { resource }] of own.entries()) {
    if (resource !== undefined && !isContextType(resource.resourceType)) {
      groups.add('emergency-summary', undefined, position);
    }
  }
}

function recordOf(
  group: Group,
  context: readonly number[],
  index: ReferenceIndex,
  source: Bundle,
): FhirRecord {
  const content = resourcesAt(group.content, index);
  const positions = [...new Set([...group.content, ...context])].sort((a, b) => a - b);
  const { eventFrom, eventTo } = eventTimeOf(content);
  const security = source.meta?.security;
  const bundle: Bundle = {
    resourceType: 'Bundle',
    ...(security === undefined ? {} : { meta: { security } }),
    type: 'collection',
    entry: positions.map((position) => entryAt(position, index)),
  };
  return {
    category: group.category,
    sensitivity: sensitivityOfAll(resourcesAt(positions, index), security),
    resourceTypes: [...new Set(content.map(({ resourceType }) => resourceType))].sort(),
    eventFrom,
    eventTo,
    ...(group.encounter === undefined ? {} : { encounter: group.encounter }),
    bundle,
    body: utf8(stringifyExact(bundle)),
    mediaType: 'application/fhir+json',
  };
}

function resourcesAt(positions: readonly number[], index: ReferenceIndex): Resource[] {
  return positions.flatMap((position) => index.entries[position]?.resource ?? []);
}

/** The entry without `request`, which a collection may not have; the resource itself is the submitted object. */
function entryAt(position: number, index: ReferenceIndex): BundleEntry {
  const { fullUrl, resource } = index.entries[position] ?? {};
  return {
    ...(fullUrl === undefined ? {} : { fullUrl }),
    ...(resource === undefined ? {} : { resource }),
  };
}
