import type { EdgeEvent } from '../../chain/edgeEvents.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { PatientMessage } from '../../wire/messages.ts';
import type { Components } from '../components.ts';

/** Consents and revocations on their way to the chain: tried beforehand, so that the client hears at once what is wrong. */

export const GRANT = 4;
export const REVOKE = 5;
export const REVOKE_ALL = 6;

export const isConsentMessage = ({ kind }: PatientMessage): boolean =>
  kind >= GRANT && kind <= REVOKE_ALL;

/** Messages of a kind that one account, hers or a delegate's, may have relayed in a day of chain time. */
const MESSAGES_A_DAY = 100;
const DAY = 86_400;

/**
 * Each kind is counted by itself: whoever brings consents in her name never keeps her from taking them back.
 * @throws `PatientUnknown`, `TooManyMessages`
 */
export function requireQuota(c: Components, { patientId, kind, words }: PatientMessage): void {
  if (c.seen.authority(patientId) === undefined)
    throw new CarelatticeError('PatientUnknown', 'no such patient was opened in this network');
  const [account = patientId] = words;
  if (!c.consensus.countMessage(`${account} ${kind}`, Math.floor(c.now() / DAY), MESSAGES_A_DAY))
    throw new CarelatticeError(
      'TooManyMessages',
      'this node takes 100 messages of a kind of an account a day; bring it tomorrow, or by another node',
      { retryable: true },
    );
}

/** Tries the message on the chain as it is. @throws the contract's error under its own name, `MalformedBody` */
export async function tryConsentMessage(
  { contracts: { consents } }: Pick<Components, 'contracts'>,
  { kind, words, signature }: PatientMessage,
): Promise<void> {
  const [account, value] = words;
  if (!isAccountWord(account) || value === undefined || words.length !== 2 || !fits(kind, value)) {
    throw new CarelatticeError('MalformedBody', 'the message has not the fields of its kind', {
      facts: { kind, words: words.length },
    });
  }
  const address: Hex = `0x${account.slice(-40)}`;
  try {
    if (kind === GRANT) await consents.call('grant', [address, value, signature], 'latest');
    else if (kind === REVOKE) await consents.call('revoke', [address, value, signature], 'latest');
    else await consents.call('revokeAll', [address, BigInt(value), signature], 'latest');
  } catch (error) {
    if (!hasCode(error, 'Reverted')) throw error;
    const code = String(error.facts['error']);
    throw new CarelatticeError(code, REFUSALS[code] ?? 'the contract refuses this message', {
      cause: error,
    });
  }
}

const isAccountWord = (word: Hex | undefined): word is Hex =>
  word !== undefined && /^0x0{24}[0-9a-f]{40}$/.test(word);

/** An epoch has 64 bits. */
const fits = (kind: number, value: Hex): boolean => kind !== REVOKE_ALL || /^0x0{48}/.test(value);

const REFUSALS: Readonly<Record<string, string>> = {
  BadSignature: 'the message is not signed by the account that it names',
  Used: 'this consent was granted before; it stands',
  Revoked: 'this was revoked before, for ever; sign a new consent with a new nonce',
  NotRising: 'all consents up to this epoch were revoked before',
  Frozen: "the patient's guardians have frozen this account; revocations still pass",
};

/** What stands on chain waits no longer at a standby. */
export function settleConsentMessages(c: Components, event: EdgeEvent): void {
  switch (event.name) {
    case 'ConsentGranted':
      c.consensus.settleWords(GRANT, [wordOf(event.args.account), event.args.digest]);
      return;
    case 'ConsentRevoked':
      c.consensus.settleWords(REVOKE, [wordOf(event.args.account), event.args.digest]);
      return;
    case 'AllRevoked': {
      const { account, minEpoch } = event.args;
      const epoch: Hex = `0x${minEpoch.toString(16).padStart(64, '0')}`;
      c.consensus.settleWords(REVOKE_ALL, [wordOf(account), epoch]);
      return;
    }
    default:
  }
}

const wordOf = (account: Hex): Hex => `0x${account.slice(2).padStart(64, '0')}`;
