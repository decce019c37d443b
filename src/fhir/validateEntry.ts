import type { BundleEntry, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issue } from './outcome.ts';
import { loadResourceType } from './schema.ts';
import { validateResource, validateTyped, type ReferenceTargets } from './validateResource.ts';

/** Stands in for the resource while the rest of an entry is validated. */
const STAND_IN = { resourceType: 'Basic', code: { text: 'stand-in' } };

/**
 * Validates one entry of a bundle with its resource. Of the other entries only the types that its references
 * mean are needed.
 */
export function validateEntry(
  entry: BundleEntry,
  position: number,
  targets: ReferenceTargets,
): OperationOutcomeIssue[] {
  const at = `Bundle.entry[${position}]`;
  const { resource, ...rest } = entry;
  loadResourceType('Bundle');
  loadResourceType('Basic');
  const frame = { ...rest, resource: STAND_IN };
  const issues = validateTyped({ type: 'BundleEntry', value: frame }, 'Bundle.entry', at);
  if (resource === undefined) {
    return [...issues, issue('required', 'The entry holds no resource', `${at}.resource`)];
  }
  if (resource.resourceType === 'Bundle') {
    const text = 'A bundle within a bundle is not read; submit it by itself';
    return [...issues, issue('not-supported', text, `${at}.resource`)];
  }
  return [...issues, ...validateResource(resource, `${at}.resource`, targets)];
}
