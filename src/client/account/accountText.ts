import type { Hex } from '../../hash/bytes.ts';
import type { AccountGuard } from './authority.ts';
import { type GuardianRequest, patientOf } from './guardianRequests.ts';
import type { GuardianCard } from './guardians.ts';
import { durationText, timeText } from '../timeText.ts';

/** An account, and what guardians are asked, as people read it. */

const PENDING: Readonly<Record<NonNullable<AccountGuard['pending']>['kind'], string>> = {
  rotation: 'the owner moves to the account',
  recovery: 'her guardians give her the account',
  guardians: 'the owner names other guardians, or none',
};

/**
 * What stands on chain, line by line.
 * @param now chain time, seconds @param own the account that her wallet signs with, when it is at hand
 */
export function guardLines(guard: AccountGuard, now: number, own?: Hex): string[] {
  const { authority, threshold, delay, frozenUntil, pending } = guard;
  const whose =
    own === undefined
      ? ''
      : own === authority
        ? ', which this wallet holds'
        : '. THIS WALLET DOES NOT SIGN FOR HER ANY MORE: it holds another account';
  const lines = [
    `The account that signs for her is ${authority}${whose}.`,
    threshold === 0
      ? 'She has no guardians: whoever has her key moves the account at once, and a lost key is lost.'
      : `${threshold} of her guardians act together; what they or she change alone waits ${durationText(delay)}.`,
    frozenUntil > now
      ? `Her guardians have FROZEN it until ${timeText(frozenUntil)}: revocations pass, nothing else.`
      : 'It is not frozen.',
  ];
  if (pending === undefined) return [...lines, 'Nothing is pending.'];
  const to = pending.kind === 'guardians' ? '' : ` ${pending.authority}`;
  return [
    ...lines,
    `Pending: ${PENDING[pending.kind]}${to}. It is due at ${timeText(pending.effectiveFrom)}; then: npm run account -- complete`,
    'Not her wish? Her wallet drops it before: npm run account -- veto',
  ];
}

/** What a guardian reads before she approves. */
export function requestLines(
  wanted: GuardianRequest,
  { threshold, delay }: GuardianCard,
): string[] {
  const { patientId } = patientOf(wanted);
  const asked =
    wanted.message === 'RecoverAuthority'
      ? [
          `You are asked to give patient ${patientId} the account`,
          `  ${wanted.fields.authority}`,
          `When ${threshold} guardians approve, it signs for her after ${durationText(delay)}, unless her present account vetoes.`,
          'Let her read the account to you, by telephone or face to face: whoever holds it decides about her records.',
        ]
      : [
          `You are asked to freeze the account of patient ${patientId} for ${durationText(wanted.fields.duration)}.`,
          `When ${threshold} guardians approve, it can grant, enrol, erase and move nothing for that time; revocations pass.`,
          'Be sure by another way than this file that her key is in wrong hands.',
        ];
  return asked;
}
