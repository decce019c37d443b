import { type Hex, toHex } from '../../hash/bytes.ts';
import {
  handleIn,
  type KeptSecrets,
  nodeSecrets,
  scopeSeed,
  type Wallet,
  type WalletNetwork,
} from './wallet.ts';

/**
 * The same wallet on a new root key, when somebody else may know the old one. What came of the old one is data from now
 * on. It needs key slots of its own, and `renewKeys` in each network; emergency cards are made anew.
 * @param categories every category that her records may have
 */
export function withNewRoot(
  wallet: Wallet,
  categories: readonly string[],
  random: (size: number) => Uint8Array,
): Wallet {
  const { keySlots: _, ...rest } = structuredClone(wallet);
  const next: Wallet = { ...rest, rootKey: toHex(random(32)) };
  for (const network of Object.values(wallet.networks)) {
    const { card: __, ...same } = structuredClone(network);
    next.networks[network.networkId] = {
      ...same,
      kept: keptOf(wallet, network, categories),
      presenceEpoch: network.presenceEpoch + 1,
    };
  }
  return next;
}

function keptOf(
  wallet: Wallet,
  network: WalletNetwork,
  categories: readonly string[],
): KeptSecrets {
  const nodes = [
    ...network.relations.map(({ nodeId }) => nodeId),
    ...(network.formerHolders ?? []),
  ];
  const accessKeyOf = (nodeId: Hex): Hex => toHex(nodeSecrets(wallet, network, nodeId).accessKey);
  return {
    handles: Object.fromEntries(
      categories.map((category) => [category, handleIn(wallet, network, category)]),
    ),
    scopeSeeds: categories.flatMap((category) =>
      Array.from({ length: 1 + (network.epochs[category] ?? 0) }, (_, epoch) => ({
        category,
        epoch,
        seed: toHex(scopeSeed(wallet, network, category, epoch)),
      })),
    ),
    accessKeys: {
      ...network.kept?.accessKeys,
      ...Object.fromEntries(nodes.map((nodeId) => [nodeId, accessKeyOf(nodeId)])),
    },
  };
}
