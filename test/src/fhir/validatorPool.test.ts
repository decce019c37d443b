import { expect } from 'chai';
import type { Bundle } from '@medplum/fhirtypes';
import { hasCode } from '../../../src/errors.ts';
import { validateBundle } from '../../../src/fhir/validate.ts';
import { createValidatorPool, type ValidatorPool } from '../../../src/fhir/validatorPool.node.ts';
import { collectionOf, observation, sampleBundle } from './samples.ts';

/** Every tenth observation has a fault. */
const mixed = (): Bundle =>
  collectionOf(
    ...Array.from({ length: 200 }, (_, i) =>
      observation(i % 10 === 0 ? { status: 'finished' } : {}),
    ),
  );

describe('validator pool', () => {
  let pool: ValidatorPool;
  beforeEach(() => {
    pool = createValidatorPool({ threads: 2 });
  });
  afterEach(() => pool.close());

  it('finds what one thread finds, in the same order', async () => {
    const issues = await pool.validate(mixed());
    expect(issues).to.deep.equal(await validateBundle(mixed()));
    expect(issues).to.have.length(20);
  });

  it('serves several bundles at once', async () => {
    const all = await Promise.all(
      [mixed(), sampleBundle(), mixed()].map((one) => pool.validate(one)),
    );
    expect(all.map(({ length }) => length)).to.deep.equal([20, 0, 20]);
  });

  it('goes on after a call was aborted', async () => {
    const stop = new AbortController();
    const work = pool.validate(mixed(), { signal: stop.signal });
    stop.abort(new Error('enough'));
    expect(await work.catch((error: unknown) => error)).to.have.property('message', 'enough');
    expect(await pool.validate(sampleBundle())).to.deep.equal([]);
  });

  it('rejects content that cannot be handed over, and goes on', async () => {
    const odd = collectionOf({ resourceType: 'Basic', code: { text: () => 'x' } });
    const error = await pool.validate(odd).catch((thrown: unknown) => thrown);
    expect(hasCode(error, 'ValidatorFailed')).to.equal(true);
    expect(await pool.validate(sampleBundle())).to.deep.equal([]);
  });

  it('rejects work under way and later when it is closed', async () => {
    const work = pool.validate(mixed()).catch((thrown: unknown) => thrown);
    await pool.close();
    expect(hasCode(await work, 'ValidatorClosed')).to.equal(true);
    const later = await pool.validate(mixed()).catch((thrown: unknown) => thrown);
    expect(hasCode(later, 'ValidatorClosed')).to.equal(true);
  });
});
