import { expect } from 'chai';
import { hasCode } from '../../../src/errors.ts';
import {
  assertAccepted,
  fhirRejected,
  issue,
  outcomeText,
  rejectedOutcome,
} from '../../../src/fhir/outcome.ts';

const warning = issue('not-found', 'not here', 'Bundle.entry[0]', 'warning');
const fault = issue('value', 'no date', 'Bundle.entry[3].resource.birthDate');

describe('OperationOutcome', () => {
  it('refuses with the first fault in the facts and everything in the outcome', () => {
    const error = fhirRejected([warning, fault]);
    expect(hasCode(error, 'FhirRejected')).to.equal(true);
    expect(error.facts).to.deep.equal({
      path: 'Bundle.entry[3].resource.birthDate',
      issue: 'value',
      issues: 1,
    });
    expect(rejectedOutcome(error)).to.deep.equal({
      resourceType: 'OperationOutcome',
      issue: [warning, fault],
    });
    expect(error.retryable).to.equal(false);
  });

  it('has no outcome for other errors', () => {
    expect(rejectedOutcome(new Error('x'))).to.equal(undefined);
    expect(rejectedOutcome(undefined)).to.equal(undefined);
  });

  it('lets warnings pass', () => {
    expect(assertAccepted([warning])).to.deep.equal([warning]);
    expect(() => assertAccepted([warning, fault])).to.throw('refused');
  });

  it('reads as one line per issue', () => {
    expect(outcomeText({ resourceType: 'OperationOutcome', issue: [fault, warning] })).to.equal(
      'error value Bundle.entry[3].resource.birthDate: no date\nwarning not-found Bundle.entry[0]: not here',
    );
  });
});
