import { recoverAccount } from '../../crypto/signatures.ts';
import type { Hex } from '../../hash/bytes.ts';
import { accountIn } from '../../domain/knownNode.ts';
import { typedDigest } from '../../wire/typedData.ts';
import type { Components } from '../components.ts';

/** Whether the author's node signed this batch root, with the key it had in that epoch. */
export function isSignedByAuthor(
  c: Pick<Components, 'nodes' | 'self'>,
  author: Hex,
  batch: { batchRoot: Hex; keyEpoch: number; signature: Hex },
): boolean {
  const node = c.nodes.byId(author);
  const account = node === undefined ? undefined : accountIn(node, batch.keyEpoch);
  const { federationId, networkId, chainId } = c.self.network;
  const digest = typedDigest('RecordBatch', federationId, {
    networkId,
    chainId: BigInt(chainId),
    author,
    keyEpoch: batch.keyEpoch,
    batchRoot: batch.batchRoot,
  });
  return account !== undefined && recoverAccount(digest, batch.signature) === account;
}
