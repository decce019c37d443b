import { readFile } from 'node:fs/promises';
import { CarelatticeError } from '../../errors.ts';

/** The text of a consent's file: a patient's draft, or what she gave a reader. @throws `NoConsentFile` */
export async function consentFileText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CarelatticeError('NoConsentFile', 'the consent file cannot be read', {
      facts: { path },
      cause,
    });
  }
}
