import type {
  CodeSystem,
  CodeSystemConcept,
  ValueSet,
  ValueSetComposeInclude,
} from '@medplum/fhirtypes';

export interface RequiredCodes {
  /** Value set -> code system -> codes, separated by one space. */
  readonly table: Record<string, Record<string, string>>;
  /** Value sets whose codes are not listed in the definitions (mime types, currencies). */
  readonly skipped: string[];
}

type Codes = Map<string, Set<string>>;

/** Expands the value sets `urls` that are enumerable; a set with more than `limit` codes is skipped. */
export function requiredCodes(
  urls: readonly string[],
  valueSets: readonly ValueSet[],
  codeSystems: readonly CodeSystem[],
  limit = 500,
): RequiredCodes {
  const sets = new Map(valueSets.map((set) => [set.url ?? '', set]));
  const systems = new Map(codeSystems.map((system) => [system.url ?? '', system]));
  const table: Record<string, Record<string, string>> = {};
  const skipped: string[] = [];
  for (const url of urls) {
    const codes = expand(url, sets, systems);
    const count = codes === undefined ? 0 : [...codes.values()].reduce((n, set) => n + set.size, 0);
    if (codes === undefined || count === 0 || count > limit) {
      skipped.push(url);
      continue;
    }
    table[url] = Object.fromEntries(
      [...codes].map(([system, set]) => [system, [...set].join(' ')]),
    );
  }
  return { table, skipped };
}

function expand(
  url: string,
  sets: ReadonlyMap<string, ValueSet>,
  systems: ReadonlyMap<string, CodeSystem>,
): Codes | undefined {
  const compose = sets.get(url.split('|')[0] ?? '')?.compose;
  if (compose === undefined) return undefined;
  const out: Codes = new Map();
  for (const include of compose.include) {
    const codes = included(include, sets, systems);
    if (codes === undefined) return undefined;
    for (const [system, set] of codes)
      out.set(system, new Set([...(out.get(system) ?? []), ...set]));
  }
  for (const exclude of compose.exclude ?? []) {
    const codes = included(exclude, sets, systems);
    if (codes === undefined) return undefined;
    for (const [system, set] of codes)
      out.set(system, new Set([...(out.get(system) ?? [])].filter((code) => !set.has(code))));
  }
  return out;
}

function included(
  include: ValueSetComposeInclude,
  sets: ReadonlyMap<string, ValueSet>,
  systems: ReadonlyMap<string, CodeSystem>,
): Codes | undefined {
  if (include.valueSet !== undefined) {
    const first = include.valueSet[0];
    return include.valueSet.length === 1 && include.system === undefined && first !== undefined
      ? expand(first, sets, systems)
      : undefined;
  }
  const { system: url, concept, filter } = include;
  if (url === undefined) return undefined;
  if (concept !== undefined)
    return new Map([[url, new Set(concept.map(({ code }) => code ?? ''))]]);
  const system = systems.get(url);
  if (system?.content !== 'complete' || system.concept === undefined) return undefined;
  if (filter === undefined) return new Map([[url, new Set(flat(system.concept))]]);
  const [only] = filter;
  if (filter.length !== 1 || only?.op !== 'is-a') return undefined;
  const root = find(system.concept, only.value ?? '');
  return root === undefined ? undefined : new Map([[url, new Set(flat([root]))]]);
}

function flat(concepts: readonly CodeSystemConcept[]): string[] {
  return concepts.flatMap(({ code, concept }) => [code ?? '', ...flat(concept ?? [])]);
}

function find(concepts: readonly CodeSystemConcept[], code: string): CodeSystemConcept | undefined {
  for (const concept of concepts) {
    const found = concept.code === code ? concept : find(concept.concept ?? [], code);
    if (found !== undefined) return found;
  }
  return undefined;
}
