import { scopeKeyIdOf } from '../../crypto/derivations.ts';
import { deriveKemKeyPair } from '../../crypto/hpkeSealing.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Language } from '../../fhir/views/narrative.ts';
import { SUMMARY_CATEGORY } from '../../wire/emergencyMessages.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import { type OwnDoor, ownHistories, ownList, ownRecords } from '../reading/ownRecords.ts';
import type { ReadRecord } from '../reading/readRecords.ts';
import { handleIn, scopeSeed, type Wallet, type WalletNetwork } from '../wallet/wallet.ts';
import { summaryBundle } from './summaryBundle.ts';

/** Her emergency summary: made of her records at one of her hospitals, and looked for there once it was handed in. */

export interface SummaryOrder {
  readonly language: Language;
  /** Labels of sensitive matters that it may tell. */
  readonly labels: readonly string[];
}

/** @param typed labels are separated by commas @throws `BadOption` */
export function summaryOrder({ language = 'en', labels = '' }: SummaryTyped): SummaryOrder {
  const known = LANGUAGES[language];
  if (known === undefined)
    throw new CarelatticeError('BadOption', 'a summary is in en or in zh', {
      facts: { given: language },
    });
  const named = labels.split(',').map((label) => label.trim());
  return { language: known, labels: named.filter((label) => label !== '') };
}

interface SummaryTyped {
  readonly language?: string | undefined;
  readonly labels?: string | undefined;
}

const LANGUAGES: Readonly<Record<string, Language | undefined>> = { en: 'en', zh: 'zh-CN' };

export interface OwnSummary {
  /** A FHIR document, for a hospital of hers to hand in. */
  readonly text: string;
  /** How many records it was made of. */
  readonly told: number;
  /** How many of hers it keeps silent about because of their labels. */
  readonly silent: number;
}

/** @throws `NoRecords`, and as `ownRecords` */
export async function ownSummary(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  door: OwnDoor,
  { language, labels }: SummaryOrder,
): Promise<OwnSummary> {
  const records: ReadRecord[] = [];
  for await (const record of ownRecords(wallet, network, node, door))
    if (record.message.category !== SUMMARY_CATEGORY) records.push(record);
  const told = records.filter(({ message }) =>
    message.sensitivity.every((label) => labels.includes(label)),
  ).length;
  if (told === 0)
    throw new CarelatticeError('NoRecords', 'there is no record of hers to make a summary of', {
      facts: { node: node.name, keptSilent: records.length },
    });
  const wish = { composedAt: door.now(), language, sensitivity: labels };
  const text = new TextDecoder().decode(summaryBundle(records, wish));
  return { text, told, silent: records.length - told };
}

/** Whether the node holds a summary under the present key, or one is on its way there. */
export async function summaryAt(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  door: OwnDoor,
): Promise<'held' | 'due' | 'none'> {
  const handle = handleIn(wallet, network, SUMMARY_CATEGORY);
  const seed = scopeSeed(wallet, network, SUMMARY_CATEGORY, network.epochs[SUMMARY_CATEGORY] ?? 0);
  const keyId = scopeKeyIdOf((await deriveKemKeyPair(HYBRID_SUITE, seed)).publicKey);
  for await (const page of ownList(wallet, network, node, door))
    if (page.some(({ scopeKeyId }) => scopeKeyId === keyId)) return 'held';
  const { absent } = await ownHistories(wallet, network, node, door);
  return absent.some((one) => one.handle === handle && one.state === 'due') ? 'due' : 'none';
}
