import type { Manifest } from '../../chain/manifest.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import { listed, nameIn, shownName } from '../plainLine.ts';
import type { OwnDoor } from '../reading/ownRecords.ts';
import { type NetworkAddress, networkOf, type Wallet } from '../wallet/wallet.ts';
import { type EmergencyCard, printedCard } from './emergencyCardText.ts';
import { type OwnSummary, summaryAt } from './ownSummary.ts';

/** What a patient is told of her card and her summary. */

/** A summary in a file of hers. */
export type KeptSummary = OwnSummary & { readonly file: string };

export interface SummaryDesk {
  readonly wallet: Wallet;
  readonly manifest: NetworkAddress;
  readonly ways: OwnDoor;
}

export const cardLines = (
  card: EmergencyCard,
  { name }: Pick<Manifest, 'name'>,
  out: string,
): string[] => [
  ...printedCard(card, name).trimEnd().split('\n'),
  '',
  `The card's line is in ${out}; print it, or make a QR code of it. A card of a lower number is dead.`,
];

export function madeLines(holder: KnownNode, { file, told, silent }: KeptSummary): string[] {
  const name = shownName(holder);
  const kept =
    silent === 0 ? '' : ` It keeps silent about ${silent} that are marked as especially private.`;
  return [
    `Her summary is in ${file}, made of ${told === 1 ? '1 record' : `${told} records`}.${kept}`,
    `The card opens it once ${name} has handed it in: npm run submit-record -- ${file} --at "${name}"`,
  ];
}

/** What the card would open now. It is made already: a hospital that does not say stops nothing. */
export async function summaryLine(
  { wallet, manifest, ways }: SummaryDesk,
  holder: KnownNode,
): Promise<string> {
  const name = shownName(holder);
  const network = networkOf(wallet, manifest);
  try {
    switch (await summaryAt(wallet, network, holder, ways)) {
      case 'held':
        return `${name} holds the summary that it opens.`;
      case 'due':
        return `The summary that it opens is on its way to ${name}.`;
      case 'none':
        return `It opens nothing yet: ${name} holds no summary under its key. Make one with --summary FILE and have ${name} hand it in; one handed in just now takes some seconds.`;
    }
  } catch (error) {
    if (!(error instanceof CarelatticeError)) throw error;
    return `Whether ${name} holds the summary that it opens is not known (${error.code}).`;
  }
}

export function notToldLines(
  { nodes }: Pick<OwnDoor, 'nodes'>,
  notTold: readonly Hex[],
  again: string,
): string[] {
  if (notTold.length === 0) return [];
  const names = notTold.map((nodeId) => nameIn(nodes, nodeId));
  return [
    `NOT TOLD: ${listed(names)} could not be reached and may still give out a share of the card before. Run ${again} again.`,
  ];
}
