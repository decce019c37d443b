import type { Bundle, BundleEntry } from '@medplum/fhirtypes';
import { objectsOf, objectsWithin, textOf, type JsonObject } from './json.ts';

/** Finds entries by what a reference says. */
export interface ReferenceIndex {
  /**
   * The position of the entry a literal or conditional reference means, or undefined when the bundle does
   * not hold it. References to contained resources (`#x`) mean no entry.
   * @param from the `fullUrl` of the entry that refers: a relative reference is read against it first
   */
  find(reference: string, from?: string): number | undefined;
  readonly entries: readonly BundleEntry[];
}

interface RestPath {
  /** What stands before `Type/id`: empty for a relative reference. */
  readonly base: string;
  readonly type: string;
  readonly id: string;
}

/** Splits `https://host/fhir/Patient/1`. By hand, since a hostile address may be a megabyte long. */
function restPath(address: string): RestPath | undefined {
  const last = address.lastIndexOf('/');
  const id = address.slice(last + 1);
  const start = address.lastIndexOf('/', last - 1) + 1;
  const type = address.slice(start, last);
  if (last < 1 || type.length > 64 || !/^[A-Z][A-Za-z]+$/.test(type)) return undefined;
  if (id.length > 64 || !/^[A-Za-z0-9\-.]+$/.test(id)) return undefined;
  return { base: address.slice(0, start), type, id };
}

/** The first entry wins where two claim one address; `validateBundle` refuses such a bundle. */
export function indexReferences(bundle: Pick<Bundle, 'entry'>): ReferenceIndex {
  const entries = bundle.entry ?? [];
  const byUrl = new Map<string, number>();
  const byTypeAndId = new Map<string, number>();
  const byIdentifier = new Map<string, number>();
  const put = (map: Map<string, number>, key: string, position: number): void => {
    if (!map.has(key)) map.set(key, position);
  };
  entries.forEach(({ fullUrl, resource }, position) => {
    if (fullUrl !== undefined) {
      put(byUrl, fullUrl, position);
      const rest = restPath(fullUrl);
      if (rest !== undefined) put(byTypeAndId, `${rest.type}/${rest.id}`, position);
    }
    if (resource === undefined) return;
    if (resource.id !== undefined)
      put(byTypeAndId, `${resource.resourceType}/${resource.id}`, position);
    for (const { system, value } of identifiersOf(resource)) {
      put(byIdentifier, `${resource.resourceType}?identifier=${system}|${value}`, position);
    }
  });
  return {
    entries,
    find(reference, from) {
      if (reference.startsWith('#')) return undefined;
      const literal = reference.replace(/\/_history\/[^/]*$/, '').replace(/#.*$/, '');
      const base = from === undefined ? undefined : restPath(from)?.base;
      return (
        (base === undefined ? undefined : byUrl.get(base + literal)) ??
        byUrl.get(literal) ??
        byTypeAndId.get(literal) ??
        byIdentifier.get(reference)
      );
    },
  };
}

/** System and value of each identifier that has both. */
export function identifiersOf(resource: object): { system: string; value: string }[] {
  return objectsOf((resource as JsonObject)['identifier']).flatMap(({ system, value }) =>
    typeof system === 'string' && typeof value === 'string' ? [{ system, value }] : [],
  );
}

/** The text of a Reference, if `value` is one. */
export function referenceOf(value: unknown): string | undefined {
  return textOf(objectsOf(value)[0]?.['reference']);
}

/** Every literal reference and attachment address within `resource`, in document order. */
export function referencesWithin(resource: unknown): { reference: string; path: string }[] {
  const found: { reference: string; path: string }[] = [];
  for (const { value, path } of objectsWithin(resource)) {
    const reference = textOf(value['reference']);
    if (reference !== undefined) found.push({ reference, path: `${path}.reference` });
  }
  return found;
}

/** The resource type that the text of a reference names, or undefined for `urn:` and `#` references. */
export function typeNamedBy(reference: string): string | undefined {
  const path = reference.replace(/\/_history\/[^/]*$/, '').split('?')[0] ?? '';
  if (reference.includes('?')) return path.split('/').at(-1);
  return restPath(path)?.type;
}
