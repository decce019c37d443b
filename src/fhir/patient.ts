import type { Bundle, HumanName, Patient } from '@medplum/fhirtypes';
import { identifiersOf } from './references.ts';

/** A FHIR identifier that is matched against a node's patients. */
export interface PatientIdentifier {
  readonly system: string;
  readonly value: string;
}

export function patientOf(bundle: Bundle): Patient | undefined {
  for (const { resource } of bundle.entry ?? [])
    if (resource?.resourceType === 'Patient') return resource;
  return undefined;
}

/** Identifiers of the bundle's patient that have system and value, as written; empty without patient. */
export function patientIdentifiers(bundle: Bundle): PatientIdentifier[] {
  const patient = patientOf(bundle);
  return patient === undefined ? [] : identifiersOf(patient);
}

/** The patient's name as people read it: the official one, else the usual, else the first; '' without any. */
export function patientName(bundle: Bundle): string {
  const names = patientOf(bundle)?.name ?? [];
  const name =
    names.find(({ use }) => use === 'official') ??
    names.find(({ use }) => use === 'usual') ??
    names[0];
  return name === undefined ? '' : nameText(name);
}

/** Scripts written without a space, family name first. */
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

/** `text` where it is given, else built from the parts: "Ana García", "王小明". */
export function nameText({
  text,
  family,
  given = [],
  prefix = [],
  suffix = [],
}: HumanName): string {
  if (text !== undefined) return text;
  if (CJK.test(`${family ?? ''}${given.join('')}`)) return `${family ?? ''}${given.join('')}`;
  const parts = [...prefix, ...given, ...(family === undefined ? [] : [family]), ...suffix];
  return parts.filter((part) => part !== '').join(' ');
}
