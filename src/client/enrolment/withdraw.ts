import type { KnownNode } from '../../domain/knownNode.ts';
import { relationsDigest } from '../../domain/relations.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import { type ClientNetwork, refreshOthers, submit } from './enroll.ts';
import { setRelations } from '../patientMessages.ts';
import { submitSteps, withSteps } from '../account/stepScopes.ts';
import type { Wallet, WalletNetwork } from '../wallet/wallet.ts';

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
  const next = withSteps(network, categories);
  next.relations = network.relations.filter((relation) => relation !== gone);
  next.presenceEpoch += 1;
  const last = network.seq + categories.length + 1;
  const plan = { list: next.relations, seq: last, categories };
  await refreshOthers(wallet, next, transport, nodes, plan, () => false);
  await submitSteps(wallet, network, next, { transport, consensus }, categories);
  const digest = relationsDigest(next.relations);
  await submit(transport, network, consensus, setRelations(wallet, next, last, digest));
  network.seq = last;
  network.presenceEpoch = next.presenceEpoch;
  network.relations = next.relations;
  network.formerHolders = [...new Set([...(network.formerHolders ?? []), gone.nodeId])];
}
