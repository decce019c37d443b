import { fieldsOf } from '../src/chain/quantity.ts';
import type { Hex } from '../src/hash/bytes.ts';
import type { SeenRequest, SeenSeal, SeenSettlement } from '../src/journal/chainTables.ts';
import type { LocalNetwork, LocalNode } from '../src/localnet/network.ts';

/** What the run left behind, read from journals, stores and the chain: the demo tells and checks nothing else. */
export interface Facts {
  requests: SeenRequest[];
  seals: SeenSeal[];
  settled: SeenSettlement[];
  /** Gas of every transaction of the story: requests, seals, settlements. */
  gas: number;
  /** Ciphertext bytes and contents by node. */
  stored: Map<string, Stored>;
}

export interface Stored {
  bytes: number;
  sizesByCid: Map<string, number>;
}

export async function collectFacts(network: LocalNetwork): Promise<Facts> {
  const [any] = network.hospitals;
  if (any === undefined) throw new Error('a network has hospitals');
  const { seen } = any.open.components;
  const requests = Array.from({ length: seen.lastRequest() }, (_, i) =>
    seen.request(i + 1),
  ).flatMap((one) => one ?? []);
  const seals = unique(requests.flatMap(({ request }) => seen.sealOf(request) ?? []));
  const settled = unique(requests.flatMap(({ request }) => seen.settledOf(request) ?? []));
  const transactions = new Set([...requests, ...seals, ...settled].map(({ tx }) => tx));
  let gas = 0;
  for (const tx of transactions) gas += await gasOf(network, tx);
  const stored = new Map<string, Stored>();
  for (const node of network.nodes) stored.set(node.name, await contentsOf(node));
  return { requests, seals, settled, gas, stored };
}

const unique = <T extends { from: number }>(ranges: readonly T[]): T[] => [
  ...new Map(ranges.map((range) => [range.from, range])).values(),
];

export async function gasOf(network: LocalNetwork, tx: Hex): Promise<number> {
  const receipt = fieldsOf(
    await network.chain.rpc.send('eth_getTransactionReceipt', [tx]),
    'receipt',
  );
  return Number(receipt['gasUsed']);
}

async function contentsOf(node: LocalNode): Promise<Stored> {
  const sizesByCid = new Map<string, number>();
  let bytes = 0;
  for await (const content of node.open.components.store.list()) {
    if (content.state !== 'pinned') continue;
    sizesByCid.set(content.cid, content.size);
    bytes += content.size;
  }
  return { bytes, sizesByCid };
}
