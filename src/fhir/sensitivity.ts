import type { Coding, Resource } from '@medplum/fhirtypes';
import { objectsOf, objectsWithin, textOf } from './json.ts';
import { isDirectoryType } from './categories.ts';
import { LABEL_CODES, SENSITIVITY_LABELS, type SensitivityLabel } from './sensitivityCodes.ts';

const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
/** Say something about the resource, nothing about who may read it. */
const NO_LABEL = new Set([
  'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  'http://hl7.org/fhir/v3/ObservationValue',
]);

/** HL7 information-sensitivity codes (v3-ActCode) that mean one of our labels. */
const ACT_CODE_LABELS: ReadonlyMap<string, SensitivityLabel> = new Map([
  ['HIV', 'hiv'],
  ['ETH', 'substance-use'],
  ['ETHUD', 'substance-use'],
  ['SUD', 'substance-use'],
  ['OPIOIDUD', 'substance-use'],
  ['PSY', 'mental-health'],
  ['PSYTHPN', 'mental-health'],
  ['BH', 'mental-health'],
  ['MH', 'mental-health'],
  ['COGN', 'mental-health'],
  ['SEX', 'sexual-reproductive'],
  ['STD', 'sexual-reproductive'],
  ['PREGNANT', 'sexual-reproductive'],
  ['MST', 'sexual-reproductive'],
  ['GDIS', 'sexual-reproductive'],
]);

/**
 * Labels of one security coding. Codes without a label of ours stay as they are, codes of a foreign system
 * with it: a label that no consent names only withholds. `N`, `L`, `M`, `U` are no labels.
 */
function labelOf({ system, code }: Coding): string[] {
  if (code === undefined || (system !== undefined && NO_LABEL.has(system))) return [];
  if (system === CONFIDENTIALITY) return code === 'R' || code === 'V' ? [code] : [];
  if (system === ACT_CODE) return [ACT_CODE_LABELS.get(code) ?? code];
  return [`${system ?? ''}|${code}`];
}

const SNOMED = 'http://snomed.info/sct';
const LOINC = 'http://loinc.org';
const ICD = /icd-?10|2\.16\.840\.1\.113883\.6\.(3|90)$/i;
const ATC = /whocc\.no\/atc|2\.16\.840\.1\.113883\.6\.73$/i;

const EXACT: ReadonlyMap<string, SensitivityLabel> = new Map(
  SENSITIVITY_LABELS.flatMap((label) =>
    LABEL_CODES[label].exact.split(' ').map((code) => [code, label] as const),
  ),
);

/** ICD-10 and ATC codes that a code may begin with, without dots, and their label. */
const PREFIXES: Readonly<
  Record<'icd10' | 'atc', readonly (readonly [string, SensitivityLabel])[]>
> = {
  icd10: prefixesOf('icd10'),
  atc: prefixesOf('atc'),
};

function prefixesOf(table: 'icd10' | 'atc'): (readonly [string, SensitivityLabel])[] {
  return SENSITIVITY_LABELS.flatMap((label) =>
    LABEL_CODES[label][table].split(' ').map((code) => [code.replace('.', ''), label] as const),
  );
}

function labelsOfCode(system: string, code: string): SensitivityLabel[] {
  if (system === SNOMED || system === LOINC) {
    const label = EXACT.get(code);
    return label === undefined ? [] : [label];
  }
  const table = ICD.test(system) ? 'icd10' : ATC.test(system) ? 'atc' : undefined;
  if (table === undefined) return [];
  // Some sources leave the dot out.
  const plain = code.replace('.', '').toUpperCase();
  return PREFIXES[table].filter(([prefix]) => plain.startsWith(prefix)).map(([, label]) => label);
}

/**
 * Labels of one resource: its `meta.security` where that labels it, else those of every code in it,
 * contained resources included. Free text is not read.
 */
export function sensitivityOf(resource: Resource): string[] {
  const own = (resource.meta?.security ?? []).flatMap(labelOf);
  if (own.length > 0) return own;
  // A psychiatrist's specialty is no statement about the patient.
  if (isDirectoryType(resource.resourceType)) return [];
  const labels = new Set<string>();
  for (const { value } of objectsWithin(resource)) {
    const code = textOf(value['code']);
    const system = textOf(value['system']);
    if (code !== undefined && system !== undefined) {
      for (const label of labelsOfCode(system, code)) labels.add(label);
    }
    for (const coding of objectsOf(value['security'])) {
      for (const label of labelOf(coding)) labels.add(label); // contained resources' meta
    }
  }
  return [...labels];
}

/** Sorted labels of a whole record, with those that its source bundle carries for all entries. */
export function sensitivityOfAll(
  resources: readonly Resource[],
  bundleSecurity: readonly Coding[] = [],
): string[] {
  return [
    ...new Set([...bundleSecurity.flatMap(labelOf), ...resources.flatMap(sensitivityOf)]),
  ].sort();
}
