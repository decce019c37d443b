import { CarelatticeError } from '../errors.ts';
import { plainLine } from './plainLine.ts';

/** The form of an error's code. */
export const ERROR_CODE = /^[A-Za-z][A-Za-z0-9]{0,63}$/;

/** Characters of a message that another program wrote. */
const LONGEST = 1000;

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** What another program refused with, fit to be shown to people: its message is one line of limited length. @throws `MalformedBody` */
export function refusalOf({ code, message, retryable }: Refusal): CarelatticeError {
  if (!ERROR_CODE.test(code))
    throw new CarelatticeError('MalformedBody', 'the answer refuses without the code of an error');
  const text = message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message;
  return new CarelatticeError(code, plainLine(text), { retryable });
}
