import { CarelatticeError } from '../../errors.ts';
import type { GuardianPlan, HandOut } from './createPatient.node.ts';

/** What `create-patient` reads and tells about keys. */

/** `2/3` and a folder. @throws `BadOption` */
export function guardianPlanOf(
  text: string | undefined,
  folder: string | undefined,
): GuardianPlan | undefined {
  if (text === undefined && folder === undefined) return undefined;
  const [, threshold, guardians] = /^(\d{1,3})\/(\d{1,3})$/.exec(text ?? '') ?? [];
  if (threshold === undefined || folder === undefined) {
    throw new CarelatticeError(
      'BadOption',
      'guardians are given as --guardians 2/3 --shares-dir DIR: two of three must agree',
    );
  }
  return { threshold: Number(threshold), guardians: Number(guardians), folder };
}

/** What is given out once, and what to do with it. */
export function handOutText({ recoveryCode, shareFiles }: HandOut): string {
  const code =
    recoveryCode === undefined
      ? ''
      : 'Recovery code, shown only now. Write it on paper and keep it away from this machine:\n\n' +
        `    ${recoveryCode}\n\n`;
  const files = shareFiles.map((file) => `    ${file}\n`).join('');
  const shares =
    files === ''
      ? ''
      : `A share for each guardian. Hand them over, then delete them here:\n\n${files}\n`;
  return code + shares;
}

/** Said before her first enrolment. */
export const AT_STAKE = `Keep copies of the wallet file elsewhere: it is sealed, and every way to her keys goes through it.
If the copies are lost, or passphrase, recovery code and guardians' shares, nobody can open it: no hospital, no
consortium, no support. What hospitals hold of her stays with them; what no hospital may open is lost for ever.`;
