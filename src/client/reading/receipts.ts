import { recoverAccount } from '../../crypto/signatures.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { fromHex, type Hex, ZERO_32 } from '../../hash/bytes.ts';
import { isInTree } from '../../hash/merkleTree.ts';
import { MessageType } from '../../wire/envelope.ts';
import { decodeMessage, encodeMessage, patientReceipts } from '../../wire/messages.ts';
import { typedDigest } from '../../wire/typedData.ts';
import { ask, type ClientTransport } from '../ask.ts';
import { patientFetch } from '../inbox/inboxToken.ts';
import { placeOf } from '../patientMessages.ts';
import type { Wallet, WalletNetwork } from '../wallet/wallet.ts';

export interface StorageReceiptView {
  recordId: Hex;
  anchor: Hex;
  request: number;
  holder: Hex;
  /** The node's signature stands, and the record is under it. */
  valid: boolean;
}

/** Asks a node for its signed receipts over her records and checks each. @param now chain time, seconds */
export async function storageReceipts(
  wallet: Wallet,
  network: WalletNetwork,
  transport: ClientTransport,
  node: KnownNode,
  now: number,
  random: (size: number) => Uint8Array,
): Promise<StorageReceiptView[]> {
  const fetch = patientFetch(wallet, network, node.nodeId, ZERO_32, { now: () => now, random });
  const { networkId } = network;
  const type = MessageType.PatientFetch;
  const body = await ask(transport, networkId, node, type, encodeMessage(fetch));
  return decodeMessage(patientReceipts, body).receipts.map((receipt) => {
    const digest = typedDigest('StorageReceipt', network.federationId, {
      ...placeOf(network),
      holder: node.nodeId,
      request: BigInt(receipt.request),
      anchorsRoot: receipt.anchorsRoot,
      locatorRoot: receipt.locatorRoot,
    });
    const path = receipt.path.map((hash) => fromHex(hash, 32));
    const valid =
      recoverAccount(digest, receipt.signature) === node.account &&
      isInTree(fromHex(receipt.anchor, 32), path, fromHex(receipt.anchorsRoot, 32));
    return {
      recordId: receipt.recordId,
      anchor: receipt.anchor,
      request: receipt.request,
      holder: node.nodeId,
      valid,
    };
  });
}
