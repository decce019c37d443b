import { expect } from 'chai';
import { generatePatients } from '../../../../src/fhir/generator/generatePatients.ts';
import { patientIdentifiers, patientName } from '../../../../src/fhir/patient.ts';
import { groupRecords } from '../../../../src/fhir/records.ts';
import { splitByProvider } from '../../../../src/fhir/providers.ts';

const hospitals = ['North Hospital', '北京医院', 'Lakeside Clinic', 'West Laboratory'];
const run = (seed: string | number, patients = 24): ReturnType<typeof generatePatients> =>
  generatePatients({ seed, patients, hospitals });

describe('generatePatients', () => {
  it('begins with 24 entries that become the records encounter, result and medication, whatever the seed', () => {
    for (let seed = 0; seed < 20; seed++) {
      const bundle = run(seed, 1)[0]?.bundles[0]?.bundle;
      expect(bundle?.entry).to.have.length(24);
      expect(bundle && groupRecords(bundle).map(({ category }) => category)).to.deep.equal([
        'encounter',
        'result',
        'medication',
      ]);
    }
  });

  it('gives the same patients for the same seed, others for another', () => {
    expect(JSON.stringify(run(3))).to.equal(JSON.stringify(run(3)));
    expect(JSON.stringify(run(3))).not.to.equal(JSON.stringify(run('3 other')));
    expect(run(3, 30).slice(0, 24)).to.deep.equal(run(3, 24));
  });

  it('names them in English and Chinese, the Chinese with a Latin transliteration', () => {
    const names = run(1).map(({ name }) => name);
    expect(names.filter((name) => /^[A-Z][a-z]+ [A-Z][a-z]+$/.test(name))).to.have.length(12);
    expect(names.filter((name) => /^\p{Script=Han}{2,4}$/u.test(name))).to.have.length(12);
    for (const { name, bundles } of run(1)) {
      for (const { bundle } of bundles) {
        expect(patientName(bundle)).to.equal(name);
        const patient = bundle.entry
          ?.map(({ resource }) => resource)
          .find((one) => one?.resourceType === 'Patient');
        expect(patient?.name).to.have.length(/\p{Script=Han}/u.test(name) ? 2 : 1);
      }
    }
  });

  it('enrols each at one to three of the hospitals, with one bundle and number at each', () => {
    const counts = new Set<number>();
    for (const patient of run(5)) {
      counts.add(patient.hospitals.length);
      expect(hospitals).to.include.members([...patient.hospitals]);
      expect(patient.bundles.map(({ hospital }) => hospital)).to.deep.equal(patient.hospitals);
      for (const { hospital, bundle } of patient.bundles) {
        expect([...splitByProvider(bundle).keys()]).to.deep.equal([hospital]);
        expect(patient.identifiers).to.deep.include.members(patientIdentifiers(bundle));
        expect(patientIdentifiers(bundle)).to.have.length(2);
      }
    }
    expect([...counts].sort()).to.deep.equal([1, 2, 3]);
  });

  it('covers ten categories and a sensitive record over a run', () => {
    const records = run(2, 12).flatMap(({ bundles }) =>
      bundles.flatMap(({ bundle }) => groupRecords(bundle)),
    );
    expect([...new Set(records.map(({ category }) => category))]).to.have.members([
      'encounter',
      'result',
      'medication',
      'problem',
      'allergy',
      'immunization',
      'procedure',
      'document',
      'care-plan',
      'financial',
    ]);
    expect(records.some(({ sensitivity }) => sensitivity.includes('mental-health'))).to.equal(true);
    expect(
      records.every(({ eventFrom, eventTo }) => eventFrom > 0 && eventFrom <= eventTo),
    ).to.equal(true);
  });

  it('gives no number and no address twice', () => {
    const all = run(9, 60);
    const urls = all.flatMap(({ bundles }) =>
      bundles.flatMap(({ bundle }) => bundle.entry?.map(({ fullUrl }) => fullUrl) ?? []),
    );
    expect(new Set(urls).size).to.equal(urls.length);
    const numbers = all.flatMap(({ identifiers }) =>
      identifiers.map(({ system, value }) => `${system} ${value}`),
    );
    expect(new Set(numbers).size).to.equal(numbers.length);
  });

  it('serves a single hospital too', () => {
    const [only] = generatePatients({ seed: 1, patients: 1, hospitals: ['A'] });
    expect(only?.hospitals).to.deep.equal(['A']);
  });
});
