import { mkdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { httpRpc } from '../chain/httpRpc.ts';
import { isLocalChainId, requireNetworkName } from '../chain/manifest.ts';
import { manifestPath, writeManifest } from '../chain/manifestFile.ts';
import { toQuantity } from '../chain/quantity.ts';
import { requireChainId } from '../chain/rpc.ts';
import { NODE_FILE, READER_FILE } from '../config/nodeConfig.ts';
import { CarelatticeError } from '../errors.ts';
import { randomBytes } from '../crypto/random.ts';
import { createSecretFile } from '../crypto/secretFile.node.ts';
import { toHex } from '../hash/bytes.ts';
import type { Hex } from '../hash/bytes.ts';
import { deployEdge } from './deployEdge.ts';
import { folderNameOf, foundMember, foundNode } from './foundingKeys.ts';
import type { FoundingNode } from './foundingKeys.ts';
import { unlockedProvider } from './unlockedProvider.ts';

export interface Founding {
  readonly rpcUrl: string;
  readonly chainId: number;
  /** Lower-case letters, digits and hyphens. */
  readonly networkName: string;
  readonly nodes: readonly FoundingNode[];
  /** Where the manifest and, in a folder of the network's name, all keys go. */
  readonly folder: string;
}

export interface FoundedNetwork {
  readonly manifestPath: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly nodeId: Hex;
    readonly folder: string;
  }[];
}

/** What each node is given for its gas: one ether. */
const ALLOWANCE = 10n ** 18n;

const nodesFile = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(64),
      role: z.enum(['recording', 'consensus', 'index', 'reader', 'observer']),
      endpoint: z
        .url({ protocol: /^https$/ })
        .or(z.literal(''))
        .default(''),
    }),
  )
  .min(1);

/**
 * `3`: three hospitals, a consensus node and its standby on loopback, from `firstPort` on, and an insurer who reads;
 * else a JSON file of nodes. @throws `BadNodes`
 */
export async function foundingNodes(
  text: string,
  firstPort = 44_300,
): Promise<readonly FoundingNode[]> {
  if (!/^\d+$/.test(text)) return await readNodes(text);
  const count = Number(text);
  if (count < 1 || count > 64) throw badNodes(text, 'a number from 1 to 64');
  const node = (name: string, role: FoundingNode['role'], index: number): FoundingNode => ({
    name,
    role,
    endpoint: `https://127.0.0.1:${firstPort + index}`,
  });
  const hospitals = Array.from({ length: count }, (_, i) =>
    node(`Hospital ${i + 1}`, 'recording', i),
  );
  return [
    ...hospitals,
    node('Consensus node', 'consensus', count),
    node('Standby', 'consensus', count + 1),
    { name: 'Insurer', role: 'reader', endpoint: '' },
  ];
}

async function readNodes(path: string): Promise<readonly FoundingNode[]> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw badNodes(path, 'a number, or a file of JSON that can be read', cause);
  }
  const parsed = nodesFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`);
  throw badNodes(path, wrong.join('; '));
}

const badNodes = (source: string, wanted: string, cause?: unknown): CarelatticeError =>
  new CarelatticeError('BadNodes', 'the founding nodes are not told right', {
    facts: { source, wanted },
    cause,
  });

/**
 * Founds an edge network on one machine: makes all keys, deploys through a development node, admits the
 * nodes and gives each a little to pay its gas. Two thirds of the members (one per recording node) sign.
 * @throws `NotLocalChain`, `BadNetworkName`, `BadNodes`, `SecretFileExists`, and as `deployEdge`
 */
export async function foundNetwork(founding: Founding): Promise<FoundedNetwork> {
  const { rpcUrl, chainId, networkName, nodes, folder } = founding;
  if (!isLocalChainId(chainId)) {
    throw new CarelatticeError(
      'NotLocalChain',
      'all keys of a network are made on one machine only for local chain ids (1337, 31337, 1001 to 1016)',
      { facts: { chainId } },
    );
  }
  requireNetworkName(networkName);
  const folders = nodes.map(({ name }, i) => join(folder, networkName, folderNameOf(i, name)));
  const memberCount = nodes.filter(({ role }) => role === 'recording').length;
  if (memberCount === 0) throw badNodes('roles', 'a recording node');
  const rpc = httpRpc(rpcUrl);
  await requireChainId(rpc, chainId);

  await mkdir(join(folder, networkName), { recursive: true });
  const members = await Promise.all(
    Array.from({ length: memberCount }, (_, i) =>
      foundMember(join(folder, networkName, `member-${String(i + 1).padStart(2, '0')}.key`)),
    ),
  );
  const descriptors = [];
  for (const [index, node] of nodes.entries()) {
    descriptors.push(await foundNode(folders[index] ?? folder, node));
  }
  const { manifest, nodeIds } = await deployEdge({
    rpc,
    rpcUrls: [rpcUrl],
    name: networkName,
    profile: 'local',
    chainId,
    federationId: toHex(randomBytes(32)),
    networkId: toHex(randomBytes(32)),
    members,
    threshold: Math.ceil((2 * memberCount) / 3),
    nodes: descriptors,
  });
  const payer = await unlockedProvider(rpc, undefined);
  for (const { signingKey: to } of descriptors) {
    const payment = { from: payer.account, to, value: toQuantity(ALLOWANCE) };
    await payer.request({ method: 'eth_sendTransaction', params: [payment] });
  }
  for (const [index, node] of nodes.entries()) {
    const home = folders[index] ?? folder;
    const nodeId = nodeIds[index] ?? '0x';
    await writeNodeFile(home, { ...node, nodeId }, manifestPath(folder, networkName), rpcUrl);
  }
  return {
    manifestPath: await writeManifest(folder, manifest),
    nodes: nodes.map(({ name }, index) => ({
      name,
      nodeId: nodeIds[index] ?? '0x',
      folder: folders[index] ?? folder,
    })),
  };
}

/** What `run-node` needs to know of a node, or `read` of a reader; observers get no such file. */
async function writeNodeFile(
  home: string,
  { name, role, nodeId, endpoint }: FoundingNode & { readonly nodeId: Hex },
  manifest: string,
  rpcUrl: string,
): Promise<void> {
  const write = (file: string, config: object): Promise<void> =>
    createSecretFile(join(home, file), `${JSON.stringify(config, undefined, 2)}\n`);
  if (role === 'reader') await write(READER_FILE, { name });
  if (role !== 'recording' && role !== 'consensus') return;
  const { port } = new URL(endpoint);
  await write(NODE_FILE, {
    name,
    role,
    nodeId,
    manifest: relative(resolve(home), resolve(manifest)),
    rpcUrl,
    listenPort: port === '' ? 443 : Number(port),
  });
}
