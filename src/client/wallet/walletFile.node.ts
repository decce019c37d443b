import type { KeySlotOptions, SlotSecret } from '../../crypto/keySlot.ts';
import {
  createSecretFile,
  readSecretFile,
  replaceSecretFile,
} from '../../crypto/secretFile.node.ts';
import { CarelatticeError } from '../../errors.ts';
import { openWallet, readSealedWallet, sealWallet } from './sealedWallet.ts';
import type { Wallet } from './wallet.ts';

/** A sealed wallet in a file of mode 0600, written whole or not at all. */

const textOf = (wallet: Wallet): string => `${JSON.stringify(sealWallet(wallet), undefined, 2)}\n`;

/** @throws `SecretFileExists` and as `sealWallet` */
export const createWalletFile = (path: string, wallet: Wallet): Promise<void> =>
  createSecretFile(path, textOf(wallet));

/** @throws as `sealWallet` */
export const replaceWalletFile = (path: string, wallet: Wallet): Promise<void> =>
  replaceSecretFile(path, textOf(wallet));

/** @throws `NoWallet`, `SecretFileExposed` and as `readSealedWallet` and `openWallet` */
export async function openWalletFile(
  path: string,
  secret: SlotSecret,
  options: KeySlotOptions = {},
): Promise<Wallet> {
  let text: string;
  try {
    text = await readSecretFile(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    throw new CarelatticeError('NoWallet', 'there is no wallet here; make it with create-patient', {
      facts: { path },
    });
  }
  return openWallet(readSealedWallet(text), secret, options);
}
