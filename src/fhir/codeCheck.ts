import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { TypedValueWithPath } from '@medplum/core';
import { requiredCodes } from './definitions/requiredCodes.ts';
import { isObject, objectsOf, textOf } from './json.ts';
import { issue } from './outcome.ts';

/** Values that the validator met under required bindings, by value set. */
export type CollectedTokens = Record<string, TypedValueWithPath[]>;

interface CodeSet {
  readonly bySystem: ReadonlyMap<string, ReadonlySet<string>>;
  readonly all: ReadonlySet<string>;
}

const parsed = new Map<string, CodeSet | undefined>();

function codeSet(url: string): CodeSet | undefined {
  const key = url.split('|')[0] ?? url;
  if (!parsed.has(key)) {
    const systems = requiredCodes[key];
    parsed.set(key, systems === undefined ? undefined : parse(systems));
  }
  return parsed.get(key);
}

function parse(systems: Readonly<Record<string, string>>): CodeSet {
  const bySystem = new Map(
    Object.entries(systems).map(([system, codes]) => [system, new Set(codes.split(' '))] as const),
  );
  return { bySystem, all: new Set([...bySystem.values()].flatMap((set) => [...set])) };
}

/**
 * Issues `code-invalid` for codes outside the value set of their required binding. Value sets that
 * cannot be listed (mime types, currencies, UCUM units) are not checked. A CodeableConcept needs one
 * coding of the set; one without any coding is accepted as text only with a null flavour extension.
 */
export function codeIssues(tokens: CollectedTokens): OperationOutcomeIssue[] {
  return Object.entries(tokens).flatMap(([url, values]) => {
    const set = codeSet(url);
    return set === undefined ? [] : values.flatMap((value) => tokenIssue(value, url, set));
  });
}

function tokenIssue(token: TypedValueWithPath, url: string, set: CodeSet): OperationOutcomeIssue[] {
  const fault = (found: string): OperationOutcomeIssue[] => [
    issue('code-invalid', `${found} is not in the required value set ${url}`, token.path),
  ];
  // A primitive with extensions comes as a String object; without a value there is nothing to check.
  const given: unknown = token.value;
  const value = given instanceof String ? given.valueOf() : given;
  if (typeof value === 'string') return set.all.has(value) ? [] : fault(`code "${value}"`);
  if (!isObject(value) || token.type === 'code') return [];
  const codings = token.type === 'CodeableConcept' ? objectsOf(value['coding']) : [value];
  if (codings.length === 0) return 'extension' in value ? [] : fault('a concept without coding');
  if (codings.some((coding) => isIn(set, coding['system'], coding['code']))) return [];
  return fault(
    codings.map(({ system, code }) => `coding ${textOf(system)}|${textOf(code)}`).join(', '),
  );
}

function isIn(set: CodeSet, system: unknown, code: unknown): boolean {
  return (
    typeof system === 'string' && typeof code === 'string' && !!set.bySystem.get(system)?.has(code)
  );
}
