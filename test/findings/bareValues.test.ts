import { expect } from 'chai';
import { validateResource } from '../../src/fhir/validateResource.ts';

/** A bare number or truth value in the place of an object was taken for a valid one. */
describe('a number where FHIR has an object', () => {
  const observation = {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'Heart rate' },
    subject: { reference: 'Patient/1' },
    valueQuantity: { value: 72 },
  };
  const placesOf = (resource: object): (string | undefined)[] =>
    validateResource(resource).map(({ expression }) => expression?.[0]);

  it('is refused at its path', () => {
    expect(placesOf({ ...observation, code: 7 })).to.deep.equal(['Observation.code']);
    expect(placesOf({ ...observation, subject: true })).to.deep.equal(['Observation.subject']);
    expect(placesOf({ ...observation, category: [1] })).to.deep.equal(['Observation.category']);
  });

  it('stands where it belongs', () => {
    const { valueQuantity: _, ...without } = observation;
    expect(placesOf(observation)).to.deep.equal([]);
    expect(placesOf({ ...without, valueInteger: 72 })).to.deep.equal([]);
    expect(placesOf({ ...without, valueBoolean: true })).to.deep.equal([]);
  });
});
