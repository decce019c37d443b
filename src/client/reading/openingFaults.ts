import { recoverAccount } from '../../crypto/signatures.ts';
import { accountIn, type KnownNode } from '../../domain/knownNode.ts';
import type { LogFault, LogVerdict } from '../../domain/receiptLog.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { merkleRoot } from '../../hash/merkleTree.ts';
import type { ReceiptOpening } from '../../wire/readMessages.ts';
import { readRequestDigest } from '../../wire/readDigests.ts';
import type { WalletNetwork } from '../wallet/wallet.ts';

/**
 * A receipt holds the digest of the request and the root of the records: what a node tells beside it, who asked and why
 * and for which records, has to give both, and the reader has to have signed it.
 */
export function openingFaults(
  network: WalletNetwork,
  nodes: ReadonlyMap<Hex, KnownNode>,
  openings: readonly ReceiptOpening[],
  { receipts }: LogVerdict,
): LogFault[] {
  return openings.flatMap((opening): LogFault[] => {
    const { n, receipt, request, anchors } = opening;
    const place = receipts.find((one) => one.n === n)?.place;
    const root = toHex(merkleRoot(anchors.map((anchor) => fromHex(anchor, 32))));
    const isTrue =
      root === receipt.recordListRoot &&
      receipt.holder === request.holder &&
      receipt.reader === request.reader &&
      receipt.basis === request.basis &&
      isAsked(network, nodes.get(request.reader), opening);
    return isTrue ? [] : [{ kind: 'RequestForged', n, ...(place === undefined ? {} : { place }) }];
  });
}

function isAsked(
  network: WalletNetwork,
  reader: KnownNode | undefined,
  { request: { signature, ...request }, receipt }: ReceiptOpening,
): boolean {
  const digest = readRequestDigest(network, request);
  return (
    toHex(digest) === receipt.requestDigest &&
    reader !== undefined &&
    accountsOf(reader).includes(recoverAccount(digest, signature))
  );
}

/** What somebody signed stays good when a new key was taken since. */
export const accountsOf = (node: KnownNode): (Hex | undefined)[] =>
  Array.from({ length: node.keyEpoch }, (_, index) => accountIn(node, index + 1));
