import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { spanOfDate } from './eventTime.ts';
import { objectsWithin, textOf } from './json.ts';
import { issue } from './outcome.ts';

/**
 * Periods that end before they begin (invariant per-1). A date of less precision is all the time it may mean, so 2020 to
 * 2020-05 is none of them. Every element with start and end as texts is a Period in R4, resources apart.
 */
export function periodIssues(value: unknown, at: string): OperationOutcomeIssue[] {
  const issues: OperationOutcomeIssue[] = [];
  for (const { value: object, path } of objectsWithin(value)) {
    if ('resourceType' in object) continue;
    const start = spanOfDate(textOf(object['start']) ?? '');
    const end = spanOfDate(textOf(object['end']) ?? '');
    if (start !== undefined && end !== undefined && start.from > end.to) {
      const text = 'Constraint per-1 not met: If present, start SHALL have a lower value than end';
      issues.push(issue('invariant', text, `${at}${path}`));
    }
  }
  return issues;
}
