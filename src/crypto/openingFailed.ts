import { CarelatticeError } from '../errors.ts';

/** One error for every failing decryption, with no cause and no facts: it tells neither what failed nor any content. */
export const openingFailed = (): CarelatticeError =>
  new CarelatticeError('OpeningFailed', 'sealed data does not open with this key');
