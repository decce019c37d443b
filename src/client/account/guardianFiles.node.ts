import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { createSecretFile } from '../../crypto/secretFile.node.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import { type GuardianAccount, guardianAccount } from './guardianRequests.ts';
import { type GuardianCard, readGuardianFile } from './guardians.ts';

/** Files that pass between a patient and her guardians. They open nothing, but say who helps whom: mode 0600. */

/** @throws `NoGuardianFile`, `BadGuardianFile` naming the field */
export async function readFileOf<T>(schema: z.ZodType<T>, path: string): Promise<T> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new CarelatticeError('NoGuardianFile', 'the file of a guardian cannot be read', {
      facts: { path },
      cause,
    });
  }
  return readGuardianFile(schema, text);
}

/** @throws `SecretFileExists` */
export async function writeFileOf(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await createSecretFile(path, text);
}

export const jsonText = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

export const accountText = (account: Hex): string =>
  jsonText({ form: 'carelattice/guardian-account/1', account } satisfies GuardianAccount);

/** The accounts that guardians handed over. @throws as `readFileOf` */
export async function readGuardianAccounts(paths: readonly string[]): Promise<Hex[]> {
  const files = await Promise.all(paths.map((path) => readFileOf(guardianAccount, path)));
  return files.map(({ account }) => account);
}

export interface CardFiles {
  /** Each card's file, and the file of the guardian whom it is for. */
  readonly files: readonly { readonly card: string; readonly guardian: string }[];
  remove(): Promise<void>;
}

/** All cards or none, in the order of the guardians' files. @throws `SecretFileExists` */
export async function writeCards(
  folder: string,
  cards: readonly GuardianCard[],
  guardianFiles: readonly string[],
): Promise<CardFiles> {
  const files = guardianFiles.map((guardian, index) => ({
    card: join(folder, `card-${index + 1}-of-${cards.length}.json`),
    guardian,
  }));
  const written: string[] = [];
  const remove = async (): Promise<void> => {
    await Promise.all(written.map((file) => rm(file)));
  };
  try {
    for (const [index, { card: file }] of files.entries()) {
      await writeFileOf(file, jsonText(cards[index] ?? {}));
      written.push(file);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { files, remove };
}
