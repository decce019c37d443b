import { OperationOutcomeError, validateTypedValue, type TypedValue } from '@medplum/core';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { messageOf } from '../errors.ts';
import { codeIssues, type CollectedTokens } from './codeCheck.ts';
import { isObject } from './json.ts';
import { issue } from './outcome.ts';
import { periodIssues } from './periodIssues.ts';
import { placed } from './placedIssue.ts';
import { resourceShape } from './resourceShape.ts';
import { loadResourceType } from './schema.ts';

/** Attachments above this travel beside the bundle, bytes (`messages.md` 4). */
const MAX_ATTACHMENT = 16 * 1024 * 1024;

/** Reference as written -> type of the resource it means, for references that do not name the type. */
export type ReferenceTargets = Readonly<Record<string, string>>;

/**
 * Validates one resource against the base definitions of FHIR R4: structure, cardinality, types,
 * invariants, required codes. `at` is the place of the resource and begins every expression.
 */
export function validateResource(
  resource: unknown,
  at?: string,
  targets: ReferenceTargets = {},
): OperationOutcomeIssue[] {
  const type = isObject(resource) ? resource['resourceType'] : undefined;
  if (typeof type !== 'string') {
    return [issue('structure', 'Not a resource: resourceType is missing', at ?? 'Resource')];
  }
  const root = at ?? type;
  if (!loadResourceType(type)) {
    return [issue('structure', `"${type}" is no resource type of FHIR R4`, `${root}.resourceType`)];
  }
  return validateTyped({ type, value: resource }, type, root, targets);
}

/** Validates a value of any loaded type. `own` is the path that the validator gives to the value itself. */
export function validateTyped(
  typed: TypedValue,
  own: string,
  at: string,
  targets: ReferenceTargets = {},
): OperationOutcomeIssue[] {
  const shape = resourceShape(typed.value, at);
  for (const type of shape.resourceTypes) {
    if (!loadResourceType(type)) {
      shape.issues.push(issue('structure', `"${type}" is no resource type of FHIR R4`, at));
    }
  }
  // A broken shape would only give secondary faults, or make the validator itself fail.
  if (shape.issues.length > 0) return shape.issues;
  const tokens: CollectedTokens = {};
  const found = run(typed, tokens);
  const all = [
    ...[...found, ...codeIssues(tokens)].flatMap((one) =>
      placed(one, typed.value, own, at, targets),
    ),
    ...periodIssues(typed.value, at),
  ];
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

function run(typed: TypedValue, tokens: CollectedTokens): OperationOutcomeIssue[] {
  try {
    return validateTypedValue(typed, { collect: { tokens }, base64BinaryMaxBytes: MAX_ATTACHMENT });
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error.outcome.issue;
    // The validator fails where an object stands in the place of a text and the like.
    return [issue('structure', `Content has not the JSON form of its type: ${messageOf(error)}`)];
  }
}
