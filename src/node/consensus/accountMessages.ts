import type { Result } from 'ethers';
import { CarelatticeError, hasCode } from '../../errors.ts';
import type { PatientMessage } from '../../wire/messages.ts';
import type { Components } from '../components.ts';

/** Messages about a patient's account on their way to the chain: tried beforehand, as consents are. */

const FUNCTION = {
  7: 'setAuthority',
  8: 'setGuardians',
  9: 'recoverAuthority',
  10: 'vetoRecovery',
  11: 'freezeAuthority',
  12: 'setInboxKey',
  13: 'completeAuthority',
} as const;

type Kind = keyof typeof FUNCTION;

const isKind = (kind: number): kind is Kind => Object.hasOwn(FUNCTION, kind);

export const isAccountMessage = ({ kind }: PatientMessage): boolean => isKind(kind);

/**
 * How much of a batch a message may take, in plain messages: sixteen guardians may be contracts that burn 100,000 gas
 * each, long signatures cost by the byte, and a batch has to fit into one transaction.
 */
export const weightOf = ({ kind, signature }: PatientMessage): number =>
  (isKind(kind) && kind !== 10 && kind < 12 ? 25 : 1) + Math.floor(signature.length / BYTES_EACH);

/** Hex digits of 512 bytes. */
const BYTES_EACH = 1024;

/** Tries the message on the chain as it is. @throws the contract's error under its own name, `MalformedBody` */
export async function tryAccountMessage(
  { contracts: { patientRegistry }, now }: Pick<Components, 'contracts' | 'now'>,
  { kind, words, signature }: PatientMessage,
): Promise<void> {
  if (!isKind(kind)) return;
  const name = FUNCTION[kind];
  const data = [patientRegistry.abi.getFunction(name)?.selector, ...words, signature]
    .map((part, index) => (index === 0 ? part : part?.slice(2)))
    .join('');
  let args: Result;
  try {
    args = patientRegistry.abi.decodeFunctionData(name, data);
  } catch (cause) {
    throw new CarelatticeError('MalformedBody', 'the message has not the fields of its kind', {
      facts: { kind },
      cause,
    });
  }
  try {
    // The ABI that decoded them made them of the function's own types.
    await patientRegistry.call(name, args as never, 'latest');
  } catch (error) {
    if (!hasCode(error, 'Reverted')) throw error;
    const { error: code, ...facts } = error.facts;
    // The newest block may be old where nobody sends (a development chain): what is due passes in the next one.
    if (code === 'TooEarly' && Number(facts['effectiveFrom']) <= now()) return;
    const { text, isRetryable } = REFUSALS[String(code)] ?? {};
    throw new CarelatticeError(String(code), text ?? 'the contract refuses this message', {
      facts,
      retryable: isRetryable === true,
      cause: error,
    });
  }
}

const REFUSALS: Readonly<Record<string, { text: string; isRetryable?: boolean }>> = {
  BadSignature: { text: 'the message is not signed by an account that it has to be signed by' },
  AuthorityFrozen: {
    text: "the patient's guardians have frozen this account; revocations still pass",
  },
  WrongSeq: { text: 'the message has not the next number; read it from the chain and sign again' },
  NoGuardians: { text: 'the patient has no guardians' },
  WrongApprovalCount: { text: 'not as many guardians approve as she asks for' },
  NotAGuardian: { text: 'one who approves is no guardian of this patient' },
  RecoveryPending: { text: 'her guardians are recovering the account; veto that first' },
  NothingPending: { text: 'nothing is pending' },
  TooEarly: { text: 'the change waits for its time', isRetryable: true },
  NotHerAuthority: { text: 'the account does not sign for this patient' },
  AppliedBefore: { text: 'this message was applied before; sign it anew' },
};
