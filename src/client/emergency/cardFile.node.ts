import { readFile } from 'node:fs/promises';
import {
  assertWritable,
  createSecretFile,
  replaceSecretFile,
} from '../../crypto/secretFile.node.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import { cardText, type EmergencyCard, readCard } from './emergencyCardText.ts';

/** An emergency card in a file of its owner's (mode 0600): the one line that a QR code of it holds. */

/** @throws `NoCardFile`, `CardMalformed` */
export async function readCardFile(path: string): Promise<EmergencyCard> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new CarelatticeError('NoCardFile', "the card's file cannot be read", {
      facts: { path },
      cause,
    });
  }
  return readCard(text);
}

type Owner = Pick<EmergencyCard, 'networkId' | 'patientId'>;

/** A card takes the place of an older one of hers, and of nothing else. @throws `SecretFileExists` */
export async function writeCardFile(path: string, card: EmergencyCard): Promise<void> {
  const text = `${cardText(card)}\n`;
  await ((await isHers(path, card)) ? replaceSecretFile : createSecretFile)(path, text);
}

/** Says early what `writeCardFile` would say in the end. @throws `SecretFileExists` */
export async function assertCardFile(path: string, owner: Owner): Promise<void> {
  if (!(await isHers(path, owner))) await assertWritable(path);
}

async function isHers(path: string, { networkId, patientId }: Owner): Promise<boolean> {
  try {
    const before = await readCardFile(path);
    return before.networkId === networkId && before.patientId === patientId;
  } catch (error) {
    if (hasCode(error, 'NoCardFile') || hasCode(error, 'CardMalformed')) return false;
    throw error;
  }
}
