import type { Bundle, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { readBundle } from '../../fhir/bundle.ts';
import { fhirRejected, issue, refuses } from '../../fhir/outcome.ts';
import { patientIdentifiers } from '../../fhir/patient.ts';
import { groupRecords } from '../../fhir/records.ts';
import type { ReadSubmission } from './readSubmission.ts';

/** Reads what a hospital hands in: a FHIR bundle about one patient, valid, grouped into records. */
export const fhirReader =
  (
    validate: (bundle: Bundle) => Promise<OperationOutcomeIssue[]>,
    directory?: Bundle,
  ): ReadSubmission =>
  async (bytes) => {
    const reading = readBundle(bytes);
    if (reading.kind === 'refused' || reading.kind === 'notBundle')
      throw fhirRejected(reading.outcome.issue);
    if (reading.kind === 'directory') {
      throw fhirRejected([
        issue(
          'required',
          'The bundle has no Patient; hand it in with the patient it is about',
          'Bundle.entry',
        ),
      ]);
    }
    const issues = await validate(reading.bundle);
    if (refuses(issues)) throw fhirRejected(issues);
    return {
      identifiers: patientIdentifiers(reading.bundle),
      records: groupRecords(reading.bundle, directory === undefined ? {} : { directory }),
      resources: reading.bundle.entry?.length ?? 0,
    };
  };
