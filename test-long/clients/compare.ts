import type { Bundle } from '@medplum/fhirtypes';
import { refuses } from '../../src/fhir/outcome.ts';
import { validateBundle } from '../../src/fhir/validate.ts';
import { validateResource } from '../../src/fhir/validateResource.ts';
import { WHOLE } from './brokenCases.ts';
import type { Case } from './cases.ts';
import type { JudgeIssue } from './judge.ts';

/** Where the two validators differ, and why that stands. What is not listed, or no longer differs, fails the run. */
export const KNOWN_DIFFERENCES: Readonly<Record<string, string>> = {
  ...all(
    'Ids are opaque to us: the address of an entry counts, and a strange id would only refuse a record',
    ['Patient: id with a blank', 'Patient: id of 65 characters'],
  ),
  ...all('Narratives of others are kept as they are and never shown as HTML', [
    'Patient: narrative with a script',
    'Patient: narrative without text (txt-2)',
    'Patient: narrative that is no XHTML',
  ]),
  ...all('FHIRPath cannot evaluate dom-3 in the validator that we build on', [
    'Patient: contained resource that nothing refers to (dom-3)',
  ]),
};

function all(reason: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

const isError = ({ severity }: JudgeIssue): boolean => severity === 'error' || severity === 'fatal';

export const errorsOf = (issues: readonly JudgeIssue[]): JudgeIssue[] => issues.filter(isError);

/** Whether our validator refuses the resource. */
export async function isRefused({ resource }: Case): Promise<boolean> {
  const issues = isBundle(resource) ? await validateBundle(resource) : validateResource(resource);
  return refuses(issues);
}

const isBundle = (resource: unknown): resource is Bundle =>
  typeof resource === 'object' &&
  resource !== null &&
  'resourceType' in resource &&
  resource.resourceType === 'Bundle';

export interface Comparison {
  /** One line for each difference that nobody explained, or explanation that explains nothing. */
  readonly faults: readonly string[];
  /** Differences with their reasons. */
  readonly explained: readonly string[];
  /** How many HL7 refuses. */
  readonly refused: number;
}

/** Compares our verdicts with HL7's on the same cases. */
export async function compared(
  cases: readonly Case[],
  verdicts: readonly (readonly JudgeIssue[])[],
): Promise<Comparison> {
  const faults: string[] = [];
  const explained: string[] = [];
  let refused = 0;
  for (const [index, one] of cases.entries()) {
    const errors = errorsOf(verdicts[index] ?? []);
    const isBroken = errors.length > 0;
    if (isBroken) refused++;
    const reason = KNOWN_DIFFERENCES[one.name];
    const differs = isBroken !== (await isRefused(one));
    const text = `${one.name}: ${isBroken ? `HL7 refuses (${errors[0]?.text}), we do not` : 'we refuse, HL7 does not'}`;
    if (isBroken === one.name.endsWith(WHOLE)) faults.push(`${one.name}: HL7 thinks otherwise`);
    else if (differs && reason === undefined) faults.push(text);
    else if (differs) explained.push(`${text}. ${reason}`);
    else if (reason !== undefined) faults.push(`${one.name}: listed as a difference and is none`);
  }
  return { faults, explained, refused };
}
