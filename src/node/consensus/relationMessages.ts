import { keptCommitment, patientIdOf } from '../../crypto/derivations.ts';
import { recoverAccount } from '../../crypto/signatures.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { PatientMessage } from '../../wire/messages.ts';
import { typedDigest } from '../../wire/typedData.ts';
import type { Components } from '../components.ts';
import { OPEN_PATIENT, SCOPE_EPOCH, SET_RELATIONS } from './sharePatients.ts';

/**
 * Openings, relations and scope epochs on their way to the chain: tried beforehand, so that nobody fills the journal, and
 * the batches that this node pays for, with what no patient signed.
 */

type Asked = Pick<Components, 'contracts' | 'consensus' | 'self'>;

/**
 * 'wanted': the chain would take it, or does once the opening before it stands there. 'stands': the chain has this very
 * one, and needs no batch.
 * @throws `MalformedBody`, `PatientUnknown` (retryable), the contract's error under its own name
 */
export async function tryRelationMessage(
  c: Asked,
  message: PatientMessage,
): Promise<'wanted' | 'stands'> {
  requireForm(c, message);
  try {
    await call(c, message);
    return 'wanted';
  } catch (error) {
    if (!hasCode(error, 'Reverted')) throw error;
    const code = String(error.facts['error']);
    if (code === 'UnknownPatient') {
      requireOpeningBefore(c, message);
      return 'wanted';
    }
    if (code === 'PatientExists') return 'stands';
    if (code === 'OldEpoch' && (await stepStands(c, message))) return 'stands';
    if (code === 'OldSeq' && (await standsOnChain(c, message))) return listIsKnown(c, message);
    throw new CarelatticeError(code, REFUSALS[code] ?? 'the contract refuses this message', {
      cause: error,
    });
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  BadSignature: 'the message is not signed by the account that signs for this patient',
  OldSeq: 'the relations on the chain have this number or a later one; sign with the next number',
  OldEpoch:
    'the chain has another key of this category at this epoch, or a later one; step to the epoch after that',
  NumberTooFar: 'the number is too far above the present one; sign the next one',
  AuthorityFrozen: "the patient's guardians have frozen this account; revocations still pass",
};

/** Words of each kind, and how many bytes of each are not zero at most. */
const FORMS: Readonly<Record<number, readonly number[]>> = {
  [OPEN_PATIENT]: [20, 32, 32],
  [SET_RELATIONS]: [32, 8, 32],
  [SCOPE_EPOCH]: [32, 8, 32, 4, 32],
};

/** @throws `MalformedBody` */
function requireForm({ self }: Asked, { kind, words, patientId }: PatientMessage): void {
  const form = FORMS[kind] ?? [];
  const fits = (word: Hex, bytes: number): boolean => BigInt(word) >> BigInt(8 * bytes) === 0n;
  const [first = '0x', nonce = '0x'] = words;
  const isWhole =
    words.length === form.length && form.every((bytes, index) => fits(words[index] ?? '0x', bytes));
  const named = kind === OPEN_PATIENT ? idOf(self.network.networkId, first, nonce) : first;
  if (isWhole && named === patientId) return;
  throw new CarelatticeError('MalformedBody', 'the message has not the fields of its kind', {
    facts: { kind, words: words.length },
  });
}

const accountIn = (word: Hex): Hex => `0x${word.slice(-40)}`;
const idOf = (networkId: Hex, account: Hex, nonce: Hex): Hex | undefined =>
  account.length === 66 && nonce.length === 66
    ? patientIdOf(networkId, accountIn(account), nonce)
    : undefined;

async function call({ contracts }: Asked, { kind, words, signature }: PatientMessage) {
  const { patientRegistry } = contracts;
  const [first = '0x', second = '0x', third = '0x', fourth = '0x', fifth = '0x'] = words;
  if (kind === OPEN_PATIENT) {
    const args = [accountIn(first), second, third, signature] as const;
    await patientRegistry.call('openPatient', [...args], 'latest');
  } else if (kind === SET_RELATIONS) {
    const args = [first, BigInt(second), third, signature] as const;
    await patientRegistry.call('setRelations', [...args], 'latest');
  } else {
    const args = [first, BigInt(second), third, Number(fourth), fifth, signature] as const;
    await patientRegistry.call('setScopeEpoch', [...args], 'latest');
  }
}

/**
 * Her first messages come together: of one that is not on the chain yet, the opening that waits here names the account.
 * @throws `PatientUnknown`, retryable: it may pass when the opening stands; `BadSignature`
 */
function requireOpeningBefore({ consensus, self }: Asked, message: PatientMessage): void {
  const [account] = consensus.openingOf(message.patientId)?.words ?? [];
  if (account === undefined) {
    throw new CarelatticeError(
      'PatientUnknown',
      'this patient is not on the chain yet, nor on its way there; bring her opening first',
      { retryable: true },
    );
  }
  if (recoverAccount(digestOf(self.network, message), message.signature) === accountIn(account))
    return;
  throw new CarelatticeError(
    'BadSignature',
    'the message is not signed by the account that opens this patient; of a contract wallet bring it when she stands on the chain',
  );
}

function digestOf(
  { federationId, networkId, chainId }: Components['self']['network'],
  { kind, words, patientId }: PatientMessage,
): Uint8Array {
  const [, seq = '0x0', third = '0x', epoch = '0x0', commitment = '0x'] = words;
  const place = { networkId, chainId: BigInt(chainId), patientId, seq: BigInt(seq) };
  return kind === SET_RELATIONS
    ? typedDigest('SetRelations', federationId, { ...place, relationsDigest: third })
    : typedDigest('ScopeEpoch', federationId, {
        ...place,
        handle: third,
        epoch: Number(epoch),
        commitment,
      });
}

async function standsOnChain({ contracts }: Asked, { words }: PatientMessage): Promise<boolean> {
  const [patientId = '0x', seq = '0x0', digest] = words;
  const now = await contracts.patientRegistry.call('relationsOf', [patientId], 'latest');
  return now.relationsDigest === digest && now.seq === BigInt(seq);
}

async function stepStands({ contracts }: Asked, { words }: PatientMessage): Promise<boolean> {
  const [patientId = '0x', , handle = '0x', epoch = '0x0', commitment = '0x'] = words;
  const now = await contracts.patientRegistry.call('scopeEpochOf', [patientId, handle], 'latest');
  return now.epoch === BigInt(epoch) && now.commitment === keptCommitment(commitment);
}

/** Relations that came to the chain another way: their opened list is wanted here all the same, once. */
const listIsKnown = ({ consensus }: Asked, { words }: PatientMessage): 'wanted' | 'stands' =>
  consensus.relationsMessage(words[2] ?? '0x') === undefined ? 'wanted' : 'stands';
