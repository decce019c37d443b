import { expect } from 'chai';
import fc from 'fast-check';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { readBundle } from '../../../src/fhir/bundle.ts';
import { CATEGORIES, categoryOf, isContextType } from '../../../src/fhir/categories.ts';
import { patientName } from '../../../src/fhir/patient.ts';
import { groupRecords, type FhirRecord } from '../../../src/fhir/records.ts';
import { knownResourceTypes } from '../../../src/fhir/schema.ts';
import { collectionOf, observation, patient, PATIENT_URL, sampleBundle, url } from './samples.ts';

const subject = { reference: PATIENT_URL };
const encounter = (more: object = {}): object => ({ resourceType: 'Encounter', subject, ...more });
const to = (number: number): { reference: string } => ({ reference: url(number) });

/** `category encounter: types` of each record. */
const brief = (records: readonly FhirRecord[]): string[] =>
  records.map(
    ({ category, encounter: of, resourceTypes }) =>
      `${category} ${of ?? '-'}: ${resourceTypes.join()}`,
  );

const grouped = (...resources: object[]): string[] =>
  brief(groupRecords(collectionOf(...resources)));

const resourcesOf = ({ bundle }: { bundle: Bundle }): Resource[] =>
  (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);

const text = (record: FhirRecord): string => new TextDecoder().decode(record.body);

describe('groupRecords', () => {
  it('makes one record per encounter and category', () => {
    const records = groupRecords(sampleBundle());
    expect(records.map(({ category }) => category)).to.deep.equal([
      'encounter',
      'result',
      'medication',
    ]);
    expect(new Set(records.map((one) => one.encounter)).size).to.equal(1);
    expect(records[1]?.resourceTypes).to.deep.equal(['DiagnosticReport', 'Observation']);
    expect(
      grouped(
        encounter(),
        encounter(),
        observation({ encounter: to(2) }),
        observation({ encounter: to(3) }),
        observation({ encounter: to(2) }),
      ),
    ).to.deep.equal([
      `encounter ${url(2)}: Encounter`,
      `encounter ${url(3)}: Encounter`,
      `result ${url(2)}: Observation`,
      `result ${url(3)}: Observation`,
    ]);
  });

  it('makes one record per category of what has no encounter', () => {
    const condition = { resourceType: 'Condition', subject };
    expect(grouped(observation(), condition, observation())).to.deep.equal([
      'result -: Observation',
      'problem -: Condition',
    ]);
  });

  it('finds the encounter wherever a resource names it', () => {
    const records = grouped(
      encounter(),
      { resourceType: 'Claim', item: [{ sequence: 1 }, { encounter: [to(2)] }] },
      { resourceType: 'ExplanationOfBenefit', claim: to(3) },
      {
        resourceType: 'DocumentReference',
        context: { encounter: [to(2)] },
        content: [{ attachment: { url: url(6) } }],
      },
      { resourceType: 'Binary', contentType: 'text/plain', data: 'AA==' },
      { resourceType: 'MedicationAdministration', context: to(2) },
      { resourceType: 'Provenance', target: [to(3)] },
      { resourceType: 'Claim', prescription: to(10) },
      { resourceType: 'MedicationRequest', encounter: to(2) },
    );
    expect(records.filter((one) => !one.includes(url(2)))).to.deep.equal([]);
    expect(records).to.include(`document ${url(2)}: Binary,DocumentReference,Provenance`);
    expect(records).to.include(`financial ${url(2)}: Claim,ExplanationOfBenefit`);
  });

  it('resolves Type/id and absolute addresses as well as urns', () => {
    const bundle = collectionOf(
      encounter({ id: 'e1' }),
      observation({ encounter: { reference: 'Encounter/e1' } }),
      observation({ encounter: { reference: 'Encounter/e1/_history/2' } }),
      observation({ encounter: { reference: 'https://h.example/fhir/Encounter/e1' } }),
    );
    const other = 'https://h.example/fhir/Encounter/e1';
    expect(groupRecords(bundle).map((one) => one.encounter)).to.deep.equal([url(2), url(2), other]);
    Object.assign(bundle.entry?.[1] ?? {}, { fullUrl: other });
    expect(groupRecords(bundle).map((one) => one.encounter)).to.deep.equal([other, other]);
  });

  it('keeps an encounter apart that the bundle does not hold', () => {
    expect(
      grouped(observation({ encounter: { reference: 'Encounter/far' } }), observation()),
    ).to.deep.equal(['result Encounter/far: Observation', 'result -: Observation']);
  });

  it('does not take an episode of care for an encounter', () => {
    const records = grouped(
      { resourceType: 'EpisodeOfCare' },
      { resourceType: 'MedicationDispense', context: to(2) },
    );
    expect(records).to.include('medication -: MedicationDispense');
  });

  it('ends where references run in a circle', () => {
    const claim = (number: number): object => ({
      resourceType: 'ExplanationOfBenefit',
      claim: to(number),
    });
    expect(grouped(claim(3), claim(2))).to.deep.equal(['financial -: ExplanationOfBenefit']);
  });

  it('copies what a record refers to into it, through other context too', () => {
    const bundle = collectionOf(
      observation({ performer: [to(4)] }),
      { resourceType: 'Condition', subject },
      { resourceType: 'PractitionerRole', practitioner: to(5), organization: to(6) },
      { resourceType: 'Practitioner' },
      { resourceType: 'Organization', partOf: to(6) },
    );
    const [result, problem] = groupRecords(bundle);
    expect(result?.bundle.entry?.map(({ fullUrl }) => fullUrl)).to.deep.equal(
      [1, 2, 4, 5, 6].map(url),
    );
    expect(problem?.bundle.entry?.map(({ fullUrl }) => fullUrl)).to.deep.equal([1, 3].map(url));
    expect(result?.resourceTypes).to.deep.equal(['Observation']);
  });

  it('completes the context from a directory', () => {
    const directory: Bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        {
          fullUrl: url(90),
          resource: { resourceType: 'Practitioner', identifier: [{ system: 'npi', value: '7' }] },
        },
        { fullUrl: url(91), resource: { resourceType: 'Practitioner' } },
      ],
    };
    const performer = [{ reference: 'Practitioner?identifier=npi|7' }];
    const [record] = groupRecords(collectionOf(observation({ performer })), { directory });
    expect(record?.bundle.entry?.map(({ fullUrl }) => fullUrl)).to.deep.equal([
      url(1),
      url(2),
      url(90),
    ]);
  });

  it('loses no context that nothing refers to', () => {
    expect(grouped(observation(), { resourceType: 'Device', patient: subject })).to.deep.equal([
      'result -: Observation',
      'procedure -: Device',
    ]);
    expect(grouped()).to.deep.equal(['encounter -: Patient']);
  });

  it('keeps a patient summary together', () => {
    const bundle = collectionOf(
      {
        resourceType: 'Composition',
        type: { coding: [{ system: 'http://loinc.org', code: '60591-5' }] },
      },
      { resourceType: 'Condition', subject, encounter: { reference: 'Encounter/x' } },
      { resourceType: 'AllergyIntolerance', patient: subject },
    );
    bundle.entry?.unshift(...bundle.entry.splice(1, 1));
    const records = groupRecords({ ...bundle, type: 'document' });
    expect(brief(records)).to.deep.equal([
      'emergency-summary -: AllergyIntolerance,Composition,Condition',
    ]);
  });

  it('carries attachments, precision of decimals and request-free entries', () => {
    const data = 'JVBERi0xLjQKJcfsj6IK'.repeat(50);
    const source = JSON.stringify(
      collectionOf(observation({ valueQuantity: { value: 150 } }), {
        resourceType: 'Binary',
        contentType: 'application/pdf',
        data,
      }),
    ).replace('"value":150', '"value":1.50');
    const reading = readBundle(source);
    if (reading.kind !== 'patient') throw new Error(reading.kind);
    const [result, document] = groupRecords(reading.bundle);
    expect(result === undefined ? '' : text(result)).to.contain('"value":1.50}');
    expect(document === undefined ? '' : text(document)).to.contain(data);
    expect(groupRecords(sampleBundle()).some((one) => text(one).includes('"request"'))).to.equal(
      false,
    );
  });

  it('labels a record with the labels of all in it, its bundle and its medication', () => {
    const medication = {
      resourceType: 'Medication',
      code: { coding: [{ system: 'http://www.whocc.no/atc', code: 'J05AR03' }] },
    };
    const bundle = collectionOf(
      { resourceType: 'MedicationRequest', subject, medicationReference: to(3) },
      medication,
      observation(),
    );
    expect(groupRecords(bundle).map(({ sensitivity }) => sensitivity)).to.deep.equal([['hiv'], []]);
    const security = [
      { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'V' },
    ];
    const [labelled, plain] = groupRecords({ ...bundle, meta: { security } });
    expect([labelled?.sensitivity, plain?.sensitivity]).to.deep.equal([['V', 'hiv'], ['V']]);
    expect(plain?.bundle.meta).to.deep.equal({ security });
  });

  describe('over any bundle', () => {
    const types = [
      'Observation',
      'Condition',
      'MedicationRequest',
      'Claim',
      'Practitioner',
      'Organization',
      'Device',
      'Encounter',
      'Provenance',
      'DocumentReference',
      'Binary',
      'Basic',
    ];
    const anyResource = fc.record(
      {
        resourceType: fc.constantFrom(...types),
        encounter: fc.nat(14).map(to),
        performer: fc.array(fc.nat(14).map(to), { maxLength: 2 }),
        target: fc.array(fc.nat(14).map(to), { maxLength: 2 }),
        claim: fc.nat(14).map(to),
        note: fc.array(fc.record({ text: fc.string({ unit: 'binary', minLength: 1 }) }), {
          maxLength: 1,
        }),
      },
      { requiredKeys: ['resourceType'] },
    );
    const anyBundle = fc
      .array(anyResource, { maxLength: 12 })
      .map((resources) => collectionOf(...resources));

    it('puts every clinical resource into exactly one record and loses nothing', () => {
      fc.assert(
        fc.property(anyBundle, (bundle) => {
          const records = groupRecords(bundle);
          const counts = new Map<Resource, number>();
          for (const resource of records.flatMap(resourcesOf))
            counts.set(resource, (counts.get(resource) ?? 0) + 1);
          for (const resource of resourcesOf({ bundle })) {
            const count = counts.get(resource) ?? 0;
            if (isContextType(resource.resourceType)) expect(count).to.be.at.least(1);
            else expect(count).to.equal(1);
          }
          const keys = records.map(({ category, encounter: of }) => `${category} ${of}`);
          expect(new Set(keys).size).to.equal(keys.length);
        }),
      );
    });

    it('gives each record only its own category, with the patient in it', () => {
      fc.assert(
        fc.property(anyBundle, (bundle) => {
          for (const record of groupRecords(bundle)) {
            const content = resourcesOf(record).filter(
              ({ resourceType }) => !isContextType(resourceType),
            );
            expect(content.every((one) => categoryOf(one) === record.category)).to.equal(true);
            expect(resourcesOf(record)).to.include(bundle.entry?.[0]?.resource);
          }
        }),
      );
    });

    it('gives the same bytes for the same submission, read again from its text', () => {
      fc.assert(
        fc.property(anyBundle, (bundle) => {
          const reading = readBundle(JSON.stringify(bundle));
          if (reading.kind !== 'patient') throw new Error(reading.kind);
          expect(groupRecords(reading.bundle).map(({ body }) => body)).to.deep.equal(
            groupRecords(bundle).map(({ body }) => body),
          );
        }),
      );
    });

    it('keeps names of any script, byte for byte', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary', minLength: 1 }), (name) => {
          const bundle: Bundle = {
            ...collectionOf(),
            entry: [{ fullUrl: PATIENT_URL, resource: { ...patient, name: [{ text: name }] } }],
          };
          const [record] = groupRecords(bundle);
          const back = readBundle(record?.body ?? '');
          if (back.kind !== 'patient') throw new Error(back.kind);
          expect(patientName(back.bundle)).to.equal(name);
        }),
      );
    });
  });
});

describe('categories', () => {
  const category = (resourceType: string, ...codes: string[]): string =>
    categoryOf({
      resourceType,
      category: codes.map((code) => ({ coding: [{ code }] })),
    } as unknown as Resource);

  it('follows the own category of observations, reports and requests', () => {
    expect(category('Observation', 'laboratory')).to.equal('result');
    expect(category('Observation', 'vital-signs')).to.equal('result');
    expect(category('Observation', 'social-history')).to.equal('result');
    expect(category('Observation')).to.equal('result');
    expect(category('Observation', 'imaging')).to.equal('imaging');
    expect(category('Observation', 'procedure')).to.equal('procedure');
    expect(category('DiagnosticReport', 'RAD')).to.equal('imaging');
    expect(category('DiagnosticReport', 'LAB')).to.equal('result');
    expect(category('ServiceRequest')).to.equal('procedure');
    expect(category('ServiceRequest', '108252007')).to.equal('result');
    expect(category('ServiceRequest', '363679005')).to.equal('imaging');
    expect(category('Condition', 'imaging')).to.equal('problem');
  });

  it('knows one for every resource type of FHIR R4', () => {
    for (const type of knownResourceTypes()) expect(CATEGORIES).to.include(category(type));
    expect(knownResourceTypes().size).to.be.above(120);
  });
});
