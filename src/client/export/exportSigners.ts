import { recoverAccount } from '../../crypto/signatures.ts';
import type { Hex } from '../../hash/bytes.ts';
import { itemsOf, type ExportItem } from './exportItems.ts';
import type { Notes } from './findings.ts';

/** Who signs in an export, by the accounts that it lists for each node. */
export interface Signers {
  nameOf(nodeId: Hex): string | undefined;
  /** Whether `nodeId` signed; in `keyEpoch` where that is known, else with any of its keys. Notes what is wrong. */
  check(signed: {
    readonly nodeId: Hex;
    readonly digest: Uint8Array;
    readonly signature: Hex;
    readonly keyEpoch?: number;
    readonly at: string;
  }): boolean;
  isSigned(nodeId: Hex, digest: Uint8Array, signature: Hex): boolean;
}

/** Notes every account that is listed: that it belongs to its node, the chain alone can say. */
export function exportSigners(items: readonly ExportItem[], notes: Notes): Signers {
  const nodes = new Map(itemsOf(items, 'node').map((node) => [node.nodeId, node]));
  for (const { nodeId, accounts } of nodes.values()) {
    for (const { keyEpoch, account } of accounts) {
      notes.claim({ kind: 'nodeKey', nodeId, keyEpoch, account });
    }
  }
  const accountsOf = (nodeId: Hex, keyEpoch?: number): Hex[] =>
    (nodes.get(nodeId)?.accounts ?? [])
      .filter((one) => keyEpoch === undefined || one.keyEpoch === keyEpoch)
      .map(({ account }) => account);
  return {
    nameOf: (nodeId) => nodes.get(nodeId)?.name,
    isSigned(nodeId, digest, signature) {
      const signer = recoverAccount(digest, signature);
      return signer !== undefined && accountsOf(nodeId).includes(signer);
    },
    check({ nodeId, digest, signature, keyEpoch, at }) {
      const accounts = accountsOf(nodeId, keyEpoch);
      if (accounts.length === 0) {
        notes.find('SignerUnknown', at, `the export has no key of node ${nodeId}`);
        return false;
      }
      const signer = recoverAccount(digest, signature);
      const isSigned = signer !== undefined && accounts.includes(signer);
      if (!isSigned) notes.find('SignatureWrong', at, `node ${nodeId} did not sign it`);
      return isSigned;
    },
  };
}
