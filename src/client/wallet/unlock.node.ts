import { readFile } from 'node:fs/promises';
import type { SlotSecret } from '../../crypto/keySlot.ts';
import { readGuardianShare } from '../../crypto/keySlotForm.ts';
import { readSecretFile } from '../../crypto/secretFile.node.ts';
import { CarelatticeError } from '../../errors.ts';
import type { GuardianPlan, Renewal } from './createPatient.node.ts';
import type { Terminal } from '../terminal.node.ts';

/** Where a command takes its secrets from. Never from its arguments: other users of the machine see those. */
export interface SecretSources {
  /** Its first line is the passphrase. */
  readonly passphraseFile?: string | undefined;
  /** Its first line is the recovery code. */
  readonly recoveryCodeFile?: string | undefined;
  /** One guardian's share each. */
  readonly shareFiles?: readonly string[] | undefined;
  /** Asked where no file is named. */
  readonly terminal?: Terminal | undefined;
}

/** The slot kinds as a command line names them. */
export const SLOT_NAMES = ['passphrase', 'recovery-code', 'guardians'] as const;
export type SlotName = (typeof SLOT_NAMES)[number];

/** @throws `BadOption` */
export function slotNameOf(text: string): SlotName {
  const name = SLOT_NAMES.find((one) => one === text);
  if (name !== undefined) return name;
  throw new CarelatticeError('BadOption', 'there is no such kind of slot', {
    facts: { given: text, there: SLOT_NAMES },
  });
}

/** What opens a slot. @throws `NoSecret`, `SecretFileExposed`, `BadShare` */
export async function slotSecret(name: SlotName, sources: SecretSources): Promise<SlotSecret> {
  switch (name) {
    case 'passphrase': {
      const { passphraseFile, terminal } = sources;
      const option = '--passphrase-file';
      const passphrase = await lineOf(passphraseFile, terminal, 'Passphrase: ', option);
      return { kind: 'passphrase', passphrase };
    }
    case 'recovery-code': {
      const { recoveryCodeFile, terminal } = sources;
      const option = '--recovery-code-file';
      const code = await lineOf(recoveryCodeFile, terminal, 'Recovery code: ', option);
      return { kind: 'recoveryCode', code };
    }
    case 'guardians': {
      const files = sources.shareFiles ?? [];
      if (files.length === 0) throw noSecret('--share');
      // Of any mode: guardians bring these files from elsewhere.
      const texts = await Promise.all(files.map((file) => textOf(file, shareText)));
      return { kind: 'guardians', shares: texts.map(readGuardianShare) };
    }
  }
}

/** A passphrase to be set: typed twice, since nobody sees it. @throws `NoSecret`, `PassphrasesDiffer`, `SecretFileExposed` */
export async function newPassphrase(
  file: string | undefined,
  terminal: Terminal | undefined,
  option = '--new-passphrase-file',
): Promise<string> {
  const first = await lineOf(file, terminal, 'New passphrase, 15 characters or more: ', option);
  if (file !== undefined || terminal === undefined) return first;
  if ((await terminal.askHidden('Once more: ')) === first) return first;
  throw new CarelatticeError('PassphrasesDiffer', 'the two passphrases differ; type them again');
}

/** What a slot is made anew of. @throws `BadOption` for guardians without a plan, and as `newPassphrase` */
export async function renewalOf(
  name: SlotName,
  newPassphraseFile: string | undefined,
  terminal: Terminal | undefined,
  plan: GuardianPlan | undefined,
): Promise<Renewal> {
  switch (name) {
    case 'passphrase':
      return { kind: name, passphrase: await newPassphrase(newPassphraseFile, terminal) };
    case 'recovery-code':
      return { kind: 'recoveryCode' };
    case 'guardians':
      if (plan !== undefined) return { kind: name, ...plan };
      throw new CarelatticeError(
        'BadOption',
        'say how many guardians must agree, of how many: --guardians 2/3 --shares-dir DIR',
      );
  }
}

async function lineOf(
  file: string | undefined,
  terminal: Terminal | undefined,
  question: string,
  option: string,
): Promise<string> {
  const text = file === undefined ? await terminal?.askHidden(question) : await textOf(file);
  const [line = ''] = (text ?? '').split(/\r?\n/);
  if (line === '') throw noSecret(option);
  return line;
}

const shareText = (file: string): Promise<string> => readFile(file, 'utf8');

async function textOf(file: string, read = readSecretFile): Promise<string> {
  try {
    return await read(file);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
    throw new CarelatticeError('NoSecret', 'there is no such file with a secret', {
      facts: { file },
      cause,
    });
  }
}

const noSecret = (option: string): CarelatticeError =>
  new CarelatticeError(
    'NoSecret',
    `nothing opens the wallet: give ${option} FILE, or run this on a terminal that can ask`,
  );
