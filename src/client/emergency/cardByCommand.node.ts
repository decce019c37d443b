import type { Manifest } from '../../chain/manifest.ts';
import { assertWritable, createSecretFile } from '../../crypto/secretFile.node.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { nodeNamed } from '../../domain/nodeNamed.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import { ZERO_32 } from '../../hash/bytes.ts';
import { MessageType } from '../../wire/envelope.ts';
import { encodeMessage } from '../../wire/messages.ts';
import { ask } from '../ask.ts';
import type { ClientNetwork } from '../enrolment/enroll.ts';
import { listed, shownName } from '../plainLine.ts';
import type { OwnDoor } from '../reading/ownRecords.ts';
import { networkOf, type Wallet, type WalletNetwork } from '../wallet/wallet.ts';
import { cardLines, type KeptSummary, madeLines, notToldLines, summaryLine } from './cardLines.ts';
import { assertCardFile, writeCardFile } from './cardFile.node.ts';
import { unreachable } from './breakGlass.ts';
import {
  assertCardPlan,
  type CardPlan,
  makeEmergencyCard,
  presentCard,
  withdrawEmergencyCard,
} from './emergencyCard.ts';
import type { EmergencyCard } from './emergencyCardText.ts';
import { endEmergency } from './endEmergency.ts';
import { ownSummary, type SummaryOrder } from './ownSummary.ts';

/** What `emergency card` and `emergency end` do for a patient with her wallet. */

export interface CardDesk {
  readonly wallet: Wallet;
  readonly manifest: Pick<Manifest, 'name' | 'federationId' | 'networkId' | 'chainId'>;
  readonly ways: ClientNetwork & OwnDoor;
  /** Writes the wallet back. */
  save(): Promise<void>;
}

/** As typed. */
export interface CardOptions {
  /** Names of three hospitals; none: those of the card before. */
  readonly custodians: readonly string[];
  /** Name of the hospital of hers where the summary lies; default that of the card before. */
  readonly at?: string | undefined;
  /** Whether and how a summary is made as well. */
  readonly summary?: (SummaryOrder & { readonly file: string }) | undefined;
  /** File of the card. */
  readonly out: string;
}

export interface CardTold {
  readonly lines: readonly string[];
  /** Everybody who had to hear of it has. */
  readonly ok: boolean;
}

/**
 * A new card, which ends the one before, and with `summary` the summary to be handed in.
 * @throws `BadOption`, `NodeUnknown`, `NotACustodian`, `NotInRelations`, `PeerUnreachable`, `CardNotTaken`,
 * `SecretFileExists`, and as `ownSummary`
 */
export const makeCardByCommand = (desk: CardDesk, options: CardOptions): Promise<CardTold> =>
  newCard(desk, options, {
    make: (network, plan) => makeEmergencyCard(desk.wallet, network, desk.ways, plan),
  });

/** After an emergency, at her next visit: a new key, which her hospitals get first, and a new card. @throws as above */
export async function endByCommand(desk: CardDesk, options: CardOptions): Promise<CardTold> {
  const { wallet, manifest, ways } = desk;
  const { relations } = networkOf(wallet, manifest);
  const told = await newCard(desk, options, {
    make: (network, plan) => endEmergency(wallet, network, ways, plan),
    needed: relations.flatMap(({ nodeId }) => ways.nodes.get(nodeId) ?? []),
  });
  const first = 'Her summary has a new key: the shares that were given out open nothing newer.';
  return { ...told, lines: [first, '', ...told.lines] };
}

/**
 * The card that she has, once more; with `summary` a newer summary for it.
 * @throws `BadOption` when she has none, `SecretFileExists`, and as `ownSummary`
 */
export async function showCardByCommand(
  desk: CardDesk,
  { out, summary }: CardOptions,
): Promise<CardTold> {
  const network = networkOf(desk.wallet, desk.manifest);
  const card = presentCard(desk.wallet, network);
  if (card === undefined) throw noCardYet();
  const plan = planOf(desk, network, { custodians: [] });
  await assertFiles(network, out, summary);
  const made = await madeSummary(desk, network, plan.holder, summary);
  return { lines: await keptLines(desk, { card, plan, made, out }), ok: true };
}

/** Ends emergency access. */
export async function withdrawCardByCommand(desk: CardDesk): Promise<CardTold> {
  const network = networkOf(desk.wallet, desk.manifest);
  if (network.card === undefined) return { lines: ['She has no emergency card.'], ok: true };
  const notTold = await withdrawEmergencyCard(desk.wallet, network, desk.ways);
  await desk.save();
  const lines = [
    notTold.length === 0
      ? 'Her emergency card is withdrawn: it opens nothing any more. Destroy every copy.'
      : 'Her emergency card is withdrawn. Destroy every copy.',
    ...notToldLines(desk.ways, notTold, 'npm run emergency -- card --withdraw'),
  ];
  return { lines, ok: notTold.length === 0 };
}

interface Making {
  make(network: WalletNetwork, plan: CardPlan): ReturnType<typeof makeEmergencyCard>;
  /** Nodes that have to answer besides the custodians. */
  readonly needed?: readonly KnownNode[];
}

async function newCard(
  desk: CardDesk,
  options: CardOptions,
  { make, needed = [] }: Making,
): Promise<CardTold> {
  const { out, summary } = options;
  const network = networkOf(desk.wallet, desk.manifest);
  const plan = planOf(desk, network, options);
  // What would stop it half way is found before the card of before is ended.
  assertCardPlan(network, plan);
  await assertFiles(network, out, summary);
  for (const node of new Set([...plan.custodians, ...needed])) await requireReachable(desk, node);
  const made = await madeSummary(desk, network, plan.holder, summary);
  const { card, notTold } = await taken(desk, () => make(network, plan));
  const lines = [
    ...(await keptLines(desk, { card, plan, made, out })),
    ...notToldLines(desk.ways, notTold, 'this command'),
  ];
  return { lines, ok: notTold.length === 0 };
}

/** @throws `SecretFileExists` */
async function assertFiles(
  network: WalletNetwork,
  out: string,
  summary: CardOptions['summary'],
): Promise<void> {
  await assertCardFile(out, network);
  if (summary !== undefined) await assertWritable(summary.file);
}

async function madeSummary(
  { wallet, ways }: CardDesk,
  network: WalletNetwork,
  holder: KnownNode,
  summary: CardOptions['summary'],
): Promise<KeptSummary | undefined> {
  if (summary === undefined) return undefined;
  const { file } = summary;
  return { ...(await ownSummary(wallet, network, holder, ways, summary)), file };
}

interface Kept {
  readonly card: EmergencyCard;
  readonly plan: CardPlan;
  readonly made: KeptSummary | undefined;
  readonly out: string;
}

/** Writes the files, and says what lies where. */
async function keptLines(desk: CardDesk, { card, plan, made, out }: Kept): Promise<string[]> {
  await writeCardFile(out, card);
  if (made !== undefined) await createSecretFile(made.file, made.text);
  const { custodians, holder } = plan;
  return [
    ...cardLines(card, desk.manifest, out),
    `Any two of ${listed(custodians.map(shownName))} give the key of her summary; one alone opens nothing.`,
    ...(made === undefined ? [await summaryLine(desk, holder)] : madeLines(holder, made)),
  ];
}

/** The card's own options, else what the card before says. @throws `BadOption`, `NodeUnknown`, `NameAmbiguous` */
function planOf(
  { ways: { nodes } }: CardDesk,
  { card }: WalletNetwork,
  { custodians: names, at }: Pick<CardOptions, 'custodians' | 'at'>,
): CardPlan {
  const before = card?.custodians ?? [];
  if (names.length === 0 && before.length === 0) throw noCardYet();
  const holder = at ?? card?.holder;
  if (holder === undefined)
    throw new CarelatticeError('BadOption', 'say where her summary lies: --at HOSPITAL');
  return {
    custodians: (names.length === 0 ? before : names).map((name) =>
      nodeNamed(nodes.values(), name),
    ),
    holder: nodeNamed(nodes.values(), holder),
  };
}

const noCardYet = (): CarelatticeError =>
  new CarelatticeError(
    'BadOption',
    'she has no emergency card; name three hospitals that keep its shares (--custodian, three times) and the one of hers where the summary lies (--at)',
  );

/** That it knows no such card shows that it is there. @throws of the transport */
async function requireReachable({ manifest, ways }: CardDesk, node: KnownNode): Promise<void> {
  const body = encodeMessage({ lookUp: ZERO_32 });
  const { EmergencyLookUp } = MessageType;
  if (node.role !== 'recording') return; // an index node, which her hospitals' list may name, knows no cards
  try {
    await ask(ways.transport, manifest.networkId, node, EmergencyLookUp, body);
  } catch (error) {
    if (hasCode(error, 'PeerUnreachable')) throw unreachable(node, error);
    if (!hasCode(error, 'CardUnknown')) throw error;
  }
}

/** Keeps in her wallet how far it came. @throws `CardNotTaken` */
async function taken<T>(desk: CardDesk, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof CarelatticeError)) throw error;
    throw new CarelatticeError(
      'CardNotTaken',
      'not everybody took the new card, and the one before may be dead already; run this again until it is made',
      { facts: { code: error.code, because: error.message }, cause: error, retryable: true },
    );
  } finally {
    await desk.save();
  }
}
