import { recoverAccount } from '../../crypto/signatures.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import { MessageType } from '../../wire/envelope.ts';
import { type EraseAnswer, eraseAnswer } from '../../wire/erasureMessages.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import { type EraseRecords, typedDigest } from '../../wire/typedData.ts';
import { ask, type ClientTransport } from '../ask.ts';
import { placeOf, signFor } from '../patientMessages.ts';
import type { Wallet, WalletErasure, WalletNetwork } from '../wallet/wallet.ts';

/**
 * She has records erased: every node that was ever given them is asked, and signs that they are gone. Who does not
 * answer stays in her wallet as a standing alarm until it does.
 */

export interface ErasureNetwork {
  readonly transport: ClientTransport;
  /** All nodes by id, as the chain has them. */
  readonly nodes: ReadonlyMap<Hex, KnownNode>;
}

/** Anchors of one message. */
const MOST = 1000;

/** The nodes that may have something of her: those in her relations, and those that she has left. */
export const holdersOf = ({ relations, formerHolders = [] }: WalletNetwork): Hex[] => [
  ...new Set([...relations.map(({ nodeId }) => nodeId), ...formerHolders]),
];

/**
 * Asks all holders at once. What comes back is in the wallet too, with who is still waited for and why; keep the wallet.
 * @throws `NothingToErase` without anchors
 */
export async function eraseRecords(
  wallet: Wallet,
  network: WalletNetwork,
  on: ErasureNetwork,
  anchors: readonly Hex[],
): Promise<WalletErasure[]> {
  const wanted = [...new Set(anchors)];
  if (wanted.length === 0)
    throw new CarelatticeError('NothingToErase', 'name the records that are to be erased');
  const asked: WalletErasure[] = [];
  for (let at = 0; at < wanted.length; at += MOST) {
    const known = (network.erasures ??= []);
    const erasure: WalletErasure = {
      seq: Math.max(0, ...known.map(({ seq }) => seq)) + 1,
      anchors: wanted.slice(at, at + MOST),
      receipts: [],
      waiting: holdersOf(network).map((nodeId) => ({ nodeId, reason: 'NotAsked' })),
    };
    known.push(erasure);
    await askWaiting(wallet, network, on, erasure);
    asked.push(erasure);
  }
  return asked;
}

/** The erasures that a holder has not confirmed: her standing alarms. */
export const openErasures = ({ erasures = [] }: WalletNetwork): WalletErasure[] =>
  erasures.filter(({ waiting }) => waiting.length > 0);

/** Asks everybody again who has not confirmed; says which erasures are still open. */
export async function retryErasures(
  wallet: Wallet,
  network: WalletNetwork,
  on: ErasureNetwork,
): Promise<WalletErasure[]> {
  for (const erasure of openErasures(network)) await askWaiting(wallet, network, on, erasure);
  return openErasures(network);
}

async function askWaiting(
  wallet: Wallet,
  network: WalletNetwork,
  on: ErasureNetwork,
  erasure: WalletErasure,
): Promise<void> {
  const answers = await Promise.all(
    erasure.waiting.map(async ({ nodeId }) => {
      try {
        return { nodeId, receipt: await askHolder(wallet, network, on, erasure, nodeId) };
      } catch (error) {
        if (!(error instanceof CarelatticeError)) throw error;
        return { nodeId, reason: error.code };
      }
    }),
  );
  erasure.waiting = [];
  for (const { nodeId, receipt, reason } of answers) {
    if (receipt === undefined) erasure.waiting.push({ nodeId, reason });
    else erasure.receipts.push({ nodeId, ...receipt });
  }
}

/** @throws `NodeUnknown`, `ErasureReceiptForged`, the node's refusal, the transport's errors */
async function askHolder(
  wallet: Wallet,
  network: WalletNetwork,
  { transport, nodes }: ErasureNetwork,
  { seq, anchors }: WalletErasure,
  nodeId: Hex,
): Promise<EraseAnswer> {
  const node = nodes.get(nodeId);
  if (node === undefined)
    throw new CarelatticeError('NodeUnknown', 'the node is not in the registry', {
      facts: { nodeId },
    });
  const { patientId } = network;
  const message: EraseRecords = { ...placeOf(network), patientId, seq: BigInt(seq), anchors };
  // Signed at each asking: by the key that is hers now.
  const signature = signFor(wallet, network, 'EraseRecords', message);
  const body = encodeMessage({ patientId, seq, anchors, signature });
  const answer = decodeMessage(
    eraseAnswer,
    await ask(transport, network.networkId, node, MessageType.EraseRecords, body),
  );
  if (!isErasureReceipt(network, node, { seq, anchors }, answer))
    throw new CarelatticeError(
      'ErasureReceiptForged',
      'the receipt of the erasure is not signed by the node; ask again, and report it',
      { facts: { node: node.name } },
    );
  return answer;
}

/** Whether the node signed that these records of hers are gone there: who keeps the receipt can check it later. */
export function isErasureReceipt(
  network: WalletNetwork,
  node: Pick<KnownNode, 'nodeId' | 'account'>,
  { seq, anchors }: Pick<WalletErasure, 'seq' | 'anchors'>,
  { erasedAt, signature }: EraseAnswer,
): boolean {
  const { federationId, patientId } = network;
  const request = { ...placeOf(network), patientId, seq: BigInt(seq), anchors };
  const digest = typedDigest('ErasureReceipt', federationId, {
    ...placeOf(network),
    holder: node.nodeId,
    requestDigest: toHex(typedDigest('EraseRecords', federationId, request)),
    anchors,
    erasedAt: BigInt(erasedAt),
  });
  return recoverAccount(digest, signature) === node.account;
}
