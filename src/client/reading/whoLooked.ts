import { recoverAccount } from '../../crypto/signatures.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import {
  type AnchoredLog,
  judgeReceiptLog,
  type LogFault,
  type LogVerdict,
} from '../../domain/receiptLog.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { MessageType } from '../../wire/envelope.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import {
  type ReceiptOpening,
  receiptLogAnswer,
  type WireAccessReceipt,
} from '../../wire/readMessages.ts';
import type { ReceiptLeaf } from '../../wire/receiptLeaf.ts';
import type { AccessReceipt } from '../../wire/typedData.ts';
import { ask, type ClientTransport } from '../ask.ts';
import { inboxToken, type TokenClock } from '../inbox/inboxToken.ts';
import { accountsOf, openingFaults } from './openingFaults.ts';
import { nodeSecrets, type Wallet, type WalletNetwork } from '../wallet/wallet.ts';

/** Who looked: a node's receipt log against the roots that it anchored, and her own receipts in it. */

export interface LogReader extends TokenClock {
  readonly transport: ClientTransport;
  /** All nodes and readers by id, as the chain has them. */
  readonly nodes: ReadonlyMap<Hex, KnownNode>;
  /** The roots that this node anchored, read from the chain. */
  anchoredBy(nodeId: Hex): readonly AnchoredLog[];
}

/** Every node that may have receipts of hers: where she is or was enrolled, and her card's custodians. */
export const logHoldersOf = ({ relations, formerHolders = [], card }: WalletNetwork): Hex[] => [
  ...new Set([
    ...relations.map(({ nodeId }) => nodeId),
    ...formerHolders,
    ...(card?.custodians ?? []),
    ...(card?.notTold ?? []),
  ]),
];

export interface NodeLog {
  readonly node: KnownNode;
  readonly verdict: LogVerdict;
  /** Her receipts as the node opens them, by number, with what was asked; those not anchored yet at the end. */
  readonly openings: readonly ReceiptOpening[];
  /** The whole log, leaf by leaf. */
  readonly leaves: readonly ReceiptLeaf[];
}

/** A receipt that a reader showed her, as it came from the node. */
export interface ReaderReceipt {
  readonly receipt: WireAccessReceipt;
  readonly signature: Hex;
}

const LEAVES = 10_000;

/**
 * Reads one node's whole log.
 * @param shown receipts that she has from readers: the log has to have them too
 * @throws `Unauthorized`, and of the transport
 */
export async function whoLooked(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  reader: LogReader,
  shown: readonly ReaderReceipt[] = [],
): Promise<NodeLog> {
  const { leaves, openings } = await served(wallet, network, node, reader);
  const { federationId, networkId } = network;
  const signed = ({ receipt, signature }: ReaderReceipt) => ({
    signature,
    receipt: signedReceipt(network, receipt),
  });
  const verdict = judgeReceiptLog({
    federationId,
    networkId,
    holder: node.nodeId,
    accessKey: nodeSecrets(wallet, network, node.nodeId).accessKey,
    leaves,
    anchored: reader.anchoredBy(node.nodeId),
    openings: openings.map((opening) => ({
      n: opening.n,
      salt: opening.salt,
      ...signed(opening),
    })),
    shown: shown.map(signed),
    isSigned: (digest, signature) => accountsOf(node).includes(recoverAccount(digest, signature)),
  });
  const forged = openingFaults(network, reader.nodes, openings, verdict);
  return { node, verdict: withFaults(verdict, forged), openings, leaves };
}

/** A receipt as it was signed, from the one that travels. */
export const signedReceipt = (
  { networkId, chainId }: Pick<WalletNetwork, 'networkId' | 'chainId'>,
  receipt: WireAccessReceipt,
): AccessReceipt => ({
  ...receipt,
  networkId,
  chainId: BigInt(chainId),
  n: BigInt(receipt.n),
  blockNumber: BigInt(receipt.blockNumber),
});

const withFaults = (verdict: LogVerdict, more: LogFault[]): LogVerdict =>
  more.length === 0
    ? verdict
    : {
        kind: 'evidence',
        receipts: verdict.receipts,
        faults: [...(verdict.kind === 'ok' ? [] : verdict.faults), ...more],
      };

/** What the node serves, as far as it can be of use: a node that goes on for ever is not followed. */
async function served(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  reader: LogReader,
): Promise<Pick<NodeLog, 'leaves' | 'openings'>> {
  const leaves: ReceiptLeaf[] = [];
  const openings: ReceiptOpening[] = [];
  const anchored = Math.max(0, ...reader.anchoredBy(node.nodeId).map(({ size }) => size));
  for (;;) {
    const token = inboxToken(wallet, network, node.nodeId, reader);
    const openFrom = (openings.at(-1)?.n ?? 0) + 1;
    const body = encodeMessage({ token, from: leaves.length + 1, limit: LEAVES, openFrom });
    const answer = decodeMessage(
      receiptLogAnswer,
      await ask(reader.transport, network.networkId, node, MessageType.PatientReceiptLog, body),
    );
    const size = Math.min(answer.size, anchored + LEAVES);
    leaves.push(...answer.leaves.map(leafOf));
    let isRising = false;
    for (const opening of answer.openings) {
      if (opening.n <= (openings.at(-1)?.n ?? 0) || opening.n > size) continue;
      openings.push(opening);
      isRising = true;
    }
    const isWhole = leaves.length >= size || answer.leaves.length === 0;
    if (isWhole && !isRising) return { leaves, openings };
  }
}

function leafOf(bytes: Hex): ReceiptLeaf {
  const both = fromHex(bytes, 48);
  return { tag: toHex(both.subarray(0, 16)), inner: toHex(both.subarray(16)) };
}
