import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import { concat, toHex, utf8 } from '../../hash/bytes.ts';
import { keccak256 } from '../../hash/keccak.ts';
import { parseExact, stringifyExact } from '../exactJson.ts';
import { objectsWithin, textOf, type JsonObject } from '../json.ts';
import { indexReferences, referencesWithin } from '../references.ts';

/** Resources of several bundles about one patient, brought together in one document with addresses of its own. */
export interface DocumentEntries {
  /** All resources as they were; bundles in the order given. */
  readonly found: readonly FoundResource[];
  /** The one patient: the first that the bundles hold. The others are taken for the same. */
  readonly patient: FoundResource | undefined;
  /** What a reference in `from` means. */
  resolve(reference: string, from: FoundResource): FoundResource | undefined;
  /**
   * Entries for `chosen` and all that they refer to. References are rewritten to the document's addresses; one that
   * leads nowhere keeps its text as an identifier.
   */
  entriesFor(chosen: readonly FoundResource[]): BundleEntry[];
}

export interface FoundResource {
  readonly resource: Resource;
  readonly fullUrl: string | undefined;
  readonly bundle: number;
  /** Address in the document: equal for the same resource in several bundles. */
  readonly url: string;
}

/** A UUID of version 8 (RFC 9562) from a digest of `parts`. */
export function derivedUuid(...parts: readonly string[]): string {
  const bytes = keccak256(concat(...parts.map((part) => keccak256(utf8(part))))).slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = toHex(bytes).slice(2);
  return [0, 8, 12, 16, 20].map((at, i, all) => hex.slice(at, all[i + 1])).join('-');
}

export function documentEntries(bundles: readonly Bundle[]): DocumentEntries {
  const all = bundles.map(resourcesIn);
  const indexes = bundles.map(indexReferences);
  const found = all.flat().filter((one) => one !== undefined);
  const patients = found.filter(({ resource }) => resource.resourceType === 'Patient');
  const [patient] = patients;
  const byUrl = new Map<string, FoundResource>();
  for (const one of found) {
    if (one.fullUrl !== undefined && isGlobal(one.fullUrl) && !byUrl.has(one.fullUrl)) {
      byUrl.set(one.fullUrl, one);
    }
  }

  const resolve: DocumentEntries['resolve'] = (reference, from) => {
    const position = indexes[from.bundle]?.find(reference, from.fullUrl);
    const near = position === undefined ? undefined : all[from.bundle]?.[position];
    const one = near ?? (isGlobal(reference) ? byUrl.get(reference) : undefined);
    return one?.resource.resourceType === 'Patient' ? patient : one;
  };

  function withReferred(chosen: readonly FoundResource[]): FoundResource[] {
    const taken = new Map<string, FoundResource>();
    const waiting = [...chosen];
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      if (taken.has(one.url)) continue;
      taken.set(one.url, one);
      for (const { reference } of referencesWithin(one.resource)) {
        const target = resolve(reference, one);
        if (target !== undefined) waiting.push(target);
      }
    }
    return [...taken.values()];
  }

  return {
    found,
    patient,
    resolve,
    entriesFor: (chosen) =>
      withReferred(chosen).map((one) => ({
        fullUrl: one.url,
        resource: rewritten(one, (reference) => resolve(reference, one)?.url),
      })),
  };
}

/** Addresses that mean the same wherever they stand. */
const isGlobal = (address: string): boolean => /^(urn:uuid:|https?:\/\/)/i.test(address);

const resourcesIn = ({ entry = [] }: Bundle, bundle: number): (FoundResource | undefined)[] =>
  entry.map(({ fullUrl, resource }, position) => {
    if (resource === undefined) return undefined;
    const place = fullUrl !== undefined && isGlobal(fullUrl) ? fullUrl : `${bundle}/${position}`;
    const url = `urn:uuid:${derivedUuid(place, stringifyExact(resource))}`;
    return { resource, fullUrl, bundle, url };
  });

/** A copy under its new address; numbers keep the text they were written in. */
function rewritten(
  { resource, url }: FoundResource,
  addressOf: (reference: string) => string | undefined,
): Resource {
  const copy = copyOf(resource, url);
  for (const { value } of objectsWithin(copy)) {
    const reference = textOf(value['reference']);
    if (reference === undefined || reference.startsWith('#')) continue;
    const address = addressOf(reference);
    const target: Record<string, unknown> = value; // our own copy
    if (address === undefined) {
      delete target['reference'];
      target['identifier'] ??= identifierIn(reference);
    } else target['reference'] = address;
  }
  return copy;
}

/** `resource` under the id of `url`, without the profiles it claimed at its source: its references changed. */
export function copyOf<T extends Resource>(resource: T, url: string): T {
  const copy = parseExact(stringifyExact(resource)) as T; // a copy has the type of its original
  copy.id = url.slice('urn:uuid:'.length);
  if (copy.meta !== undefined) {
    delete copy.meta.profile;
    if (Object.keys(copy.meta).length === 0) delete copy.meta;
  }
  // Other Patient resources of hers, which became this one.
  if (copy.resourceType === 'Patient' && copy.contained === undefined) delete copy.link;
  return copy;
}

/** `Practitioner?identifier=system|value` names an identifier; any other text is one. */
function identifierIn(reference: string): JsonObject {
  const [, query] = reference.split('?identifier=');
  const bar = query?.indexOf('|') ?? -1;
  if (query === undefined || bar < 1) return { value: reference };
  return { system: query.slice(0, bar), value: query.slice(bar + 1) };
}
