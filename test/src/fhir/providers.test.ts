import { expect } from 'chai';
import type { Bundle } from '@medplum/fhirtypes';
import { hasCode } from '../../../src/errors.ts';
import { splitByProvider, type SplitOptions } from '../../../src/fhir/providers.ts';
import { validateBundle } from '../../../src/fhir/validate.ts';
import { collectionOf, observation, patient, PATIENT_URL, sampleBundle, url } from './samples.ts';

const to = (number: number): { reference: string } => ({ reference: url(number) });
const encounter = (serviceProvider?: object): object => ({
  resourceType: 'Encounter',
  subject: { reference: PATIENT_URL },
  serviceProvider,
});
const organization = (name?: string, id?: string): object => ({
  resourceType: 'Organization',
  name,
  id,
});

/** Provider -> numbers of the entries in its part. */
function split(bundle: Bundle, options?: SplitOptions): Record<string, number[]> {
  return Object.fromEntries(
    [...splitByProvider(bundle, options)].map(([name, part]) => [
      name,
      (part.entry ?? []).map(({ fullUrl }) => Number(fullUrl?.slice(-12))),
    ]),
  );
}

describe('splitByProvider', () => {
  it('gives each hospital its encounters with what belongs to them', () => {
    const bundle = collectionOf(
      organization('North'), // 2
      organization('南方医院'), // 3
      encounter(to(2)), // 4
      encounter(to(3)), // 5
      observation({ encounter: to(4) }),
      observation({ encounter: to(5) }),
    );
    expect(split(bundle)).to.deep.equal({ North: [1, 2, 4, 6], 南方医院: [1, 3, 5, 7] });
  });

  it('gives what has no encounter to the provider of most encounters, at a tie the first', () => {
    const tie = collectionOf(
      organization('North'),
      organization('South'),
      encounter(to(3)),
      encounter(to(2)),
      observation(),
    );
    expect(split(tie)['South']).to.include(6);
    const most = collectionOf(
      organization('North'),
      organization('South'),
      encounter(to(2)),
      encounter(to(3)),
      encounter(to(3)),
      observation(),
    );
    expect(split(most)['South']).to.include(7);
    expect(split(most, { defaultProvider: 'North' })['North']).to.include(7);
    expect(split(most, { defaultProvider: 'East' })['East']).to.deep.equal([1, 7]);
  });

  it('takes the name from a directory, else from the reference', () => {
    const directory: Bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ fullUrl: url(90), resource: { resourceType: 'Organization', name: 'Far' } }],
    };
    expect(split(collectionOf(encounter(to(90))), { directory })).to.deep.equal({ Far: [1, 2] });
    expect(
      Object.keys(split(collectionOf(encounter({ reference: 'Organization/7', display: 'Near' })))),
    ).to.deep.equal(['Near']);
    expect(
      Object.keys(split(collectionOf(encounter({ reference: 'Organization/7' })))),
    ).to.deep.equal(['Organization/7']);
  });

  it('keeps two hospitals of one name apart', () => {
    const bundle = collectionOf(
      organization('General'),
      organization('General'),
      encounter(to(2)),
      encounter(to(3)),
    );
    expect(split(bundle)).to.deep.equal({
      [`General (${url(2)})`]: [1, 2, 4],
      [`General (${url(3)})`]: [1, 3, 5],
    });
  });

  it('falls back on the managing organization, and refuses when nothing tells', () => {
    const bundle = collectionOf(organization('Home'), observation());
    expect(() => splitByProvider(bundle))
      .to.throw()
      .and.to.satisfy((error: unknown) => hasCode(error, 'ProviderUnknown'));
    bundle.entry?.splice(0, 1, {
      fullUrl: PATIENT_URL,
      resource: { ...patient, managingOrganization: to(2) },
    });
    expect(split(bundle)).to.deep.equal({ Home: [1, 2, 3] });
  });

  it('loses nothing and leaves valid bundles', async () => {
    const whole = sampleBundle();
    const parts = splitByProvider(whole);
    expect([...parts.keys()]).to.deep.equal(['North Hospital']);
    expect(parts.get('North Hospital')).to.deep.equal(whole);
    const mixed = collectionOf(organization('North'), organization('South'), encounter(to(2)), {
      resourceType: 'Device',
      patient: { reference: PATIENT_URL },
    });
    expect([...new Set(Object.values(split(mixed)).flat())].sort()).to.deep.equal([1, 2, 3, 4, 5]);
    for (const part of parts.values()) expect(await validateBundle(part)).to.deep.equal([]);
  });

  it('makes collections of a document', () => {
    const bundle: Bundle = {
      ...collectionOf(organization('North'), encounter(to(2))),
      type: 'document',
      timestamp: '2024-01-01T00:00:00Z',
    };
    const part = splitByProvider(bundle).get('North');
    expect(part).to.include({ type: 'collection' }).and.not.to.have.property('timestamp');
  });
});
