import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assertWritable, createSecretFile, makeFolder } from '../../crypto/secretFile.node.ts';
import { nodeNamed } from '../../domain/nodeNamed.ts';
import type { WireAccessReceipt } from '../../wire/readMessages.ts';
import { parseReadPackage, type ReadPackage } from '../../wire/readPackage.ts';
import {
  parseReceiptFile,
  receiptFileText,
  type ShownReceiptFile,
} from '../../wire/receiptFile.ts';
import { consentFileText } from '../consent/consentFileText.node.ts';
import { nameIn, plainLine } from '../plainLine.ts';
import { dayText } from '../timeText.ts';
import { type OwnDoor, ownRecords } from './ownRecords.ts';
import { type ReadRecord, readRecords } from './readRecords.ts';
import type { Reader, ReaderNetwork } from './requestRecords.ts';
import { signedReceipt } from './whoLooked.ts';
import { CarelatticeError } from '../../errors.ts';
import { type NetworkAddress, networkOf, type Wallet } from '../wallet/wallet.ts';

/** What the `read` command shows and keeps, whoever reads. */

export interface ShownRecord {
  readonly recordId: string;
  readonly category: string;
  readonly author: string;
  /** Unix seconds. */
  readonly recordedAt: number;
  readonly text: string;
}

export interface ConsentReading {
  /** The file that the patient gave. */
  readonly consent: string;
  /** Default: the consent's. */
  readonly purpose?: string | undefined;
  /** Where the holder's receipt is kept, so that it can be held against its log. */
  readonly receipt?: string | undefined;
}

/**
 * Reads under a consent file at the node that it names.
 * @throws as `readConsentFile`, `readRecords`; `SecretFileExists`, `FolderMissing`, `FolderNotWritable` before anything is
 * asked: what is handed over and logged is not lost for a file that cannot be written
 */
export async function readWithConsent(
  reader: Reader,
  { consent, purpose, receipt: receiptFile }: ConsentReading,
  ways: ReaderNetwork,
): Promise<{ receipt: WireAccessReceipt; holder: string; records: ShownRecord[] }> {
  const shown = await readConsentFile(consent);
  if (receiptFile !== undefined) await assertWritable(receiptFile);
  const { receipt, receiptSignature, records } = await readRecords(
    reader,
    shown,
    purpose ?? shown.consent.purpose,
    ways,
  );
  if (receiptFile !== undefined) {
    const signed = signedReceipt(reader.network, receipt);
    const text = receiptFileText({ receipt: signed, signature: receiptSignature, shown });
    await createSecretFile(receiptFile, text);
  }
  const holder = nameIn(ways.nodes, shown.serving);
  return { receipt, holder, records: records.map((record) => shownOf(record, ways)) };
}

/** All her own records at a node. @param at its name or id @throws as `nodeNamed`, `ownRecords` */
export async function readAsPatient(
  wallet: Wallet,
  address: NetworkAddress,
  at: string,
  ways: OwnDoor,
): Promise<ShownRecord[]> {
  const holders = [...ways.nodes.values()].filter(({ role }) => role === 'recording');
  const node = nodeNamed(holders, at, 'no such node holds records in this network');
  const records: ShownRecord[] = [];
  for await (const record of ownRecords(wallet, networkOf(wallet, address), node, ways))
    records.push(shownOf(record, ways));
  return records;
}

const shownOf = (
  { recordId, message, body }: ReadRecord,
  { nodes }: Pick<ReaderNetwork, 'nodes'>,
): ShownRecord => ({
  recordId,
  category: message.category,
  author: nameIn(nodes, message.author),
  recordedAt: Number(message.recordedAt),
  text: new TextDecoder().decode(body),
});

/** The consent file that a patient gave. @throws `NoConsentFile`, `MalformedConsent` with the place */
export const readConsentFile = async (path: string): Promise<ReadPackage> =>
  parseReadPackage(await consentFileText(path));

/** What `read --receipt` kept. @throws `NoReceiptFile`, `MalformedReceipt` with the place */
export async function readReceiptFile(path: string): Promise<ShownReceiptFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new CarelatticeError(
      'NoReceiptFile',
      'the receipt cannot be read; name the file that read --receipt wrote',
      { facts: { path }, cause },
    );
  }
  return parseReceiptFile(text);
}

/** Makes the folder for `keepRecords` before anything is asked. @throws `FolderMissing`, `FolderNotWritable` */
export async function prepareFolder(folder: string | undefined): Promise<void> {
  if (folder !== undefined) await makeFolder(folder);
}

/** One line for each record; with a folder, its text in a file of its own (mode 0600). @throws as `prepareFolder` */
export async function keepRecords(
  records: readonly ShownRecord[],
  folder: string | undefined,
): Promise<string[]> {
  await prepareFolder(folder);
  const lines: string[] = [];
  for (const { recordId, category, author, recordedAt, text } of records) {
    const what = plainLine(`${category}, written by ${author}`);
    lines.push(`  ${recordId}  ${what} on ${dayText(recordedAt)}, ${text.length} characters`);
    if (folder === undefined) continue;
    await writeFile(join(folder, `${recordId}.json`), text, { mode: 0o600 });
  }
  return lines;
}
