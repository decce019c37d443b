import type { Bundle, BundleEntry } from '@medplum/fhirtypes';
import { CarelatticeError } from '../errors.ts';
import { isContextType } from './categories.ts';
import { contextFinder } from './context.ts';
import { addressOf, encounterFinder } from './encounters.ts';
import { objectsOf, textOf } from './json.ts';
import { indexReferences, referenceOf, type ReferenceIndex } from './references.ts';

export interface SplitOptions {
  /** Bundle of organisations, to find the names of those the bundle only refers to. */
  readonly directory?: Bundle;
  /** Name of the provider of what belongs to no encounter; default the provider of most encounters, at a tie the first. */
  readonly defaultProvider?: string;
}

/** One organisation as `Encounter.serviceProvider` means it. */
interface Provider {
  /** What tells it from others: address of the organisation's entry, or the reference as written. */
  readonly key: string;
  readonly name: string;
}

/**
 * Splits a patient's bundle by `Encounter.serviceProvider`, so that each part is submitted where it arose.
 * Keys are the organisations' names (with their address behind it where two share one), else the reference
 * as written. Every part holds the patient and all context it refers to. A document comes apart into collections.
 * @throws `ProviderUnknown` when nothing tells whose the content is
 */
export function splitByProvider(bundle: Bundle, options: SplitOptions = {}): Map<string, Bundle> {
  const own = bundle.entry ?? [];
  const index = indexReferences({ entry: [...own, ...(options.directory?.entry ?? [])] });
  const encounterProviders = providersOfEncounters(own, index);
  const fallback = (): Provider =>
    options.defaultProvider !== undefined
      ? providerNamed(options.defaultProvider, encounterProviders)
      : (mostFrequent(encounterProviders) ?? managingOrganization(own, index) ?? unknownProvider());

  const encounters = encounterFinder(index);
  const parts = new Map<string, { provider: Provider; content: number[] }>();
  for (const [position, { resource }] of own.entries()) {
    if (resource === undefined || isContextType(resource.resourceType)) continue;
    const provider = encounterProviders.get(encounters.encounterOf(position) ?? '') ?? fallback();
    const part = parts.get(provider.key) ?? { provider, content: [] };
    part.content.push(position);
    parts.set(provider.key, part);
  }
  addLooseContext(parts, own, index, fallback);
  return named(parts, own, index, bundle);
}

type Parts = Map<string, { provider: Provider; content: number[] }>;

/** Context that no part refers to goes with what has no encounter. */
function addLooseContext(
  parts: Parts,
  own: readonly BundleEntry[],
  index: ReferenceIndex,
  fallback: () => Provider,
): void {
  const context = contextFinder(index, patientPosition(own));
  const met = new Set([...parts.values()].flatMap(({ content }) => context.contextOf(content)));
  const loose = own.flatMap(({ resource }, position) =>
    resource !== undefined && isContextType(resource.resourceType) && !met.has(position)
      ? [position]
      : [],
  );
  if (loose.length === 0) return;
  const provider = fallback();
  const part = parts.get(provider.key) ?? { provider, content: [] };
  part.content.push(...loose);
  parts.set(provider.key, part);
}

function named(
  parts: Parts,
  own: readonly BundleEntry[],
  index: ReferenceIndex,
  source: Bundle,
): Map<string, Bundle> {
  const context = contextFinder(index, patientPosition(own));
  const names = [...parts.values()].map(({ provider }) => provider.name);
  return new Map(
    [...parts.values()].map(({ provider, content }) => {
      const shared = names.filter((name) => name === provider.name).length > 1;
      const positions = [...new Set([...content, ...context.contextOf(content)])]
        .filter((position) => position < own.length)
        .sort((a, b) => a - b);
      const name = shared ? `${provider.name} (${provider.key})` : provider.name;
      return [name, part(positions, own, source)] as const;
    }),
  );
}

function part(positions: readonly number[], own: readonly BundleEntry[], source: Bundle): Bundle {
  const entry = positions.flatMap((position) => own[position] ?? []);
  if (source.type !== 'document') return { ...source, entry };
  const { meta } = source;
  return {
    resourceType: 'Bundle',
    ...(meta === undefined ? {} : { meta }),
    type: 'collection',
    entry,
  };
}

function patientPosition(own: readonly BundleEntry[]): number | undefined {
  const position = own.findIndex(({ resource }) => resource?.resourceType === 'Patient');
  return position === -1 ? undefined : position;
}

/** Encounter address -> provider, in the order of the bundle. */
function providersOfEncounters(
  own: readonly BundleEntry[],
  index: ReferenceIndex,
): Map<string, Provider> {
  const found = new Map<string, Provider>();
  for (const [position, { resource, fullUrl }] of own.entries()) {
    if (resource?.resourceType !== 'Encounter') continue;
    const provider = providerOf(resource.serviceProvider, fullUrl, index);
    if (provider !== undefined) found.set(addressOf(index, position), provider);
  }
  return found;
}

function providerOf(
  value: unknown,
  from: string | undefined,
  index: ReferenceIndex,
): Provider | undefined {
  const reference = referenceOf(value);
  const display = textOf(objectsOf(value)[0]?.['display']);
  const position = reference === undefined ? undefined : index.find(reference, from);
  const organization = position === undefined ? undefined : index.entries[position]?.resource;
  if (position !== undefined && organization?.resourceType === 'Organization') {
    const key = addressOf(index, position);
    return { key, name: organization.name ?? display ?? key };
  }
  const key = reference ?? display;
  return key === undefined ? undefined : { key, name: display ?? key };
}

function mostFrequent(providers: ReadonlyMap<string, Provider>): Provider | undefined {
  const counts = new Map<string, { provider: Provider; count: number }>();
  for (const provider of providers.values()) {
    const count = (counts.get(provider.key)?.count ?? 0) + 1;
    counts.set(provider.key, { provider, count });
  }
  let best: { provider: Provider; count: number } | undefined;
  for (const candidate of counts.values())
    if (candidate.count > (best?.count ?? 0)) best = candidate;
  return best?.provider;
}

function providerNamed(name: string, providers: ReadonlyMap<string, Provider>): Provider {
  return [...providers.values()].find((provider) => provider.name === name) ?? { key: name, name };
}

function managingOrganization(
  own: readonly BundleEntry[],
  index: ReferenceIndex,
): Provider | undefined {
  const entry = own[patientPosition(own) ?? -1];
  const resource = entry?.resource;
  return resource?.resourceType === 'Patient'
    ? providerOf(resource.managingOrganization, entry?.fullUrl, index)
    : undefined;
}

function unknownProvider(): never {
  throw new CarelatticeError(
    'ProviderUnknown',
    'no encounter names its provider and the patient no managing organization; name a default provider',
  );
}
