import type { Resource } from '@medplum/fhirtypes';
import { isContextType } from './categories.ts';
import { isObject, objectsOf, objectsWithin, textOf, type JsonObject } from './json.ts';
import { identifiersOf, referenceOf, typeNamedBy, type ReferenceIndex } from './references.ts';

/** Encounters that a resource names itself, in its own order. */
function namedEncounters(resource: JsonObject): string[] {
  const context = resource['context'];
  return [
    ...objectsOf(resource['encounter']).map(referenceOf),
    // Medication events: a Reference; DocumentReference: an object with references.
    referenceOf(context),
    ...(isObject(context) ? objectsOf(context['encounter']).map(referenceOf) : []),
    ...objectsOf(resource['item']).flatMap((item) => objectsOf(item['encounter']).map(referenceOf)),
  ].filter((reference) => reference !== undefined);
}

/**
 * Members through which a resource without an encounter of its own takes that of another: a claim that of
 * its prescription, a benefit that of its claim, provenance that of its target, a part that of its whole.
 */
const FOLLOWED = [
  'target',
  'claim',
  'request',
  'prescription',
  'originalPrescription',
  'authorizingPrescription',
  'basedOn',
  'partOf',
];
const MAX_STEPS = 4;

export interface EncounterFinder {
  /**
   * Key of the encounter of the entry at `position`: the encounter entry's address, the reference as written
   * when the bundle does not hold it, or undefined without encounter.
   */
  encounterOf(position: number): string | undefined;
}

export function encounterFinder(index: ReferenceIndex): EncounterFinder {
  const holders = attachmentHolders(index);
  const find = (position: number, steps: number): string | undefined => {
    const entry = index.entries[position];
    const resource = entry?.resource;
    if (resource === undefined || steps > MAX_STEPS || isContextType(resource.resourceType))
      return undefined;
    if (resource.resourceType === 'Encounter') return addressOf(index, position);
    const unchecked = resource as unknown as JsonObject; // members differ by resource type
    for (const reference of namedEncounters(unchecked)) {
      const target = index.find(reference, entry?.fullUrl);
      if (target !== undefined && index.entries[target]?.resource?.resourceType === 'Encounter') {
        return addressOf(index, target);
      }
      // `context` of some types may name an episode of care instead.
      if (target === undefined && typeNamedBy(reference) === 'Encounter') return reference;
    }
    const holder = holders.get(position);
    if (holder !== undefined) return find(holder, steps + 1);
    for (const member of FOLLOWED) {
      for (const reference of objectsOf(unchecked[member]).map(referenceOf)) {
        const target = reference === undefined ? undefined : index.find(reference, entry?.fullUrl);
        const found = target === undefined ? undefined : find(target, steps + 1);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  return { encounterOf: (position) => find(position, 0) };
}

/** `fullUrl`, else `Type/id`, else the place in the bundle. */
export function addressOf(index: ReferenceIndex, position: number): string {
  const entry = index.entries[position];
  const resource: Resource | undefined = entry?.resource;
  if (entry?.fullUrl !== undefined) return entry.fullUrl;
  if (resource?.id !== undefined) return `${resource.resourceType}/${resource.id}`;
  const identifier = resource === undefined ? undefined : identifiersOf(resource)[0];
  if (identifier !== undefined)
    return `${resource?.resourceType}?identifier=${identifier.system}|${identifier.value}`;
  return `#${position}`;
}

/** Binary entry -> the entry that has it as attachment. */
function attachmentHolders(index: ReferenceIndex): ReadonlyMap<number, number> {
  const holders = new Map<number, number>();
  const binaries = index.entries.some(({ resource }) => resource?.resourceType === 'Binary');
  if (!binaries) return holders;
  index.entries.forEach(({ resource, fullUrl }, position) => {
    for (const { value } of objectsWithin(resource)) {
      const url = textOf(value['url']);
      const target = url === undefined ? undefined : index.find(url, fullUrl);
      if (target === undefined || holders.has(target)) continue;
      if (index.entries[target]?.resource?.resourceType === 'Binary') holders.set(target, position);
    }
  });
  return holders;
}
