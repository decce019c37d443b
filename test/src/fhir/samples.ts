import type { Bundle, BundleEntry, Patient, Resource } from '@medplum/fhirtypes';
import { generatePatients } from '../../../src/fhir/generator/generatePatients.ts';

/** First bundle of the first generated patient: 24 entries. */
export function sampleBundle(): Bundle {
  const bundle = generatePatients({ seed: 1, patients: 1, hospitals: ['North Hospital'] })[0]
    ?.bundles[0]?.bundle;
  if (bundle === undefined) throw new Error('the generator gave nothing');
  return bundle;
}

export const PATIENT_URL = 'urn:uuid:00000000-0000-4000-8000-000000000001';

export const patient: Patient = {
  resourceType: 'Patient',
  id: 'p1',
  identifier: [{ system: 'urn:oid:1.2.3', value: '42' }],
  name: [{ use: 'official', family: '王', given: ['小明'] }],
};

/** A collection about `patient` whose further entries are `resources` of any shape. */
export function collectionOf(...resources: object[]): Bundle {
  const entry: BundleEntry[] = [
    { fullUrl: PATIENT_URL, resource: patient },
    // Tests put broken resources here on purpose.
    ...resources.map((resource, i) => ({ fullUrl: url(i + 2), resource: resource as Resource })),
  ];
  return { resourceType: 'Bundle', type: 'collection', entry };
}

/** `fullUrl` of the entry at `number - 1` of `collectionOf`; 1 is the patient. */
export const url = (number: number): string =>
  `urn:uuid:00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** A valid Observation about the patient of `collectionOf`. */
export const observation = (more: object = {}): object => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
  subject: { reference: PATIENT_URL },
  valueQuantity: { value: 72, unit: '/min' },
  ...more,
});
