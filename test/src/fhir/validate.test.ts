import { expect } from 'chai';
import type { Bundle, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { generatePatients } from '../../../src/fhir/generator/generatePatients.ts';
import { refuses } from '../../../src/fhir/outcome.ts';
import { groupRecords } from '../../../src/fhir/records.ts';
import { validateBundle } from '../../../src/fhir/validate.ts';
import { collectionOf, observation, patient, PATIENT_URL, sampleBundle, url } from './samples.ts';

/** `severity code expression` of each issue. */
const brief = (issues: readonly OperationOutcomeIssue[]): string[] =>
  issues.map(({ severity, code, expression }) => `${severity} ${code} ${expression?.join()}`);

const issuesOf = async (...resources: object[]): Promise<string[]> =>
  brief(await validateBundle(collectionOf(...resources)));

const AT = 'Bundle.entry[1].resource';

describe('validateBundle', () => {
  it('finds nothing in valid bundles of both languages, nor in the records made of them', async () => {
    for (const { bundles } of generatePatients({
      seed: 7,
      patients: 6,
      hospitals: ['A', '北京医院', 'C'],
    })) {
      for (const { bundle } of bundles) {
        expect(await validateBundle(bundle)).to.deep.equal([]);
        for (const record of groupRecords(bundle)) {
          expect(
            brief(await validateBundle(record.bundle)).filter((one) => !one.startsWith('warning')),
          ).to.deep.equal([]);
        }
      }
    }
  });

  const broken: readonly (readonly [what: string, resource: object, issue: string])[] = [
    [
      'a missing required member',
      { ...observation(), status: undefined },
      `error structure ${AT}.status`,
    ],
    [
      'a code outside a required value set',
      observation({ status: 'finished' }),
      `error code-invalid ${AT}.status`,
    ],
    ['an unknown member', observation({ colour: 'red' }), `error structure ${AT}.colour`],
    [
      'a member hidden as a method of every object',
      observation({ constructor: 'red' }),
      `error structure ${AT}.constructor`,
    ],
    [
      'a date of no calendar',
      {
        ...patient,
        id: 'p2',
        resourceType: 'Person',
        active: true,
        identifier: undefined,
        birthDate: '2023-02-30',
      },
      `error structure ${AT}.birthDate`,
    ],
    [
      'a date of another form',
      observation({ effectiveDateTime: '12.03.2020' }),
      `error structure ${AT}.effective`,
    ],
    [
      'a number written as text',
      observation({ valueQuantity: { value: '72' } }),
      `error structure ${AT}.value.value`,
    ],
    [
      'a list where one value belongs',
      observation({ status: ['final'] }),
      `error structure ${AT}.status`,
    ],
    [
      'one value where a list belongs',
      observation({ category: { text: 'x' } }),
      `error structure ${AT}.category`,
    ],
    ['an empty list', observation({ category: [] }), `error structure ${AT}.category`],
    ['an empty object', observation({ method: {} }), `error structure ${AT}.method`],
    ['null', observation({ method: null }), `error structure ${AT}.method`],
    [
      'an empty text',
      observation({ valueQuantity: { value: 1, unit: '' } }),
      `error structure ${AT}.valueQuantity.unit`,
    ],
    ['two values of one choice', observation({ valueString: 'x' }), `error structure ${AT}`],
    [
      'a broken invariant',
      observation({ component: [{ code: { text: 'x' } }], dataAbsentReason: { text: 'x' } }),
      `error invariant ${AT}`,
    ],
    [
      'a text where an object belongs',
      observation({ code: 'pulse' }),
      `error structure ${AT}.code`,
    ],
    [
      'a wrong coding in a required concept',
      {
        resourceType: 'Condition',
        subject: { reference: PATIENT_URL },
        clinicalStatus: {
          coding: [
            { system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'gone' },
          ],
        },
      },
      `error code-invalid ${AT}.clinicalStatus`,
    ],
    [
      'a right code of a wrong system',
      {
        resourceType: 'Condition',
        subject: { reference: PATIENT_URL },
        clinicalStatus: { coding: [{ system: 'http://example.org', code: 'active' }] },
      },
      `error code-invalid ${AT}.clinicalStatus`,
    ],
    [
      'a required concept without coding',
      {
        resourceType: 'Condition',
        subject: { reference: PATIENT_URL },
        clinicalStatus: { text: 'active' },
      },
      `error code-invalid ${AT}.clinicalStatus`,
    ],
    [
      'no base64',
      { resourceType: 'Binary', contentType: 'text/plain', data: 'a$==' },
      `error structure ${AT}.data`,
    ],
    [
      'an unknown resource type',
      { resourceType: 'Observatory' },
      `error structure ${AT}.resourceType`,
    ],
    [
      'an abstract resource type',
      { resourceType: 'DomainResource' },
      `error structure ${AT}.resourceType`,
    ],
    [
      'a contained resource of unknown type',
      observation({ contained: [{ resourceType: 'Nothing' }] }),
      `error structure ${AT}`,
    ],
    [
      'a fault in a contained resource',
      observation({
        contained: [{ resourceType: 'Device', id: 'd', status: 'lost' }],
        device: { reference: '#d' },
      }),
      `error code-invalid ${AT}.contained[0].status`,
    ],
    [
      'a bundle in the bundle',
      { resourceType: 'Bundle', type: 'collection' },
      `error not-supported ${AT}`,
    ],
    [
      'a bad extension',
      observation({ extension: [{ valueString: 'x' }] }),
      `error structure ${AT}.extension[0].url`,
    ],
  ];
  for (const [what, resource, expected] of broken) {
    it(`names the path of ${what}`, async () => {
      // As it would come from JSON: members that are undefined are not there.
      const issues = await validateBundle(
        collectionOf(JSON.parse(JSON.stringify(resource)) as object),
      );
      expect(brief(issues)).to.include(expected);
      expect(issues.every(({ diagnostics }) => (diagnostics ?? '') !== '')).to.equal(true);
      expect(refuses(issues)).to.equal(true);
    });
  }

  it('accepts white space in base64, as FHIR R4 does', async () => {
    expect(
      await issuesOf({ resourceType: 'Binary', contentType: 'text/plain', data: 'aGVs\n bG8=\n' }),
    ).to.deep.equal([]);
  });

  it('accepts a primitive that has only an extension', async () => {
    const absent = {
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' },
      ],
    };
    const rest = observation({ status: undefined });
    expect(
      await issuesOf(JSON.parse(JSON.stringify({ ...rest, _status: absent })) as object),
    ).to.deep.equal([]);
  });

  it('accepts every script and emoji in texts', async () => {
    const note = [{ text: '患者自述头痛 🤕 – رأس – सिर' }];
    expect(await issuesOf(observation({ note }))).to.deep.equal([]);
  });

  describe('about whom', () => {
    const subject = (reference: string, more: object = {}): Promise<string[]> =>
      issuesOf(observation({ subject: { reference }, ...more }));

    it('refuses content about another patient', async () => {
      expect(await subject('Patient/other')).to.deep.equal([`error business-rule ${AT}.subject`]);
      expect(await subject('http://other.example/fhir/Patient/p9')).to.deep.equal([
        `error business-rule ${AT}.subject`,
      ]);
    });

    it('refuses content about somebody the bundle does not hold', async () => {
      expect(await subject(url(99))).to.include(`error business-rule ${AT}.subject`);
    });

    it('refuses content about a contained patient', async () => {
      const contained = [{ resourceType: 'Patient', id: 'x' }];
      expect(await subject('#x', { contained })).to.deep.equal([
        `error business-rule ${AT}.subject`,
      ]);
    });

    it('refuses a practitioner as subject, also behind a urn', async () => {
      const issues = await issuesOf(observation({ subject: { reference: url(3) } }), {
        resourceType: 'Practitioner',
      });
      expect(issues).to.deep.equal([`error structure ${AT}.subject`]);
    });

    it('takes Patient/id for the patient of the bundle', async () => {
      expect(await subject('Patient/p1')).to.deep.equal([]);
    });
  });

  describe('references', () => {
    it('warns of an address the bundle does not hold', async () => {
      expect(await issuesOf(observation({ encounter: { reference: url(77) } }))).to.deep.equal([
        `warning not-found ${AT}.encounter.reference`,
      ]);
    });

    it('warns of a target of the wrong type', async () => {
      expect(await issuesOf(observation({ encounter: { reference: PATIENT_URL } }))).to.deep.equal([
        `warning structure ${AT}.encounter`,
      ]);
    });
  });

  describe('the bundle itself', () => {
    const change = async (edit: (bundle: Bundle) => void): Promise<string[]> => {
      const bundle = sampleBundle();
      edit(bundle);
      return brief(await validateBundle(bundle));
    };

    it('refuses an entry of a transaction without request', async () => {
      const issues = await change(({ entry }) => delete entry?.[3]?.request);
      expect(issues).to.deep.equal(['error invariant Bundle.entry[3].request']);
    });

    it('refuses a request in a collection', async () => {
      const issues = await change((bundle) => (bundle.type = 'collection'));
      expect(issues).to.include('error invariant Bundle.entry[0].request').and.to.have.length(24);
    });

    it('refuses deletion', async () => {
      const issues = await change(({ entry }) =>
        Object.assign(entry?.[5] ?? {}, { request: { method: 'DELETE', url: 'Observation/1' } }),
      );
      expect(issues).to.deep.equal(['error not-supported Bundle.entry[5].request.method']);
    });

    it('refuses a method that HTTP does not know', async () => {
      const issues = await change(({ entry }) =>
        Object.assign(entry?.[5] ?? {}, { request: { method: 'STEAL', url: 'x' } }),
      );
      expect(issues).to.include('error code-invalid Bundle.entry[5].request.method');
    });

    it('refuses an unknown member of an entry', async () => {
      const issues = await change(({ entry }) =>
        Object.assign(entry?.[5] ?? {}, { colour: 'red' }),
      );
      expect(issues).to.deep.equal(['error structure Bundle.entry[5].colour']);
    });

    it('refuses one address for two entries', async () => {
      const issues = await change(({ entry }) =>
        Object.assign(entry?.[5] ?? {}, { fullUrl: entry?.[4]?.fullUrl }),
      );
      expect(issues).to.deep.equal(['error duplicate Bundle.entry[5].fullUrl']);
    });

    it('refuses an entry without resource', async () => {
      const issues = await change(({ entry }) => delete entry?.[23]?.resource);
      expect(issues).to.deep.equal(['error required Bundle.entry[23].resource']);
    });

    it('refuses a document that does not begin with its Composition or has no identifier', async () => {
      const document: Bundle = {
        ...collectionOf(observation()),
        type: 'document',
        timestamp: '2024-01-01T00:00:00Z',
      };
      expect(brief(await validateBundle(document))).to.have.members([
        'error invariant Bundle',
        'error invariant Bundle.entry[0].resource',
      ]);
    });
  });

  it('stops when it is aborted', async () => {
    const bundle = collectionOf(...Array.from({ length: 400 }, () => observation()));
    const stop = new AbortController();
    const work = validateBundle(bundle, { signal: stop.signal });
    stop.abort(new Error('enough'));
    expect(await work.catch((error: unknown) => error)).to.have.property('message', 'enough');
  });
});
