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
  // Planned on a copy: what fails on the way leaves her wallet as far as the nodes have taken it, to be signed again.
  const next = structuredClone(network);
  next.relations = network.relations.filter((relation) => relation !== gone);
  next.presenceEpoch += 1;
  for (const category of categories) next.epochs[category] = (next.epochs[category] ?? 0) + 1;
  const entries = await scopeEntries(wallet, next, categories, []);
  const last = network.seq + entries.length + 1;
  const plan = { list: next.relations, seq: last, categories };
  await refreshOthers(wallet, next, transport, nodes, plan, () => false);
  for (const entry of entries) {
    const step = {
      seq: network.seq + 1,
      handle: entry.handle,
      epoch: entry.epoch,
      commitment: commitmentOf(wallet, next, entry),
    };
    await submit(transport, network, consensus, scopeEpoch(wallet, next, step));
    network.seq = step.seq;
    network.epochs[entry.category] = entry.epoch;
  }
  const digest = relationsDigest(next.relations);
  await submit(transport, network, consensus, setRelations(wallet, next, last, digest));
  network.seq = last;
  network.presenceEpoch = next.presenceEpoch;
  network.relations = next.relations;
}
