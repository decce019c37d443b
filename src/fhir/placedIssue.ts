import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { isObject, textOf, valueAt } from './json.ts';
import { issue } from './outcome.ts';
import { typeNamedBy } from './references.ts';

/** What the validator only warns of: two values of one choice. */
const CONFLICT = 'Conflicting choice of type properties';
const BASE64 = 'Invalid base64Binary format';
const TARGET = /^Invalid reference: got "[^"]*", expected (.*)$/;
/** Who a resource is about decides where it is filed. */
const FILED_BY = /\.(subject|patient|beneficiary)$/;

/**
 * An issue of the validator as ours: its text in `diagnostics`, its place below `at`, or none where the
 * validator is stricter than FHIR R4.
 * @param own the path that the validator gives to `value` itself
 */
export function placed(
  found: OperationOutcomeIssue,
  value: unknown,
  own: string,
  at: string,
  targets: Readonly<Record<string, string>>,
): OperationOutcomeIssue[] {
  const text = found.details?.text ?? found.diagnostics ?? found.code;
  const path = found.expression?.[0] ?? own;
  // Where the validator names the element only, the place of the whole is what is sure.
  const isBelow = path.startsWith(`${own}.`) || path.startsWith(`${own}[`);
  const below = isBelow ? path.slice(own.length) : '';
  const placedOne: OperationOutcomeIssue = {
    severity: text.startsWith(CONFLICT) ? 'error' : found.severity,
    code: found.code,
    diagnostics: text,
    expression: [at + fhirPath(below)],
  };
  const [, outer] = /^(.*)\.\d+$/.exec(below) ?? [];
  if (outer !== undefined && typeof valueAt(value, outer) === 'string') {
    // The validator took the characters of a text for members of an object.
    return [issue('structure', 'A text stands where an object belongs', at + fhirPath(outer))];
  }
  if (text === BASE64) return isBase64WithSpace(valueAt(value, below)) ? [] : [placedOne];
  const expected = TARGET.exec(text)?.[1];
  return expected === undefined
    ? [placedOne]
    : targetIssue(valueAt(value, below), expected, at + fhirPath(below), targets);
}

/** FHIRPath calls a choice by its bare name. */
const fhirPath = (path: string): string => path.replaceAll('[x]', '');

/** FHIR R4 allows white space between the groups of four. */
function isBase64WithSpace(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const plain = value.replace(/\s+/g, '');
  return plain.length > 0 && plain.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(plain);
}

/** The validator takes every reference for `Type/id`; those of another form mean what the bundle says. */
function targetIssue(
  value: unknown,
  expected: string,
  at: string,
  targets: Readonly<Record<string, string>>,
): OperationOutcomeIssue[] {
  const reference = isObject(value) ? textOf(value['reference']) : undefined;
  if (reference === undefined) return [];
  const type = targets[reference] ?? typeNamedBy(reference);
  const names = [...expected.matchAll(/StructureDefinition\/([^"]+)"/g)].map(([, name]) => name);
  if (type === undefined || names.includes(type)) return [];
  const severity = FILED_BY.test(at) ? 'error' : 'warning';
  return [issue('structure', `Refers to a ${type}, expected ${names.join(' or ')}`, at, severity)];
}
