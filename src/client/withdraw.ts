import type { KnownNode } from '../domain/knownNode.ts';
import { relationsDigest } from '../domain/relations.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { type ClientNetwork, refreshOthers, submit } from './enroll.ts';
import { scopeEpoch, setRelations } from './patientMessages.ts';
import { commitmentOf, scopeEntries, type Wallet, type WalletNetwork } from './wallet.ts';

/** The categories that lose their last holder when this node goes: the client warns before it signs. */
export const lastHolderOf = (network: WalletNetwork, nodeId: Hex): string[] =>
  network.relations
    .filter((relation) => relation.nodeId === nodeId)
    .flatMap(({ categories }) => categories)
    .filter(
      (category) =>
        !network.relations.some(
          (other) => other.nodeId !== nodeId && other.categories.includes(category),
        ),
    );

/**
 * Ends the relation to a node by her signature alone. Presence and scope keys step, so that what is written from now on
 * neither rings there nor opens there; the nodes that stay get the new keys first.
 * @throws `NotInRelations`
 */
export async function withdraw(
  wallet: Wallet,
  network: WalletNetwork,
  { transport, consensus, nodes, categories }: ClientNetwork,
  leaving: KnownNode,
): Promise<void> {
  const gone = network.relations.find(({ nodeId }) => nodeId === leaving.nodeId);
  if (gone === undefined) {
    throw new CarelatticeError('NotInRelations', 'she is not enrolled at this node', {
      facts: { node: leaving.name },
    });
  }
  network.relations = network.relations.filter((relation) => relation !== gone);
  network.presenceEpoch += 1;
  for (const category of categories) network.epochs[category] = (network.epochs[category] ?? 0) + 1;
  const first = network.seq + 1;
  const entries = await scopeEntries(wallet, network, categories, []);
  network.seq = first + entries.length;
  await refreshOthers(
    wallet,
    network,
    transport,
    nodes,
    { list: network.relations, seq: first, categories },
    () => false,
  );
  await submit(
    transport,
    network,
    consensus,
    setRelations(wallet, network, first, relationsDigest(network.relations)),
  );
  for (const [index, entry] of entries.entries()) {
    const step = {
      seq: first + 1 + index,
      handle: entry.handle,
      epoch: entry.epoch,
      commitment: commitmentOf(wallet, network, entry),
    };
    await submit(transport, network, consensus, scopeEpoch(wallet, network, step));
  }
}
