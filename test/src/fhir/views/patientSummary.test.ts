import type { Bundle, Composition, Resource } from '@medplum/fhirtypes';
import { expect } from 'chai';
import { readBundle } from '../../../../src/fhir/bundle.ts';
import { parseExact, stringifyExact } from '../../../../src/fhir/exactJson.ts';
import { generatePatients } from '../../../../src/fhir/generator/generatePatients.ts';
import { groupRecords } from '../../../../src/fhir/records.ts';
import { referencesWithin } from '../../../../src/fhir/references.ts';
import { validateBundle } from '../../../../src/fhir/validate.ts';
import { validateResource } from '../../../../src/fhir/validateResource.ts';
import { patientSummary } from '../../../../src/fhir/views/patientSummary.ts';
import type { Language } from '../../../../src/fhir/views/narrative.ts';
import { collectionOf, observation, patient, PATIENT_URL } from '../samples.ts';

const OPTIONS = { composedAt: 1_790_000_000, language: 'en' as Language };
const REQUIRED = ['10160-0', '48765-2', '11450-4'];

const compositionOf = ({ entry }: Bundle): Composition => {
  const resource = entry?.[0]?.resource;
  if (resource?.resourceType !== 'Composition') throw new Error('no Composition comes first');
  return resource;
};
const sectionOf = (summary: Bundle, code: string) =>
  compositionOf(summary).section?.find((one) => one.code?.coding?.[0]?.code === code);

/** The resources of a section, in its order. */
function sectionEntries(summary: Bundle, code: string): Resource[] {
  const urls = (sectionOf(summary, code)?.entry ?? []).map(({ reference }) => reference);
  return urls.flatMap(
    (url) => summary.entry?.find(({ fullUrl }) => fullUrl === url)?.resource ?? [],
  );
}

const summaryOf = (...resources: object[]): Bundle =>
  patientSummary([collectionOf(...resources)], OPTIONS);

const condition = (more: object = {}): object => ({
  resourceType: 'Condition',
  code: { text: 'Asthma' },
  subject: { reference: PATIENT_URL },
  ...more,
});
const clinicalStatus = (code: string): object => ({
  clinicalStatus: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code }],
  },
});

async function expectValid(summary: Bundle): Promise<void> {
  const reading = readBundle(stringifyExact(summary));
  expect(reading.kind).to.equal('patient');
  expect(await validateBundle(summary)).to.deep.equal([]);
  expect(validateResource(summary)).to.deep.equal([]);
}

describe('the International Patient Summary', () => {
  it('is a valid document for generated patients, in both languages', async () => {
    const patients = generatePatients({ seed: 9, patients: 6, hospitals: ['A', 'B', 'C'] });
    for (const [index, { bundles, name }] of patients.entries()) {
      const records = bundles.flatMap(({ bundle }) => groupRecords(bundle));
      const summary = patientSummary(
        records.map(({ bundle }) => bundle),
        { ...OPTIONS, language: index % 2 === 0 ? 'zh-CN' : 'en' },
      );
      await expectValid(summary);
      const codes = compositionOf(summary).section?.map(({ code }) => code?.coding?.[0]?.code);
      expect(codes?.slice(0, 3)).to.deep.equal(REQUIRED);
      expect(compositionOf(summary).text?.div).to.include(name);
      const patientsIn = summary.entry?.filter(
        ({ resource }) => resource?.resourceType === 'Patient',
      );
      expect(patientsIn).to.have.lengthOf(1);
    }
  });

  it('refers to nothing outside itself, and to all that it holds', () => {
    const [one] = generatePatients({ seed: 2, patients: 1, hospitals: ['A', 'B'] });
    const records = one?.bundles.flatMap(({ bundle }) => groupRecords(bundle)) ?? [];
    const summary = patientSummary(
      records.map(({ bundle }) => bundle),
      OPTIONS,
    );
    const urls = new Set(summary.entry?.map(({ fullUrl }) => fullUrl));
    const referred = new Set(referencesWithin(summary).map(({ reference }) => reference));
    expect([...referred].filter((url) => !urls.has(url))).to.deep.equal([]);
    expect(urls.size).to.equal(summary.entry?.length);
  });

  it('says in each required section that nothing is known, where nothing is', async () => {
    const summary = patientSummary([], { ...OPTIONS, pseudonym: '0x12' });
    await expectValid(summary);
    for (const code of REQUIRED) {
      const section = sectionOf(summary, code);
      expect(section?.emptyReason?.coding?.[0]?.code).to.equal('unavailable');
      expect(section?.text?.div).to.include('no information');
      expect(section).to.not.have.property('entry');
    }
    expect(compositionOf(summary).section).to.have.lengthOf(3);
  });

  it('gives the same document for the same records', () => {
    const made = () => stringifyExact(summaryOf(condition(), observation()));
    expect(made()).to.equal(made());
  });

  it('tells problems of now from those of the past, and leaves errors out', () => {
    const summary = summaryOf(
      condition(clinicalStatus('active')),
      condition({ ...clinicalStatus('resolved'), code: { text: 'Measles' } }),
      condition({
        code: { text: 'Refuted' },
        verificationStatus: {
          coding: [
            {
              system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status',
              code: 'refuted',
            },
          ],
        },
      }),
    );
    expect(sectionEntries(summary, '11450-4')).to.have.lengthOf(1);
    expect(sectionOf(summary, '11348-0')?.text?.div).to.include('Measles');
    expect(stringifyExact(summary)).to.not.include('Refuted');
  });

  it('tells the newest of each measurement', () => {
    const measured = (value: number, at: string, code = '8867-4') =>
      observation({
        category: [
          {
            coding: [
              {
                system: 'http://terminology.hl7.org/CodeSystem/observation-category',
                code: 'vital-signs',
              },
            ],
          },
        ],
        code: { coding: [{ system: 'http://loinc.org', code }] },
        effectiveDateTime: at,
        valueQuantity: { value, unit: '/min' },
      });
    const summary = summaryOf(
      measured(60, '2024-01-01'),
      measured(70, '2024-03-01'),
      measured(65, '2024-02-01'),
      measured(12, '2023-01-01', '9279-1'),
    );
    const values = sectionEntries(summary, '8716-3').map((one) =>
      one.resourceType === 'Observation' ? one.valueQuantity?.value : undefined,
    );
    expect(values).to.deep.equal([70, 12]);
  });

  it('leaves ended medication out and names a medicine that has a resource of its own', () => {
    const prescription = (status: string, medicine: object): object => ({
      resourceType: 'MedicationRequest',
      status,
      intent: 'order',
      subject: { reference: PATIENT_URL },
      ...medicine,
    });
    const bundle = collectionOf(
      prescription('active', {
        medicationReference: { reference: 'urn:uuid:00000000-0000-4000-8000-000000000004' },
      }),
      prescription('completed', { medicationCodeableConcept: { text: 'Over' } }),
      { resourceType: 'Medication', code: { text: 'Metformin <500>' } },
    );
    const summary = patientSummary([bundle], OPTIONS);
    expect(sectionOf(summary, '10160-0')?.text?.div).to.include('Metformin &lt;500&gt;');
    expect(stringifyExact(summary)).to.not.include('Over');
    expect(summary.entry?.map(({ resource }) => resource?.resourceType)).to.include('Medication');
  });

  it('tells the same resource of two records once, and finds what lies in another record', () => {
    const encounter = 'urn:uuid:00000000-0000-4000-8000-0000000000ee';
    const first = collectionOf(condition({ encounter: { reference: encounter } }));
    const second: Bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        { fullUrl: PATIENT_URL, resource: patient },
        {
          fullUrl: encounter,
          resource: {
            resourceType: 'Encounter',
            status: 'finished',
            class: { code: 'AMB' },
            subject: { reference: PATIENT_URL },
          },
        },
      ],
    };
    const summary = patientSummary([first, second, structuredClone(first)], OPTIONS);
    expect(sectionEntries(summary, '11450-4')).to.have.lengthOf(1);
    expect(summary.entry?.map(({ resource }) => resource?.resourceType)).to.deep.equal([
      'Composition',
      'Patient',
      'Condition',
      'Encounter',
      'Device',
    ]);
  });

  it('keeps what a reference said where it leads nowhere', async () => {
    const summary = summaryOf(
      condition({
        encounter: { reference: 'Encounter/77', display: 'A visit' },
        recorder: { reference: 'Practitioner?identifier=urn:oid:2.16.840.1.113883.4.999|5' },
      }),
    );
    const [kept] = sectionEntries(summary, '11450-4');
    expect(kept).to.deep.include({
      encounter: { display: 'A visit', identifier: { value: 'Encounter/77' } },
      recorder: { identifier: { system: 'urn:oid:2.16.840.1.113883.4.999', value: '5' } },
    });
    await expectValid(summary);
  });

  it('writes numbers as they were written, and leaves its sources as they were', () => {
    const bundle = parseExact(
      stringifyExact(
        collectionOf(
          observation({
            category: [{ coding: [{ code: 'laboratory' }] }],
          }),
        ),
      ).replace('"value":72', '"value":72.50'),
    ) as Bundle; // our own sample
    const before = stringifyExact(bundle);
    expect(stringifyExact(patientSummary([bundle], OPTIONS))).to.include('"value":72.50');
    expect(stringifyExact(bundle)).to.equal(before);
  });

  it('stays a text whatever names and values say', async () => {
    const hostile = '<script>alert("王")</script> & more';
    const summary = summaryOf(condition({ code: { text: hostile } }));
    await expectValid(summary);
    for (const section of compositionOf(summary).section ?? []) {
      expect(section.text?.div).to.not.include('<script');
    }
    expect(sectionOf(summary, '11450-4')?.text?.div).to.include('alert(&quot;王&quot;)');
  });
});
