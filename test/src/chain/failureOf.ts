import { expect } from 'chai';
import { CarelatticeError } from '../../../src/errors.ts';

/** The error of a promise that must fail. */
export async function failureOf(promise: Promise<unknown>): Promise<CarelatticeError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(CarelatticeError);
  return error as CarelatticeError; // just asserted
}
