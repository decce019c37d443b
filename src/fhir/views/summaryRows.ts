import type { Resource } from '@medplum/fhirtypes';
import { eventTimeOf } from '../eventTime.ts';
import { isObject, objectsOf, textOf, type JsonObject } from '../json.ts';
import { instantOf } from './identifiers.ts';
import type { Language } from './narrative.ts';

/** Head of the tables that tell a section's entries. */
export const HEAD: Readonly<Record<Language, readonly string[]>> = {
  en: ['What', 'Date', 'Details'],
  'zh-CN': ['项目', '日期', '详情'],
};

/** A concept as people read it. */
export function conceptText(value: unknown): string {
  const [concept] = objectsOf(value);
  const [coding] = objectsOf(concept?.['coding']);
  return textOf(concept?.['text']) ?? textOf(coding?.['display']) ?? textOf(coding?.['code']) ?? '';
}

/** One row: name, date, and what else matters. `named` gives the resource that a reference means. */
export function rowOf(
  resource: Resource,
  named: (reference: unknown) => Resource | undefined,
): string[] {
  const fields = resource as unknown as JsonObject; // members differ by type
  return [nameOf(fields, named) || resource.resourceType, dateOf(resource), detailsOf(fields)];
}

function nameOf(fields: JsonObject, named: (reference: unknown) => Resource | undefined): string {
  const { code, vaccineCode, title, category, description } = fields;
  const own = conceptText(code) || conceptText(vaccineCode) || (textOf(title) ?? '');
  if (own !== '') return own;
  const medication = medicationOf(fields, named);
  return medication || textOf(description) || conceptText(category);
}

function medicationOf(
  { medicationCodeableConcept, medicationReference }: JsonObject,
  named: (reference: unknown) => Resource | undefined,
): string {
  const concept = conceptText(medicationCodeableConcept);
  if (concept !== '') return concept;
  const found: JsonObject = { ...named(medicationReference) };
  return (
    conceptText(found['code']) || (textOf(objectsOf(medicationReference)[0]?.['display']) ?? '')
  );
}

/** Day of the event in UTC, or nothing. */
export function dateOf(resource: Resource): string {
  const { eventFrom } = eventTimeOf([resource]);
  return eventFrom === 0 ? '' : instantOf(eventFrom).slice(0, 10);
}

function detailsOf(fields: JsonObject): string {
  const dosage = objectsOf(fields['dosageInstruction'] ?? fields['dosage']).flatMap(
    ({ text }) => textOf(text) ?? [],
  );
  const parts = objectsOf(fields['component']).map((component) =>
    `${conceptText(component['code'])} ${valueOf(component)}`.trim(),
  );
  const state = conceptText(fields['clinicalStatus']) || (textOf(fields['status']) ?? '');
  const measured = [valueOf(fields), ...parts].filter((text) => text !== '');
  const rest = measured.length > 0 ? [] : [state];
  const all = [...measured, ...dosage, textOf(fields['criticality']) ?? '', ...rest];
  return all.filter((text) => text !== '').join('; ');
}

/** The value of an Observation or a component of one. */
function valueOf(fields: JsonObject): string {
  const { valueQuantity, valueCodeableConcept, valueString, valueInteger, valueBoolean } = fields;
  if (isObject(valueQuantity)) {
    const { comparator, value, unit, code } = valueQuantity;
    const number = typeof value === 'number' ? String(value) : '';
    const text = `${textOf(comparator) ?? ''}${number} ${textOf(unit) ?? textOf(code) ?? ''}`;
    return number === '' ? '' : text.trim();
  }
  const bare = valueInteger ?? valueBoolean;
  return (
    conceptText(valueCodeableConcept) ||
    (textOf(valueString) ?? (bare === undefined ? '' : JSON.stringify(bare)))
  );
}
