import { CarelatticeError } from '../../src/errors.ts';

/** The code that an act ends with, `none` when it succeeds, or the text of an error that is not ours. */
export async function codeOf(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    return error instanceof CarelatticeError ? error.code : String(error);
  }
  return 'none';
}
