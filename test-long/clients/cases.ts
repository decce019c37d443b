import type { Bundle, Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { stringifyExact } from '../../src/fhir/exactJson.ts';
import { generatePatients } from '../../src/fhir/generator/generatePatients.ts';
import { groupRecords } from '../../src/fhir/records.ts';
import { auditEventView } from '../../src/fhir/views/auditEvent.ts';
import { consentView } from '../../src/fhir/views/consent.ts';
import { patientSummary } from '../../src/fhir/views/patientSummary.ts';
import { provenanceView } from '../../src/fhir/views/provenance.ts';
import { anyConsent } from '../../test/src/fhir/views/anyConsent.ts';
import {
  accessesOfAllKinds,
  consentsOfAllKinds,
  recordsOfAllKinds,
  sampleConsentView,
} from '../../test/src/fhir/views/signedSamples.ts';

/** A resource with the name it is reported by. */
export interface Case {
  readonly name: string;
  readonly resource: unknown;
}

const AT = 1_790_000_000;

export const textOfCase = ({ resource }: Case): string => stringifyExact(resource);

/** All that we emit: views of everything that can be signed, summaries in both languages, records as stored. */
export function emitted(): Case[] {
  const patients = generatePatients({
    seed: 4,
    patients: 8,
    hospitals: ['North Hospital', 'South & "East" <Clinic>', '西区医院'],
  });
  const records = patients.map(({ bundles }) =>
    bundles.flatMap(({ bundle }) => groupRecords(bundle).map((record) => record.bundle)),
  );
  const summaries = records.map((own, index) =>
    patientSummary(own.toReversed(), {
      composedAt: AT,
      language: index % 2 === 0 ? 'zh-CN' : 'en',
    }),
  );
  const empty = patientSummary([], { composedAt: AT, language: 'en', pseudonym: '0x01' });
  return [
    ...named('consent', consentsOfAllKinds().map(consentView)),
    ...named('odd consent', oddConsents()),
    ...named('provenance', recordsOfAllKinds().map(provenanceView)),
    ...named('audit event', accessesOfAllKinds().map(auditEventView)),
    ...named('summary', [...summaries, empty]),
    ...named('record', records.flat()),
  ];
}

/** Consents that say whatever fits their types. */
const oddConsents = (): Resource[] =>
  fc
    .sample(anyConsent, { numRuns: 40, seed: 7 })
    .map((consent) => consentView({ ...sampleConsentView(), consent }));

const named = (what: string, resources: readonly (Resource | Bundle)[]): Case[] =>
  resources.map((resource, index) => ({ name: `${what} ${index + 1}`, resource }));
