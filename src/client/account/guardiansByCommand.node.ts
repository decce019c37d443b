import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { assertWritable, createSecretFile, makeFolder } from '../../crypto/secretFile.node.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import { createPatient, type HandOut } from '../wallet/createPatient.node.ts';
import { authorityOf } from '../wallet/wallet.ts';
import {
  type AccountDesk,
  bringAndSee,
  type DeskConfig,
  guardAt,
  type NetworkDesk,
  openWallet,
  requireHere,
} from './accountDesk.node.ts';
import { requestLines } from './accountText.ts';
import type { AccountGuard } from './authority.ts';
import { type Approved, keySigner } from './authorityMessages.ts';
import { accountText, jsonText, readFileOf, writeFileOf } from './guardianFiles.node.ts';
import {
  approveRequest,
  freezeItem,
  freezeRequest,
  guardianRequest,
  type GuardianRequest,
  patientOf,
  recoveryItem,
  recoveryRequest,
  requestText,
  requireSamePatient,
} from './guardianRequests.ts';
import {
  type GuardedPatient,
  guardianApproval,
  type GuardianCard,
  guardianCard,
} from './guardians.ts';
import { requireNewWallet } from './recoverByCommand.node.ts';

/** What guardians do by command, and what is asked of them. */

/**
 * Makes a guardian's sealed key file, and the file that she hands to the patient: both or none, for nobody has seen the
 * recovery code of a wallet that is left behind.
 * @throws `SecretFileExists`, `FolderMissing`, `FolderNotWritable`, `PassphraseTooShort`
 */
export async function makeGuardian(
  walletFile: string,
  passphrase: string,
  out: string,
): Promise<HandOut> {
  await makeFolder(dirname(out));
  await assertWritable(out);
  const handOut = await createPatient(walletFile, passphrase);
  try {
    await createSecretFile(out, accountText(handOut.authority));
  } catch (error) {
    await rm(walletFile);
    throw error;
  }
  return handOut;
}

export interface ApprovalOptions {
  readonly request: string;
  readonly card: string;
}

/** A request as it was read, once: the files may be others by the time that she signs. */
export interface ShownRequest {
  readonly wanted: GuardianRequest;
  readonly card: GuardianCard;
  /** What she would approve, to be shown. */
  readonly lines: readonly string[];
}

/** @throws `NoGuardianFile`, `BadGuardianFile`, `ApprovalMismatch` */
export async function readRequest({ request, card: path }: ApprovalOptions): Promise<ShownRequest> {
  const wanted = await readFileOf(guardianRequest, request);
  const card = await readFileOf(guardianCard, path);
  requireSamePatient(card, patientOf(wanted));
  return { wanted, card, lines: requestLines(wanted, card) };
}

/** Signs with her wallet what was shown. @throws `OtherAccount`, `SecretFileExists` */
export async function approveByCommand(
  config: Pick<DeskConfig, 'passphraseFile'>,
  { wanted, card }: ShownRequest,
  walletFile: string,
  out: string,
): Promise<void> {
  const { authorityKey } = await openWallet(config, walletFile);
  await writeFileOf(out, jsonText(approveRequest(card, wanted, keySigner(authorityKey))));
}

/** Writes the request that her guardians freeze her account. @param seconds of the freeze */
export async function askFreeze(
  desk: NetworkDesk,
  path: string,
  seconds: number,
  out: string,
): Promise<void> {
  const card = await readFileOf(guardianCard, path);
  requireHere(desk, card);
  const { guardianSeq } = await guardAt(desk, card.patientId);
  await writeFileOf(out, requestText(freezeRequest(card, guardianSeq, seconds)));
}

/**
 * Writes the request that her guardians give her the account of a new wallet.
 * @returns that account, to be read out to them
 * @throws `WalletInUse`, and as `readRequest`
 */
export async function askRecovery(desk: AccountDesk, path: string, out: string): Promise<Hex> {
  const card = await readFileOf(guardianCard, path);
  requireHere(desk, card);
  requireNewWallet(desk, card.patientId);
  const { guardianSeq } = await guardAt(desk, card.patientId);
  const account = authorityOf(desk.wallet);
  await writeFileOf(out, requestText(recoveryRequest(card, guardianSeq, account)));
  return account;
}

/** A request with the approvals that came back. */
export interface Approvals {
  readonly request: string;
  readonly approvals: readonly string[];
}

/** @throws `TooFewGuardians`, `ApprovalMismatch`, `WrongSeq` when another message of theirs came first */
export async function freezeByCommand(
  desk: NetworkDesk,
  given: Approvals,
): Promise<GuardedPatient> {
  const wanted = await wantedOf(desk, given, 'FreezeAuthority');
  const before = await guardAt(desk, wanted.fields.patientId);
  const item = freezeItem(wanted, await approvedBy(before, given));
  await bringAndSee(desk, item, (guard) => guard.guardianSeq > before.guardianSeq);
  return patientOf(wanted);
}

/** Begins the recovery; it waits for the delay. @throws as `freezeByCommand`, `OtherAccount`, `SameAuthority` */
export async function beginRecovery(desk: AccountDesk, given: Approvals): Promise<GuardedPatient> {
  const wanted = await wantedOf(desk, given, 'RecoverAuthority');
  const before = await guardAt(desk, wanted.fields.patientId);
  const successor = keySigner(desk.wallet.authorityKey);
  const item = recoveryItem(wanted, successor, await approvedBy(before, given));
  await bringAndSee(desk, item, (guard) => guard.guardianSeq > before.guardianSeq);
  return patientOf(wanted);
}

/** @throws `ApprovalMismatch` for a request of another network, or of the other kind */
async function wantedOf<N extends GuardianRequest['message']>(
  desk: NetworkDesk,
  { request }: Approvals,
  name: N,
): Promise<Extract<GuardianRequest, { message: N }>> {
  const wanted = await readFileOf(guardianRequest, request);
  requireHere(desk, patientOf(wanted));
  if (isOf(wanted, name)) return wanted;
  throw new CarelatticeError('ApprovalMismatch', 'the request is for another message', {
    facts: { request: wanted.message, wanted: name },
  });
}

const isOf = <N extends GuardianRequest['message']>(
  wanted: GuardianRequest,
  name: N,
): wanted is Extract<GuardianRequest, { message: N }> => wanted.message === name;

const approvedBy = async (
  { threshold }: AccountGuard,
  { approvals }: Approvals,
): Promise<Approved> => ({
  threshold,
  approvals: await Promise.all(approvals.map((path) => readFileOf(guardianApproval, path))),
});
