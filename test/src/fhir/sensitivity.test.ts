import { expect } from 'chai';
import type { Resource } from '@medplum/fhirtypes';
import { sensitivityOf, sensitivityOfAll } from '../../../src/fhir/sensitivity.ts';

const condition = (system: string, code: string, more: object = {}): Resource => ({
  resourceType: 'Condition',
  code: { coding: [{ system, code }] },
  subject: {},
  ...more,
});

const ICD_10_CM = 'http://hl7.org/fhir/sid/icd-10-cm';
const SNOMED = 'http://snomed.info/sct';
const security = (system: string | undefined, code: string): object => ({
  meta: { security: [{ ...(system === undefined ? {} : { system }), code }] },
});
const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

describe('sensitivity labels', () => {
  const coded: readonly (readonly [string, string, string[]])[] = [
    [SNOMED, '86406008', ['hiv']],
    ['http://loinc.org', '75622-1', ['hiv']],
    [ICD_10_CM, 'B20', ['hiv']],
    ['http://hl7.org/fhir/sid/icd-10', 'Z21', ['hiv']],
    ['http://www.whocc.no/atc', 'J05AR03', ['hiv']],
    [SNOMED, '66590003', ['substance-use']],
    [ICD_10_CM, 'F11.20', ['substance-use']],
    [ICD_10_CM, 'F1120', ['substance-use']],
    [ICD_10_CM, 'F17.210', []],
    [SNOMED, '370143000', ['mental-health']],
    [ICD_10_CM, 'F33.1', ['mental-health']],
    [ICD_10_CM, 'O09.90', ['sexual-reproductive']],
    [SNOMED, '72892002', ['sexual-reproductive']],
    [SNOMED, '38341003', []],
    [ICD_10_CM, 'I10', []],
    ['http://example.org/codes', 'F33.1', []],
  ];
  for (const [system, code, labels] of coded) {
    it(`gives ${code} of ${system} ${labels.length === 0 ? 'no label' : labels.join()}`, () => {
      expect(sensitivityOf(condition(system, code))).to.deep.equal(labels);
    });
  }

  it('takes the label of the source instead of the table', () => {
    expect(sensitivityOf(condition(SNOMED, '370143000', security(ACT_CODE, 'HIV')))).to.deep.equal([
      'hiv',
    ]);
    expect(
      sensitivityOf(condition(SNOMED, '38341003', security(CONFIDENTIALITY, 'R'))),
    ).to.deep.equal(['R']);
  });

  it('reads the table where the source says nothing but "normal"', () => {
    expect(
      sensitivityOf(condition(SNOMED, '370143000', security(CONFIDENTIALITY, 'N'))),
    ).to.deep.equal(['mental-health']);
  });

  it('keeps labels it does not know, so that they withhold', () => {
    expect(sensitivityOf(condition(SNOMED, '38341003', security(ACT_CODE, 'SDV')))).to.deep.equal([
      'SDV',
    ]);
    expect(sensitivityOf(condition(SNOMED, '38341003', security('urn:x', 'secret')))).to.deep.equal(
      ['urn:x|secret'],
    );
    expect(
      sensitivityOf(condition(SNOMED, '38341003', security(undefined, 'secret'))),
    ).to.deep.equal(['|secret']);
  });

  it('does not take test marks for labels', () => {
    const mark = security('http://terminology.hl7.org/CodeSystem/v3-ActReason', 'HTEST');
    expect(sensitivityOf(condition(SNOMED, '38341003', mark))).to.deep.equal([]);
  });

  it('looks into every place of a resource and into contained ones', () => {
    const within = condition(SNOMED, '38341003', {
      contained: [
        {
          resourceType: 'Medication',
          code: { coding: [{ system: 'http://www.whocc.no/atc', code: 'N06AB03' }] },
        },
      ],
      evidence: [{ code: [{ coding: [{ system: ICD_10_CM, code: 'A53.9' }] }] }],
    });
    expect(sensitivityOfAll([within])).to.deep.equal(['mental-health', 'sexual-reproductive']);
  });

  it('does not label a patient by the specialty of those who treat her', () => {
    const role = {
      ...condition(SNOMED, '370143000'),
      resourceType: 'PractitionerRole',
    } as unknown as Resource;
    expect(sensitivityOf(role)).to.deep.equal([]);
  });

  it('gives a label of the whole bundle to every record', () => {
    expect(
      sensitivityOfAll([condition(SNOMED, '38341003')], [{ system: ACT_CODE, code: 'ETH' }]),
    ).to.deep.equal(['substance-use']);
  });
});
