import { expect } from 'chai';
import type { Bundle, HumanName } from '@medplum/fhirtypes';
import { nameText, patientIdentifiers, patientName } from '../../../src/fhir/patient.ts';
import { collectionOf, patient } from './samples.ts';

const named = (...name: HumanName[]): Bundle => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: [{ resource: { ...patient, name } }],
});

describe('the patient of a bundle', () => {
  it('is called by the official name', () => {
    expect(patientName(collectionOf())).to.equal('王小明');
    expect(
      patientName(named({ use: 'nickname', text: 'Al' }, { use: 'official', text: 'Alan' })),
    ).to.equal('Alan');
    expect(patientName(named({ use: 'old', text: 'A' }, { use: 'usual', text: 'B' }))).to.equal(
      'B',
    );
    expect(patientName(named({ text: 'A' }))).to.equal('A');
    expect(patientName(named())).to.equal('');
  });

  it('is written as the script asks', () => {
    expect(nameText({ family: 'García', given: ['Ana', 'María'], prefix: ['Dra.'] })).to.equal(
      'Dra. Ana María García',
    );
    expect(nameText({ family: '김', given: ['민준'] })).to.equal('김민준');
    expect(nameText({ family: 'حداد', given: ['ليلى'] })).to.equal('ليلى حداد');
    expect(nameText({ given: ['Madonna'] })).to.equal('Madonna');
  });

  it('keeps the text of a name as it is, unnormalised', () => {
    const text = 'e\u0301 \u200D𠮷';
    expect(patientName(named({ text }))).to.equal(text);
  });

  it('has the identifiers with system and value', () => {
    const bundle = collectionOf();
    const identifier = [
      { system: 'a', value: '1' },
      { value: '2' },
      { system: 'b' },
      { system: 'c', value: ' 3' },
    ];
    bundle.entry = [{ resource: { ...patient, identifier } }];
    expect(patientIdentifiers(bundle)).to.deep.equal([
      { system: 'a', value: '1' },
      { system: 'c', value: ' 3' },
    ]);
    expect(patientIdentifiers({ resourceType: 'Bundle', type: 'collection' })).to.deep.equal([]);
  });
});
