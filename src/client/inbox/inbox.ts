import type { KemKeyPair } from '../../crypto/hpkeSealing.ts';
import { openNotice } from '../../crypto/inboxSeal.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { hasCode } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import { MessageType } from '../../wire/envelope.ts';
import {
  inboxAnswer,
  MOST_ACKNOWLEDGED,
  type Notice,
  type SealedItem,
} from '../../wire/inboxMessages.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import { ask, type ClientTransport } from '../ask.ts';
import { inboxKeyOf, inboxKeyPair } from './inboxKey.ts';
import { inboxToken, type TokenClock } from './inboxToken.ts';
import type { Wallet, WalletNetwork } from '../wallet/wallet.ts';

/** Her inbox: what nodes tell her, sealed to her, waiting on each node of hers. */

export interface InboxItem {
  /** Undefined when it does not open: it was sealed to another key, or by somebody who has none of hers. */
  readonly notice: Notice | undefined;
  /** Who sent it, and the name it has from there; what several nodes tell of one event is one item. */
  readonly sources: readonly Source[];
  /** Nodes on which it waits. */
  readonly at: readonly Hex[];
}

export interface Source {
  readonly from: Hex;
  readonly id: Hex;
}

export interface InboxDoor extends TokenClock {
  readonly transport: ClientTransport;
}

/**
 * The items on these nodes, each once; those that are `acknowledged` are dropped there first.
 * @throws `Unauthorized`, and of the transport
 */
export async function readInbox(
  wallet: Wallet,
  network: WalletNetwork,
  nodes: readonly KnownNode[],
  door: InboxDoor,
  acknowledged: readonly Pick<InboxItem, 'sources'>[] = [],
): Promise<InboxItem[]> {
  const keyPair = await inboxKeyPair(wallet, network);
  const { networkId, patientId } = network;
  const items: InboxItem[] = [];
  const read = acknowledged.flatMap(({ sources }) => sources);
  for (const node of nodes) {
    for (const { from, id, sealed } of await itemsAt(wallet, network, node, door, read)) {
      const notice = await opened(keyPair, { networkId, patientId, from, id }, sealed);
      items.push({ notice, sources: [{ from, id }], at: [node.nodeId] });
    }
  }
  return joinItems(items);
}

/** What several nodes tell of one event, or keep of one message, as one item. */
export function joinItems(items: readonly InboxItem[]): InboxItem[] {
  const found = new Map<string, InboxItem>();
  for (const { notice, sources, at } of items) {
    const isAccount = notice?.kind === 'account';
    const name = isAccount ? JSON.stringify(notice) : sources.map(nameOf).join();
    const known = found.get(name);
    const isNew = (source: Source): boolean =>
      known?.sources.every((one) => nameOf(one) !== nameOf(source)) ?? true;
    found.set(name, {
      notice: known?.notice ?? notice,
      sources: [...(known?.sources ?? []), ...sources.filter(isNew)],
      at: [...(known?.at ?? []), ...at],
    });
  }
  return [...found.values()];
}

const nameOf = ({ from, id }: Source): string => `${from} ${id}`;

/** All items at one node, page by page. */
async function itemsAt(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  door: InboxDoor,
  acknowledged: readonly Source[],
): Promise<SealedItem[]> {
  const { key: inboxKey } = await inboxKeyOf(wallet, network);
  const { networkId } = network;
  const items: SealedItem[] = [];
  let read = acknowledged;
  for (;;) {
    const body = encodeMessage({
      token: inboxToken(wallet, network, node.nodeId, door),
      inboxKey,
      acknowledged: read.slice(0, MOST_ACKNOWLEDGED),
      skip: items.length,
    });
    const sealed = await ask(door.transport, networkId, node, MessageType.PatientInbox, body);
    read = read.slice(MOST_ACKNOWLEDGED);
    const answer = decodeMessage(inboxAnswer, sealed);
    // What is still to be dropped would shift the pages.
    if (read.length > 0) continue;
    items.push(...answer.items);
    if (answer.left === 0 || answer.items.length === 0) return items;
  }
}

async function opened(
  keyPair: KemKeyPair,
  address: Parameters<typeof openNotice>[1],
  sealed: Hex,
): Promise<Notice | undefined> {
  try {
    return await openNotice(keyPair, address, sealed);
  } catch (error) {
    if (hasCode(error, 'OpeningFailed') || hasCode(error, 'MalformedBody')) return undefined;
    throw error;
  }
}
