import type { ClientNetwork } from '../client/enrolment/enroll.ts';
import { networkView, noConsensusNode } from '../client/networkView.ts';
import type { ReaderNetwork } from '../client/reading/requestRecords.ts';
import type { LogReader } from '../client/reading/whoLooked.ts';
import type { Random } from '../domain/random.ts';
import { CATEGORIES } from '../fhir/categories.ts';
import type { LocalNetwork } from './network.ts';

/** Everything that patients' and readers' programs need to reach a network. */
export type Ways = ClientNetwork & ReaderNetwork & LogReader;

/** The ways into a network of this process, with the directory as its chain has it now. Time passes as one waits. */
export async function waysInto(network: LocalNetwork, random: Random): Promise<Ways> {
  const view = networkView(network.manifest, network.chain.rpc);
  await view.refresh();
  const { nodes, active: consensus, anchors } = view;
  if (consensus === undefined) throw noConsensusNode();
  return {
    transport: network.transport,
    gateway: network.gateway,
    nodes,
    consensus,
    categories: CATEGORIES,
    random,
    anchoredBy: (nodeId) => anchors.get(nodeId) ?? [],
    now: () => clockOf(network),
    pause: async () => {
      await network.step();
    },
  };
}

/** Chain time as the nodes have it. */
function clockOf({ nodes }: LocalNetwork): number {
  const running = nodes.filter((node) => node.isRunning);
  return Math.max(0, ...running.map(({ open }) => open.components.now()));
}
