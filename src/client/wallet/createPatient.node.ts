import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GuardianShare } from '../../crypto/guardianShares.ts';
import type { KeySlotOptions, SlotRequest, SlotSecret } from '../../crypto/keySlot.ts';
import { guardianShareText } from '../../crypto/keySlotForm.ts';
import { randomBytes } from '../../crypto/random.ts';
import { newRecoveryCode } from '../../crypto/recoveryCode.ts';
import { assertWritable, createSecretFile, makeFolder } from '../../crypto/secretFile.node.ts';
import type { Hex } from '../../hash/bytes.ts';
import { authorityOf, newWallet } from './wallet.ts';
import { createWalletFile, openWalletFile, replaceWalletFile } from './walletFile.node.ts';
import { renewWalletSlot, sealWalletKey } from './walletKeys.ts';

/** How many guardians must agree, of how many, and the folder that their shares are written to. */
export interface GuardianPlan {
  readonly threshold: number;
  readonly guardians: number;
  readonly folder: string;
}

/** What is shown and given out once. */
export interface HandOut {
  /** The account that signs for her. */
  readonly authority: Hex;
  readonly recoveryCode?: string | undefined;
  /** One for each guardian, mode 0600. */
  readonly shareFiles: readonly string[];
}

/**
 * Makes a patient's wallet before anybody learns of her: a passphrase, a recovery code, and guardians if wished.
 * @throws `SecretFileExists`, `FolderMissing`, `FolderNotWritable`, `PassphraseTooShort`, `BadGuardians`
 */
export async function createPatient(
  walletFile: string,
  passphrase: string,
  plan?: GuardianPlan,
  options: KeySlotOptions = {},
): Promise<HandOut> {
  await makeFolder(dirname(walletFile));
  await assertWritable(walletFile);
  const wallet = newWallet(randomBytes);
  const recoveryCode = newRecoveryCode(randomBytes);
  const requests: SlotRequest[] = [
    { kind: 'passphrase', passphrase },
    { kind: 'recoveryCode', code: recoveryCode },
    ...(plan === undefined ? [] : [guardiansOf(plan)]),
  ];
  const shares = await sealWalletKey(wallet, requests, options);
  // The shares first: a wallet never counts on shares that nobody has.
  const shareFiles = await writeShares(shares, plan?.folder);
  await createWalletFile(walletFile, wallet);
  return { authority: authorityOf(wallet), recoveryCode, shareFiles };
}

/** A slot to be made anew, or added. */
export type Renewal =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | { readonly kind: 'recoveryCode' }
  | ({ readonly kind: 'guardians' } & GuardianPlan);

/**
 * Opens a wallet and makes one of its slots anew, or adds it: another passphrase, another code, guardians. Copies of the
 * old file still open with the old secret.
 * @throws as `openWalletFile`, `PassphraseTooShort`, `BadGuardians`, `SecretFileExists` for a share
 */
export async function renewSlot(
  walletFile: string,
  secret: SlotSecret,
  renewal: Renewal,
  options: KeySlotOptions = {},
): Promise<HandOut> {
  const wallet = await openWalletFile(walletFile, secret, options);
  const recoveryCode = renewal.kind === 'recoveryCode' ? newRecoveryCode(randomBytes) : undefined;
  const shares = await renewWalletSlot(wallet, requestOf(renewal, recoveryCode), options);
  const folder = renewal.kind === 'guardians' ? renewal.folder : undefined;
  const shareFiles = await writeShares(shares, folder);
  await replaceWalletFile(walletFile, wallet);
  return { authority: authorityOf(wallet), recoveryCode, shareFiles };
}

function requestOf(renewal: Renewal, code = ''): SlotRequest {
  switch (renewal.kind) {
    case 'passphrase':
      return renewal;
    case 'recoveryCode':
      return { kind: renewal.kind, code };
    case 'guardians':
      return guardiansOf(renewal);
  }
}

const guardiansOf = ({ threshold, guardians }: GuardianPlan): SlotRequest => ({
  kind: 'guardians',
  threshold,
  guardians,
});

/** All of them or none. @throws `SecretFileExists` */
async function writeShares(
  shares: readonly GuardianShare[],
  folder: string | undefined,
): Promise<string[]> {
  if (folder === undefined) return [];
  await makeFolder(folder);
  const written: string[] = [];
  try {
    for (const share of shares) {
      const file = join(folder, `share-${share.index}-of-${share.guardians}.json`);
      await createSecretFile(file, guardianShareText(share));
      written.push(file);
    }
  } catch (error) {
    await Promise.all(written.map((file) => rm(file)));
    throw error;
  }
  return written;
}
