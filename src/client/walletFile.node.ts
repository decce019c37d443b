import { z } from 'zod';
import { createSecretFile, readSecretFile, replaceSecretFile } from '../crypto/secretFile.node.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import type { Wallet } from './wallet.ts';

/** A wallet in a file of mode 0600, for scripts and the demo: a patient's own program keeps it in her device's key store. */

const hex = z.custom<Hex>(
  (value) => typeof value === 'string' && /^0x([0-9a-f]{2})*$/.test(value),
  'hex',
);
const hex32 = hex.refine((value) => value.length === 66, '32 bytes');
const count = z.int().nonnegative();

const walletSchema: z.ZodType<Wallet> = z.strictObject({
  rootKey: hex32,
  authorityKey: hex32,
  networks: z.record(
    hex32,
    z.strictObject({
      federationId: hex32,
      networkId: hex32,
      chainId: count,
      patientId: hex32,
      idNonce: hex32,
      opened: z.boolean(),
      seq: count,
      presenceEpoch: count,
      epochs: z.record(z.string(), count),
      relations: z.array(
        z.strictObject({
          nodeId: hex32,
          role: count,
          categories: z.array(z.string()),
          handles: z.array(hex),
          salt: hex,
          enrolledSeq: count,
          countersignature: hex,
        }),
      ),
    }),
  ),
});

const textOf = (wallet: Wallet): string => `${JSON.stringify(wallet, undefined, 2)}\n`;

/** @throws `SecretFileExists` */
export const createWalletFile = (path: string, wallet: Wallet): Promise<void> =>
  createSecretFile(path, textOf(wallet));

export const replaceWalletFile = (path: string, wallet: Wallet): Promise<void> =>
  replaceSecretFile(path, textOf(wallet));

/** Undefined when there is no such file. @throws `BadWallet`, `SecretFileExposed` */
export async function readWalletFile(path: string): Promise<Wallet | undefined> {
  let text: string;
  try {
    text = await readSecretFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return walletSchema.parse(JSON.parse(text));
  } catch {
    // What zod and the JSON parser say may quote keys.
    throw new CarelatticeError('BadWallet', 'the file is no wallet; take the right one', {
      facts: { path },
    });
  }
}
