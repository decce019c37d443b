import type { FhirRecord } from '../../fhir/records.ts';

/** A bundle read, validated and grouped: what `submit` seals. @throws `FhirRejected` with an OperationOutcome */
export type ReadSubmission = (bundle: Uint8Array) => Promise<{
  identifiers: { system: string; value: string }[];
  records: FhirRecord[];
  resources: number;
}>;
