import { cardLookUp, scopeKeyIdOf } from '../../crypto/derivations.ts';
import { sealCustody } from '../../crypto/custodyPackage.ts';
import { splitSummaryKey } from '../../crypto/emergencyShares.ts';
import { deriveKemKeyPair, kemPublicKeyOf } from '../../crypto/hpkeSealing.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import { type CustodyContent, CUSTODIANS, SUMMARY_CATEGORY } from '../../wire/emergencyMessages.ts';
import { MessageType } from '../../wire/envelope.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import { encodeMessage } from '../../wire/messages.ts';
import { ask } from '../ask.ts';
import type { EmergencyCard } from './emergencyCardText.ts';
import type { ClientNetwork } from '../enrolment/enroll.ts';
import { inboxKeyOf } from '../inbox/inboxKey.ts';
import { placeOf, signFor } from '../patientMessages.ts';
import {
  cardSecretIn,
  nodeSecrets,
  scopeSeed,
  type Wallet,
  type WalletNetwork,
} from '../wallet/wallet.ts';

/** The patient names three custodians of her emergency summary's key, and gets the card that finds them. */

export interface CardPlan {
  /** Three admitted recording nodes, enrolled or not. */
  readonly custodians: readonly KnownNode[];
  /** Node at which her summary lies. */
  readonly holder: KnownNode;
}

type Ways = Pick<ClientNetwork, 'transport' | 'nodes'>;

/**
 * Makes a new card; the one before is dead from then on. Custodians that she no longer names are told so last: who
 * cannot be reached is named in the answer, and told again with the next card.
 * @throws `NotACustodian`, `NotInRelations`, the custodians' refusals; the wallet then stays as it was
 */
export async function makeEmergencyCard(
  wallet: Wallet,
  network: WalletNetwork,
  ways: Ways,
  { custodians, holder }: CardPlan,
): Promise<{ card: EmergencyCard; notTold: readonly Hex[] }> {
  assertCardPlan(network, { custodians, holder });
  const cardEpoch = nextEpoch(network);
  const secret = cardSecretIn(wallet, network, cardEpoch);
  const seed = scopeSeed(wallet, network, SUMMARY_CATEGORY, network.epochs[SUMMARY_CATEGORY] ?? 0);
  const { publicKey } = await deriveKemKeyPair(HYBRID_SUITE, seed);
  const shares = await splitSummaryKey(seed);
  const names = custodians.map(({ nodeId }) => nodeId);
  const same = {
    lookUp: cardLookUp(secret, cardEpoch),
    custodians: names,
    holder: holder.nodeId,
    scopeKeyId: scopeKeyIdOf(publicKey),
    inboxKey: (await inboxKeyOf(wallet, network)).key,
    inboxes: network.relations.map(({ nodeId }) => nodeId),
  };
  for (const [index, node] of custodians.entries()) {
    const accessKey = toHex(nodeSecrets(wallet, network, node.nodeId).accessKey);
    const share = shares[index];
    if (share === undefined) throw new Error('there is a share for each custodian');
    await tell(wallet, network, ways, node, { cardEpoch, custody: { ...same, accessKey, share } });
  }
  const notTold = await tellFormer(wallet, network, ways, cardEpoch, names);
  network.card = { cardEpoch, custodians: names, holder: holder.nodeId, notTold };
  const { networkId, patientId } = network;
  return { card: { networkId, patientId, secret: toHex(secret), cardEpoch }, notTold };
}

/**
 * Ends emergency access: the card is dead, the custodians give up their shares.
 * @returns those that could not be reached; called again, they are told again
 */
export async function withdrawEmergencyCard(
  wallet: Wallet,
  network: WalletNetwork,
  ways: Ways,
): Promise<readonly Hex[]> {
  if (network.card === undefined) return [];
  const cardEpoch = nextEpoch(network);
  const notTold = await tellFormer(wallet, network, ways, cardEpoch, []);
  network.card = { ...network.card, cardEpoch, custodians: [], notTold };
  return notTold;
}

const nextEpoch = ({ card }: WalletNetwork): number => (card?.cardEpoch ?? 0) + 1;

/** Those that keep no share any more, and have not heard of it. */
async function tellFormer(
  wallet: Wallet,
  network: WalletNetwork,
  ways: Ways,
  cardEpoch: number,
  present: readonly Hex[],
): Promise<Hex[]> {
  const { custodians = [], notTold: before = [] } = network.card ?? {};
  const notTold: Hex[] = [];
  for (const nodeId of new Set([...custodians, ...before])) {
    const node = ways.nodes.get(nodeId);
    if (present.includes(nodeId) || node === undefined || node.state === 'removed') continue;
    try {
      await tell(wallet, network, ways, node, { cardEpoch });
    } catch (error) {
      if (!(error instanceof CarelatticeError)) throw error;
      notTold.push(nodeId);
    }
  }
  return notTold;
}

async function tell(
  wallet: Wallet,
  network: WalletNetwork,
  { transport }: Ways,
  node: KnownNode,
  content: Omit<CustodyContent, 'patientId'>,
): Promise<void> {
  const { networkId, patientId } = network;
  const { signature, sealed } = await sealCustody(
    { patientId, ...content },
    { ...placeOf(network), nodeId: node.nodeId },
    kemPublicKeyOf(node.kemKey),
    (message) => signFor(wallet, network, 'Package', message),
  );
  const { cardEpoch } = content;
  const body = { patientId, cardEpoch, package: toHex(sealed), packageSignature: signature };
  await ask(transport, networkId, node, MessageType.EmergencyShare, encodeMessage(body));
}

/** What a card needs, before anybody is told of it. @throws `NotACustodian`, `NotInRelations` */
export function assertCardPlan(
  network: Pick<WalletNetwork, 'relations'>,
  { custodians, holder }: CardPlan,
): void {
  assertCustodians(custodians);
  if (network.relations.some(({ nodeId }) => nodeId === holder.nodeId)) return;
  throw new CarelatticeError('NotInRelations', 'she is not enrolled at this node', {
    facts: { node: holder.name },
  });
}

/** @throws `NotACustodian` */
function assertCustodians(custodians: readonly KnownNode[]): void {
  const distinct = new Set(custodians.map(({ nodeId }) => nodeId));
  if (custodians.length !== CUSTODIANS || distinct.size !== CUSTODIANS)
    throw new CarelatticeError('NotACustodian', 'an emergency card has three different custodians');
  const other = custodians.find(({ role, state }) => role !== 'recording' || state !== 'admitted');
  if (other === undefined) return;
  throw new CarelatticeError(
    'NotACustodian',
    'only an admitted recording node keeps shares; name another one',
    { facts: { node: other.name, role: other.role, state: other.state } },
  );
}

/** The card as it is printed once more. Undefined while there is none. */
export function presentCard(wallet: Wallet, network: WalletNetwork): EmergencyCard | undefined {
  const { networkId, patientId, card } = network;
  if (card === undefined || lacksEmergencyCard(network)) return undefined;
  const { cardEpoch } = card;
  const secret = toHex(cardSecretIn(wallet, network, cardEpoch));
  return { networkId, patientId, secret, cardEpoch };
}

/** Said to her at enrolment: without custodians nobody can open her summary in an emergency. */
export const lacksEmergencyCard = ({ card }: WalletNetwork): boolean =>
  card === undefined || card.custodians.length === 0;
