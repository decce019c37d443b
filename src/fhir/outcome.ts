import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { CarelatticeError } from '../errors.ts';

/** FHIR R4 issue-type codes that this room raises. */
export type IssueCode =
  | 'structure'
  | 'required'
  | 'value'
  | 'invariant'
  | 'code-invalid'
  | 'not-found'
  | 'not-supported'
  | 'too-costly'
  | 'business-rule'
  | 'duplicate'
  | 'exception';

/** One issue; `expression` is the FHIRPath of the place, such as `Bundle.entry[3].resource.birthDate`. */
export function issue(
  code: IssueCode,
  diagnostics: string,
  expression?: string,
  severity: OperationOutcomeIssue['severity'] = 'error',
): OperationOutcomeIssue {
  return {
    severity,
    code,
    diagnostics,
    ...(expression === undefined ? {} : { expression: [expression] }),
  };
}

export function outcomeOf(issues: readonly OperationOutcomeIssue[]): OperationOutcome {
  return { resourceType: 'OperationOutcome', issue: [...issues] };
}

/** Warnings and information do not refuse a bundle; errors and fatal issues do. */
export function refuses(issues: readonly OperationOutcomeIssue[]): boolean {
  return issues.some(({ severity }) => severity === 'error' || severity === 'fatal');
}

const OUTCOME = Symbol('outcome');

/** A `CarelatticeError` that carries the OperationOutcome to answer with. */
export interface FhirRejected extends CarelatticeError {
  readonly [OUTCOME]: OperationOutcome;
}

/**
 * The error `FhirRejected` for a bundle that is refused. Its facts name the path and code of the first
 * refusing issue and how many there are; the outcome itself comes by `rejectedOutcome`.
 */
export function fhirRejected(issues: readonly OperationOutcomeIssue[]): FhirRejected {
  const faults = issues.filter((one) => refuses([one]));
  const [first] = faults;
  const error = new CarelatticeError(
    'FhirRejected',
    'the FHIR content was refused; mend it at the named path and submit it again',
    {
      facts: {
        path: first?.expression?.[0] ?? 'Bundle',
        issue: first?.code ?? 'exception',
        issues: faults.length,
      },
    },
  );
  return Object.assign(error, { [OUTCOME]: outcomeOf(issues) });
}

/** The OperationOutcome of a `FhirRejected`, or undefined for any other value. */
export function rejectedOutcome(error: unknown): OperationOutcome | undefined {
  if (!(error instanceof CarelatticeError) || !(OUTCOME in error)) return undefined;
  return (error as FhirRejected)[OUTCOME]; // the symbol is private to this file
}

/** Throws `FhirRejected` when an issue refuses; otherwise gives the warnings back. */
export function assertAccepted(
  issues: readonly OperationOutcomeIssue[],
): readonly OperationOutcomeIssue[] {
  if (refuses(issues)) throw fhirRejected(issues);
  return issues;
}

/** One line per issue: `error structure Bundle.entry[3].resource.birthDate: Invalid date format`. */
export function outcomeText(outcome: OperationOutcome): string {
  return outcome.issue
    .map(({ severity, code, expression, diagnostics, details }) => {
      const place = expression?.join(', ') ?? 'Bundle';
      return `${severity} ${code} ${place}: ${diagnostics ?? details?.text ?? ''}`.trimEnd();
    })
    .join('\n');
}
