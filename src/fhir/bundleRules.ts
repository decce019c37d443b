import type { Bundle, BundleEntry, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { objectsOf, textOf, type JsonObject } from './json.ts';
import { issue } from './outcome.ts';
import {
  indexReferences,
  referenceOf,
  referencesWithin,
  typeNamedBy,
  type ReferenceIndex,
} from './references.ts';
import { loadResourceType } from './schema.ts';
import { validateTyped, type ReferenceTargets } from './validateResource.ts';

/** Invariants of Bundle that need its entries are checked here one by one, so that each names its entry. */
const CHECKED_HERE = /^Constraint bdl-(2|3|4|7|11|12) /;

export interface BundleRulesResult {
  readonly issues: OperationOutcomeIssue[];
  /** Per entry the types that its references mean, where the reference itself does not name the type. */
  readonly targets: readonly ReferenceTargets[];
}

/** What concerns the bundle as a whole: its own members, addresses, order, and whom it is about. */
export function bundleRules(bundle: Bundle): BundleRulesResult {
  loadResourceType('Bundle');
  const { entry: entries = [], ...shell } = bundle;
  const own = validateTyped({ type: 'Bundle', value: shell }, 'Bundle', 'Bundle').filter(
    ({ diagnostics }) => !CHECKED_HERE.test(diagnostics ?? ''),
  );
  const index = indexReferences(bundle);
  const issues = [
    ...own,
    ...entries.flatMap((entry, position) => entryRules(bundle.type, entry, position)),
    ...addressIssues(entries),
  ];
  const targets = entries.map((entry, position) => referenceRules(entry, position, index, issues));
  return { issues, targets };
}

function entryRules(
  type: Bundle['type'],
  entry: BundleEntry,
  position: number,
): OperationOutcomeIssue[] {
  const at = `Bundle.entry[${position}]`;
  const issues: OperationOutcomeIssue[] = [];
  const { request, response, search, resource } = entry;
  if (type === 'transaction' && request === undefined) {
    issues.push(
      issue('invariant', 'bdl-3: an entry of a transaction has a request', `${at}.request`),
    );
  }
  if (type !== 'transaction' && request !== undefined) {
    issues.push(issue('invariant', `bdl-3: an entry of a ${type} has no request`, `${at}.request`));
  }
  if (response !== undefined) {
    issues.push(
      issue('invariant', `bdl-4: an entry of a ${type} has no response`, `${at}.response`),
    );
  }
  if (search !== undefined) {
    issues.push(issue('invariant', `bdl-2: an entry of a ${type} has no search`, `${at}.search`));
  }
  if (request !== undefined && request.method !== 'POST' && request.method !== 'PUT') {
    const text = 'Only POST and PUT bring content; nothing is deleted or read through a submission';
    issues.push(issue('not-supported', text, `${at}.request.method`));
  }
  if (type === 'document' && position === 0 && resource?.resourceType !== 'Composition') {
    const text = 'bdl-11: a document has a Composition as its first resource';
    issues.push(issue('invariant', text, `${at}.resource`));
  }
  return issues;
}

function addressIssues(entries: readonly BundleEntry[]): OperationOutcomeIssue[] {
  const seen = new Map<string, number>();
  return entries.flatMap(({ fullUrl, resource }, position) => {
    const addresses = [
      ...(fullUrl === undefined ? [] : [{ address: fullUrl, member: 'fullUrl' }]),
      ...(resource?.id === undefined
        ? []
        : [{ address: `${resource.resourceType}/${resource.id}`, member: 'resource.id' }]),
    ];
    return addresses.flatMap(({ address, member }) => {
      const first = seen.get(address);
      seen.set(address, first ?? position);
      if (first === undefined || first === position) return [];
      const text = `bdl-7: the address is used by entry[${first}] too, so references to it are ambiguous`;
      return [issue('duplicate', text, `Bundle.entry[${position}].${member}`)];
    });
  });
}

/** Members that say whom a resource is about. */
const SUBJECT_MEMBERS = ['subject', 'patient', 'beneficiary'] as const;

/** Adds what is wrong with the references of one entry to `issues`; gives back what they mean. */
function referenceRules(
  { fullUrl, resource }: BundleEntry,
  position: number,
  index: ReferenceIndex,
  issues: OperationOutcomeIssue[],
): ReferenceTargets {
  const at = `Bundle.entry[${position}].resource`;
  const unchecked: JsonObject = { ...resource }; // members differ by resource type
  for (const member of SUBJECT_MEMBERS) {
    const reference = referenceOf(unchecked[member]);
    const text = reference && aboutAnother(reference, unchecked, index, fullUrl);
    if (text) issues.push(issue('business-rule', text, `${at}.${member}`));
  }
  const targets: Record<string, string> = {};
  for (const { reference, path } of referencesWithin(resource)) {
    if (typeNamedBy(reference) !== undefined) continue;
    const type = index.entries[index.find(reference, fullUrl) ?? -1]?.resource?.resourceType;
    if (type !== undefined) targets[reference] = type;
    else if (reference.startsWith('urn:')) {
      const text = 'The bundle does not hold what this refers to';
      issues.push(issue('not-found', text, at + path, 'warning'));
    }
  }
  return targets;
}

/** Why the content would be filed under a wrong patient, or undefined. */
function aboutAnother(
  reference: string,
  resource: JsonObject,
  index: ReferenceIndex,
  from: string | undefined,
): string | undefined {
  if (reference.startsWith('#')) {
    const contained = objectsOf(resource['contained']).find(
      ({ id }) => `#${textOf(id)}` === reference,
    );
    return contained?.['resourceType'] === 'Patient'
      ? 'The resource is about a contained patient; it must refer to the Patient of the bundle'
      : undefined;
  }
  const position = index.find(reference, from);
  if (position !== undefined) return undefined; // the only Patient, or no patient at all
  if (reference.startsWith('urn:')) return 'The bundle does not hold whom this resource is about';
  return typeNamedBy(reference) === 'Patient'
    ? 'The resource is about another patient than the bundle'
    : undefined;
}
