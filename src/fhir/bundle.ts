import type { Bundle, OperationOutcome, OperationOutcomeIssue, Patient } from '@medplum/fhirtypes';
import { utf8 } from '../hash/bytes.ts';
import { isDirectoryType } from './categories.ts';
import { isObject, textOf } from './json.ts';
import { readJson } from './jsonText.ts';
import { issue, outcomeOf } from './outcome.ts';

export interface ReadLimits {
  /** Bytes of the submission; default 128 MiB. */
  readonly maxBytes?: number;
  /** Levels of nested JSON; default 100. */
  readonly maxDepth?: number;
  /** Entries; default 500,000. */
  readonly maxEntries?: number;
}

/** What a file or submission turned out to be. Everything but `patient` and `directory` carries an OperationOutcome. */
export type BundleReading =
  /** A bundle about exactly one patient, still to be validated. */
  | { readonly kind: 'patient'; readonly bundle: Bundle; readonly patient: Patient }
  /** Organisations, practitioners, locations without any patient. */
  | { readonly kind: 'directory'; readonly bundle: Bundle }
  /** JSON, but no Bundle: a folder's reader names it and leaves it out; a submission is refused. */
  | { readonly kind: 'notBundle'; readonly outcome: OperationOutcome }
  | { readonly kind: 'refused'; readonly outcome: OperationOutcome };

const ACCEPTED = new Set(['transaction', 'collection', 'document']);

/** Reads a submission of any origin. Never throws for what is in it. */
export function readBundle(input: Uint8Array | string, limits: ReadLimits = {}): BundleReading {
  const { maxBytes = 128 * 1024 * 1024, maxDepth = 100, maxEntries = 500_000 } = limits;
  if (bytesOf(input, maxBytes) > maxBytes) {
    const text = `Larger than ${maxBytes} bytes; submit it in parts, large documents beside the bundle`;
    return refused(issue('too-costly', text));
  }
  const reading = readJson(input, maxDepth);
  if (reading.kind === 'refused') return refused(reading.issue);
  const { value } = reading;
  if (!isObject(value) || value['resourceType'] !== 'Bundle') {
    const type = isObject(value) ? textOf(value['resourceType']) : undefined;
    const found = type === undefined ? 'JSON without resourceType' : `a ${type.slice(0, 64)}`;
    return {
      kind: 'notBundle',
      outcome: outcomeOf([issue('structure', `No FHIR Bundle but ${found}`, 'Bundle')]),
    };
  }
  const entries = value['entry'];
  if (Array.isArray(entries) && entries.length > maxEntries) {
    return refused(
      issue('too-costly', `More than ${maxEntries} entries; submit it in parts`, 'Bundle.entry'),
    );
  }
  const issues = shapeIssues(value['type'], entries);
  // Shape checked: an object with a type and entries that are objects, which hold resources or nothing.
  return issues.length > 0 ? refused(...issues) : classed(value as unknown as Bundle);
}

/** UTF-8 bytes; a text that is short enough whatever it says is not encoded for that. */
function bytesOf(input: Uint8Array | string, enough: number): number {
  if (typeof input !== 'string') return input.length;
  return input.length * 3 <= enough || input.length > enough ? input.length : utf8(input).length;
}

const refused = (...issues: OperationOutcomeIssue[]): BundleReading => ({
  kind: 'refused',
  outcome: outcomeOf(issues),
});

function shapeIssues(type: unknown, entries: unknown): OperationOutcomeIssue[] {
  const issues: OperationOutcomeIssue[] = [];
  if (typeof type !== 'string' || !ACCEPTED.has(type)) {
    const found = typeof type === 'string' ? `"${type.slice(0, 64)}"` : 'missing';
    issues.push(
      issue(
        'not-supported',
        `Bundle type ${found}; transaction, collection and document are read`,
        'Bundle.type',
      ),
    );
  }
  if (!Array.isArray(entries) || entries.length === 0) {
    issues.push(issue('required', 'The bundle is empty', 'Bundle.entry'));
    return issues;
  }
  entries.forEach((entry: unknown, position) => {
    const at = `Bundle.entry[${position}]`;
    if (!isObject(entry)) issues.push(issue('structure', 'The entry is no object', at));
    else if ('resource' in entry && !isTyped(entry['resource'])) {
      issues.push(issue('structure', 'Not a resource: resourceType is missing', `${at}.resource`));
    } else if ('fullUrl' in entry && typeof entry['fullUrl'] !== 'string') {
      issues.push(issue('structure', 'fullUrl is no text', `${at}.fullUrl`));
    }
  });
  return issues;
}

const isTyped = (resource: unknown): boolean =>
  isObject(resource) && typeof resource['resourceType'] === 'string';

function classed(bundle: Bundle): BundleReading {
  const resources = (bundle.entry ?? []).map(({ resource }) => resource);
  const patients = resources.flatMap((resource, position) =>
    resource?.resourceType === 'Patient' ? [{ patient: resource, position }] : [],
  );
  const [first, second] = patients;
  if (second !== undefined) {
    const text = `A second patient, beside entry[${first?.position ?? 0}]; submit one bundle per patient`;
    return refused(issue('business-rule', text, `Bundle.entry[${second.position}].resource`));
  }
  if (first !== undefined) return { kind: 'patient', bundle, patient: first.patient };
  const about = resources.findIndex((resource) => !isDirectoryType(resource?.resourceType ?? ''));
  if (about === -1) return { kind: 'directory', bundle };
  const text = 'Clinical content without a Patient; put the Patient into the bundle';
  return refused(issue('required', text, `Bundle.entry[${about}].resource`));
}
