import { accountOf, signDigest } from '../../crypto/signatures.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { abiEncode } from '../../wire/abi.ts';
import type { PatientMessage } from '../../wire/messages.ts';
import { type MessageOf, type StructName, typedDigest } from '../../wire/typedData.ts';
import {
  type GuardedPatient,
  type GuardianApproval,
  type GuardianCircle,
  guardiansRoot,
  joinApprovals,
} from './guardians.ts';
import { placeOf } from '../patientMessages.ts';

/**
 * What a patient and her guardians sign about her account, as items of a `PatientBatch`: words and signature, one behind
 * the other, are the arguments of the function of that name, as the ABI encodes them.
 */

const KIND = {
  setAuthority: 7,
  setGuardians: 8,
  recoverAuthority: 9,
  vetoRecovery: 10,
  freezeAuthority: 11,
  setInboxKey: 12,
  completeAuthority: 13,
} as const;

/** Of the owner, of the account that follows, and of guardians. */
const SIGNATURES = '(bytes,bytes,(address,bytes32,bytes32[],bytes)[])';
const NONE: Hex = '0x';

/** Signs a digest with an account: a key, or what a contract wallet listens to. */
export interface AccountSigner {
  readonly account: Hex;
  sign(digest: Uint8Array): Hex;
}

/** @param key private key of the account */
export function keySigner(key: Hex): AccountSigner {
  const bytes = fromHex(key, 32);
  return { account: accountOf(bytes), sign: (digest) => signDigest(bytes, digest) };
}

function item(
  patientId: Hex,
  kind: number,
  types: readonly string[],
  values: readonly unknown[],
  words: number,
): PatientMessage {
  const encoded = abiEncode(types, values);
  return {
    patientId,
    kind,
    words: Array.from({ length: words }, (_, i) => toHex(encoded.subarray(32 * i, 32 * i + 32))),
    signature: toHex(encoded.subarray(32 * words)),
  };
}

const signatures = (owner: Hex, successor: Hex, approvals: readonly GuardianApproval[]) => [
  owner,
  successor,
  approvals.map(({ account, salt, proof, signature }) => [account, salt, proof, signature]),
];

const digestAt = <N extends StructName>(
  { federationId }: GuardedPatient,
  name: N,
  message: MessageOf<N>,
): Uint8Array => typedDigest(name, federationId, message);

/** Guardians who sign too, and how many of them are needed. */
export interface Approved {
  readonly threshold: number;
  readonly approvals: readonly GuardianApproval[];
}
const joined = (at: GuardedPatient, digest: Uint8Array, by: Approved | undefined) =>
  by === undefined ? [] : joinApprovals(at, by.threshold, digest, by.approvals);

/** The typed data of `setGuardiansItem`, for guardians to approve. @param circle undefined: no guardians any more */
export const setGuardiansFields = (
  at: GuardedPatient,
  seq: bigint,
  circle: GuardianCircle | undefined,
): MessageOf<'SetGuardians'> => ({
  ...placeOf(at),
  patientId: at.patientId,
  seq,
  guardiansRoot: guardiansRoot(at.patientId, circle),
  threshold: circle?.threshold ?? 0,
  delay: circle?.delay ?? 0,
});

/** Names her guardians. @throws `TooFewGuardians`, `ApprovalMismatch` */
export function setGuardiansItem(
  at: GuardedPatient,
  owner: AccountSigner,
  fields: MessageOf<'SetGuardians'>,
  approved?: Approved,
): PatientMessage {
  const digest = digestAt(at, 'SetGuardians', fields);
  const { patientId, seq, threshold, delay } = fields;
  return item(
    patientId,
    KIND.setGuardians,
    ['bytes32', 'uint64', 'bytes32', 'uint8', 'uint32', SIGNATURES],
    [
      patientId,
      seq,
      fields.guardiansRoot,
      threshold,
      delay,
      signatures(owner.sign(digest), NONE, joined(at, digest, approved)),
    ],
    5,
  );
}

/** Hands her pseudonyms to another account, in every network of the rows. @throws as `setGuardiansItem` */
export function setAuthorityItem(
  at: GuardedPatient,
  owner: AccountSigner,
  successor: AccountSigner,
  fields: MessageOf<'SetAuthority'>,
  approved?: Approved,
): PatientMessage {
  const digest = digestAt(at, 'SetAuthority', fields);
  const { account, authority, nonce, rows } = fields;
  return item(
    at.patientId,
    KIND.setAuthority,
    ['address', 'address', 'uint256', '(bytes32,bytes32)[]', SIGNATURES],
    [
      account,
      authority,
      nonce,
      rows.map(({ networkId, patientId }) => [networkId, patientId]),
      signatures(owner.sign(digest), successor.sign(digest), joined(at, digest, approved)),
    ],
    6 + 2 * rows.length,
  );
}

export const recoverAuthorityFields = (
  at: GuardedPatient,
  seq: bigint,
  authority: Hex,
): MessageOf<'RecoverAuthority'> => ({
  ...placeOf(at),
  patientId: at.patientId,
  seq,
  authority,
});

/** Guardians give her the account of `successor`, after the delay. @throws as `setGuardiansItem` */
export function recoverAuthorityItem(
  at: GuardedPatient,
  successor: AccountSigner,
  fields: MessageOf<'RecoverAuthority'>,
  approved: Approved,
): PatientMessage {
  const digest = digestAt(at, 'RecoverAuthority', fields);
  const { patientId, seq, authority } = fields;
  return item(
    patientId,
    KIND.recoverAuthority,
    ['bytes32', 'uint64', 'address', SIGNATURES],
    [
      patientId,
      seq,
      authority,
      signatures(NONE, successor.sign(digest), joined(at, digest, approved)),
    ],
    3,
  );
}

export const freezeAuthorityFields = (
  at: GuardedPatient,
  seq: bigint,
  duration: number,
): MessageOf<'FreezeAuthority'> => ({ ...placeOf(at), patientId: at.patientId, seq, duration });

/** Guardians freeze her account. @throws as `setGuardiansItem` */
export function freezeAuthorityItem(
  at: GuardedPatient,
  fields: MessageOf<'FreezeAuthority'>,
  approved: Approved,
): PatientMessage {
  const digest = digestAt(at, 'FreezeAuthority', fields);
  const { patientId, seq, duration } = fields;
  return item(
    patientId,
    KIND.freezeAuthority,
    ['bytes32', 'uint64', 'uint32', SIGNATURES],
    [patientId, seq, duration, signatures(NONE, NONE, joined(at, digest, approved))],
    3,
  );
}

/** The owner drops what is pending. */
export function vetoRecoveryItem(
  at: GuardedPatient,
  owner: AccountSigner,
  seq: bigint,
): PatientMessage {
  const { patientId } = at;
  const digest = digestAt(at, 'VetoRecovery', { ...placeOf(at), patientId, seq });
  return item(
    patientId,
    KIND.vetoRecovery,
    ['bytes32', 'uint64', 'bytes'],
    [patientId, seq, owner.sign(digest)],
    2,
  );
}

/** Names the KEM key to which her things are sealed. @param kemKeyHash `kemKeyHash` of it */
export function setInboxKeyItem(
  at: GuardedPatient,
  owner: AccountSigner,
  seq: bigint,
  kemKeyHash: Hex,
): PatientMessage {
  const { patientId } = at;
  const digest = digestAt(at, 'SetInboxKey', { ...placeOf(at), patientId, seq, kemKeyHash });
  return item(
    patientId,
    KIND.setInboxKey,
    ['bytes32', 'uint64', 'bytes32', 'bytes'],
    [patientId, seq, kemKeyHash, owner.sign(digest)],
    3,
  );
}

/** Applies what is pending and due. Anyone may bring it, so it bears no signature. */
export const completeAuthorityItem = ({ patientId }: GuardedPatient): PatientMessage =>
  item(patientId, KIND.completeAuthority, ['bytes32'], [patientId], 1);
