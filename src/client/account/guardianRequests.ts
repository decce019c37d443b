import { z } from 'zod';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { PatientMessage } from '../../wire/messages.ts';
import { accountJson, hex32Json, jsonOf, typedDataJson } from '../../wire/typedDataJson.ts';
import {
  type AccountSigner,
  type Approved,
  freezeAuthorityFields,
  freezeAuthorityItem,
  recoverAuthorityFields,
  recoverAuthorityItem,
} from './authorityMessages.ts';
import {
  approve,
  type GuardedPatient,
  type GuardianApproval,
  type GuardianCard,
} from './guardians.ts';

/** What goes to guardians as files before there is an approval: none of it is secret, all of it has to be the right one. */

/** What somebody hands over who agrees to be a guardian. */
export const guardianAccount = z.strictObject({
  form: z.literal('carelattice/guardian-account/1'),
  account: accountJson,
});
export type GuardianAccount = z.infer<typeof guardianAccount>;

const request = <N extends 'RecoverAuthority' | 'FreezeAuthority'>(name: N) =>
  z.strictObject({
    form: z.literal('carelattice/guardian-request/1'),
    federationId: hex32Json,
    message: z.literal(name),
    fields: typedDataJson(name),
  });

/** One message that guardians are asked to approve, all of the same bytes. */
export const guardianRequest = z.discriminatedUnion('message', [
  request('RecoverAuthority'),
  request('FreezeAuthority'),
]);
export type GuardianRequest = z.infer<typeof guardianRequest>;

const FORM = 'carelattice/guardian-request/1';

/** @param seq the guardians' next number @param authority account of her new wallet */
export const recoveryRequest = (
  at: GuardedPatient,
  seq: bigint,
  authority: Hex,
): GuardianRequest => ({
  form: FORM,
  federationId: at.federationId,
  message: 'RecoverAuthority',
  fields: recoverAuthorityFields(at, seq, authority),
});

/** @param seconds of the freeze */
export const freezeRequest = (
  at: GuardedPatient,
  seq: bigint,
  seconds: number,
): GuardianRequest => ({
  form: FORM,
  federationId: at.federationId,
  message: 'FreezeAuthority',
  fields: freezeAuthorityFields(at, seq, seconds),
});

/** As `readGuardianFile` with `guardianRequest` reads it. */
export const requestText = (wanted: GuardianRequest): string =>
  `${JSON.stringify({ ...wanted, fields: jsonOf(wanted.fields) }, undefined, 2)}\n`;

/** Whose account a request is about. */
export const patientOf = ({ federationId, fields }: GuardianRequest): GuardedPatient => ({
  federationId,
  networkId: fields.networkId,
  chainId: Number(fields.chainId),
  patientId: fields.patientId,
});

/** @throws `ApprovalMismatch` when the file is about another patient or network */
export function requireSamePatient(expected: GuardedPatient, file: GuardedPatient): void {
  const isSame =
    expected.federationId === file.federationId &&
    expected.networkId === file.networkId &&
    expected.chainId === file.chainId &&
    expected.patientId === file.patientId;
  if (isSame) return;
  throw new CarelatticeError(
    'ApprovalMismatch',
    'card and request are not of the same patient in the same network; take those that belong together',
    { facts: { card: expected.patientId, request: file.patientId } },
  );
}

/**
 * A guardian's approval of what a request asks. She has to be sure by another way that it is the patient who asks.
 * @throws `ApprovalMismatch` when her card is of another patient, `OtherAccount` when it is another guardian's
 */
export function approveRequest(
  card: GuardianCard,
  wanted: GuardianRequest,
  signer: AccountSigner,
): GuardianApproval {
  requireSamePatient(card, patientOf(wanted));
  requireAccount(signer, card.account, 'the card');
  return wanted.message === 'RecoverAuthority'
    ? approve(card, signer.sign, wanted.message, wanted.fields)
    : approve(card, signer.sign, wanted.message, wanted.fields);
}

/** @throws `OtherAccount` */
export function requireAccount({ account }: AccountSigner, named: Hex, by: string): void {
  if (account === named) return;
  throw new CarelatticeError(
    'OtherAccount',
    `this wallet does not hold the account that ${by} names; give the wallet that does`,
    { facts: { account, named } },
  );
}

/** A request that enough guardians have approved. @throws `TooFewGuardians`, `ApprovalMismatch` */
export const freezeItem = (
  wanted: Extract<GuardianRequest, { message: 'FreezeAuthority' }>,
  approved: Approved,
): PatientMessage => freezeAuthorityItem(patientOf(wanted), wanted.fields, approved);

/** @param successor her new account @throws `OtherAccount`, and as `freezeItem` */
export function recoveryItem(
  wanted: Extract<GuardianRequest, { message: 'RecoverAuthority' }>,
  successor: AccountSigner,
  approved: Approved,
): PatientMessage {
  requireAccount(successor, wanted.fields.authority, 'the request');
  return recoverAuthorityItem(patientOf(wanted), successor, wanted.fields, approved);
}
