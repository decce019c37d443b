import { expect } from 'chai';
import { validateResource } from '../../../src/fhir/validateResource.ts';
import { observation, patient } from './samples.ts';

const faults = (resource: object): string[] =>
  validateResource(resource).map(
    ({ expression, diagnostics }) =>
      `${expression?.[0] ?? ''}: ${/\b[a-z]+-\d\b/.exec(diagnostics ?? '')?.[0] ?? diagnostics}`,
  );
const during = (start: string | undefined, end: string | undefined): string[] =>
  faults({
    ...observation(),
    effectivePeriod: { ...(start && { start }), ...(end && { end }) },
  });

describe('rules of data types', () => {
  it('refuse a period that ends before it begins, whatever its precision and zone', () => {
    const fault = ['Observation.effectivePeriod: per-1'];
    expect(during('2024-01-02', '2024-01-01')).to.deep.equal(fault);
    expect(during('2024-02', '2024-01-31')).to.deep.equal(fault);
    expect(during('2024-01-01T09:00:00Z', '2024-01-01T10:00:00+02:00')).to.deep.equal(fault);
  });

  it('take a period that may be in order', () => {
    expect(during('2024-01-01', '2024-01-01')).to.deep.equal([]);
    expect(during('2024-05-01', '2024-05')).to.deep.equal([]);
    expect(during('2024-05', '2024')).to.deep.equal([]);
    expect(during('2024-01-01T10:00:00+02:00', '2024-01-01T09:00:00Z')).to.deep.equal([]);
    expect(during('2024-01-01', undefined)).to.deep.equal([]);
    expect(during(undefined, '2024-01-01')).to.deep.equal([]);
  });

  it('want a system beside a code of a unit, also where a value may be of several types', () => {
    const coded = { value: 1, code: '/min' };
    expect(faults(observation({ valueQuantity: coded }))).to.deep.equal([
      'Observation.value: qty-3',
    ]);
    const { valueQuantity: _, ...rest } = observation() as Record<string, unknown>; // a sample's members
    expect(faults({ ...rest, valueCodeableConcept: { text: 'x' } })).to.deep.equal([]);
    expect(faults(observation({ referenceRange: [{ low: coded }] }))).to.deep.equal([
      'Observation.referenceRange[0].low: qty-3',
    ]);
  });

  it('want a system beside a telecom value and a type beside attached data', () => {
    expect(faults({ ...patient, telecom: [{ value: '1' }] })).to.deep.equal([
      'Patient.telecom[0]: cpt-2',
    ]);
    expect(faults({ ...patient, telecom: [{ system: 'phone', value: '1' }] })).to.deep.equal([]);
    expect(faults({ ...patient, photo: [{ data: 'aGVsbG8=' }] })).to.deep.equal([
      'Patient.photo[0]: att-1',
    ]);
  });
});
