import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issue } from './outcome.ts';
import { objectsWithin } from './json.ts';
import { mayBeBare } from './schema.ts';

export interface ResourceShape {
  /** Resource types met in it, its own and those of contained resources. */
  readonly resourceTypes: ReadonlySet<string>;
  readonly issues: OperationOutcomeIssue[];
}

const isBare = (member: unknown): boolean =>
  Array.isArray(member)
    ? member.some((one) => typeof one === 'number' || typeof one === 'boolean')
    : typeof member === 'number' || typeof member === 'boolean';

/** JSON rules of FHIR that the validator passes over: no empty texts, arrays or objects, no reserved member names. */
export function resourceShape(resource: unknown, root: string): ResourceShape {
  const resourceTypes = new Set<string>();
  const issues: OperationOutcomeIssue[] = [];
  for (const { value, path } of objectsWithin(resource)) {
    const members = Object.entries(value);
    if (members.length === 0)
      issues.push(issue('structure', 'Object without members', root + path));
    for (const [key, member] of members) {
      // Such names would be found on every object, so the validator takes them for known elements.
      if (key in Object.prototype) {
        issues.push(
          issue('structure', `Invalid additional property "${key}"`, `${root}${path}.${key}`),
        );
      }
      if (Array.isArray(member) && member.length === 0) {
        issues.push(issue('structure', 'Empty array', `${root}${path}.${key}`));
      }
      if (member === '' || (Array.isArray(member) && member.includes(''))) {
        issues.push(issue('structure', 'Empty text', `${root}${path}.${key}`));
      }
      // The validator takes a bare number for an object without members.
      if (isBare(member) && !mayBeBare(key)) {
        const found = Array.isArray(member) ? 'numbers' : typeof member;
        issues.push(issue('structure', `No ${found} belongs here`, `${root}${path}.${key}`));
      }
      if (key === 'resourceType' && typeof member === 'string') resourceTypes.add(member);
    }
  }
  return { resourceTypes, issues };
}
