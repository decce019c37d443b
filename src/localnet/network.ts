import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInProcessBus, type InProcessBusOptions } from '../courier/inProcessTransport.ts';
import { deriveKemKeyPair, registeredKemKey } from '../crypto/hpkeSealing.ts';
import { accountOf, signDigest } from '../crypto/signatures.ts';
import { nodeIdOf } from '../crypto/derivations.ts';
import { nodeNamed } from '../domain/nodeNamed.ts';
import type { Random } from '../domain/random.ts';
import type { ClientTransport } from '../client/ask.ts';
import type { GatewayWay } from '../client/reading/gatewayTicket.ts';
import { CarelatticeError } from '../errors.ts';
import { type Hex, toHex, ZERO_32 } from '../hash/bytes.ts';
import { hkdf } from '../hash/labelled.ts';
import type { Manifest } from '../chain/manifest.ts';
import type { Log, Self } from '../node/components.ts';
import { type NodeSettings, type OpenNode, openNode } from '../node/openNode.ts';
import { piecesOf } from '../store/byteStream.ts';
import { openEmbeddedStore } from '../store/embeddedStore.node.ts';
import type { GatewayFetch } from '../store/gatewayClient.ts';
import { HYBRID_SUITE } from '../wire/kemSuite.ts';
import { deployEdge, type EdgeDeployment } from './deployEdge.ts';
import type { LocalChain } from './localChain.ts';
import { startSimulatedChain } from './simulatedChain.ts';

/** An edge network in one process: a simulated chain, nodes with their own directories, the same sealed bytes as over HTTPS. */

export interface LocalNetworkOptions {
  name: string;
  chainId: number;
  federationId: Hex;
  networkId: Hex;
  /** Names of the recording nodes (hospitals). */
  hospitals: readonly string[];
  /** Names of the consensus nodes; the first one begins. */
  consensus: readonly string[];
  /** Names of readers: insurers, researchers. They have keys and no node. */
  readers?: readonly string[];
  /** Where the nodes keep store and journal. */
  directory: string;
  windows?: EdgeDeployment['windows'];
  /** When the nodes take a block for final; default at once, as this chain has it. */
  finality?: Manifest['finality'];
  random?: Random;
  bus?: InProcessBusOptions;
  log?: (node: string) => Log;
}

export interface LocalNode {
  readonly name: string;
  readonly role: 'recording' | 'consensus';
  readonly self: Self;
  readonly directory: string;
  /** The running node. @throws `NodeStopped` */
  readonly open: OpenNode;
  readonly isRunning: boolean;
  start(change?: Partial<NodeSettings>): Promise<void>;
  stop(): Promise<void>;
}

export interface LocalNetwork {
  readonly chain: LocalChain;
  readonly manifest: Manifest;
  readonly nodes: readonly LocalNode[];
  readonly hospitals: readonly LocalNode[];
  readonly consensus: readonly LocalNode[];
  /** Keys of the readers, by name. */
  readonly readers: ReadonlyMap<string, Self>;
  readonly ceremonyGas: number;
  readonly transport: ClientTransport;
  /** The way to a node's gateway for patients and readers. */
  readonly gateway: GatewayWay;
  /** By name or id. @throws as `nodeNamed` */
  node(name: string): LocalNode;
  /** Chain time moves on and everybody steps. Says how much was done. */
  step(): Promise<number>;
  /** Steps until nothing is left to do. @throws `NetworkRestless` */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const STEPS = 2_000;
/** Rounds in which nothing happens before the network counts as quiet: windows may have to pass. */
const QUIET = 6;

export async function startNetwork(options: LocalNetworkOptions): Promise<LocalNetwork> {
  const random: Random = options.random ?? ((size) => new Uint8Array(randomBytes(size)));
  const chain = await startSimulatedChain({ chainId: options.chainId, mining: { kind: 'onCall' } });
  const members = chain.accounts.slice(1, 1 + Math.min(6, options.hospitals.length));
  const plans = await Promise.all([
    ...options.consensus.map((name, i) => planOf(name, 'consensus', i, options, random)),
    ...options.hospitals.map((name, i) => planOf(name, 'recording', i, options, random)),
  ]);
  const readers = await Promise.all(
    (options.readers ?? []).map((name, i) => planOf(name, 'reader', i, options, random)),
  );
  for (const { self } of plans) await chain.setBalance(self.account, 10n ** 21n);
  const deployed = await deployEdge({
    rpc: chain.rpc,
    name: options.name,
    profile: 'local',
    chainId: options.chainId,
    federationId: options.federationId,
    networkId: options.networkId,
    members: members.map(({ account, privateKey }) => ({
      account,
      sign: (digest) => signDigest(Buffer.from(privateKey.slice(2), 'hex'), digest),
    })),
    threshold: Math.ceil((2 * members.length) / 3),
    nodes: [...plans, ...readers].map(({ descriptor }) => descriptor),
    windows: { roundSeconds: 1, takeOverSeconds: 20, ...options.windows },
    mine: () => chain.mine(),
  });
  const { ceremonyGas } = deployed;
  const manifest: Manifest = {
    ...deployed.manifest,
    finality: options.finality ?? deployed.manifest.finality,
  };
  const bus = createInProcessBus(options.bus);
  const nodes: LocalNode[] = [];
  const byId = (nodeId: Hex): LocalNode | undefined =>
    nodes.find(({ self }) => self.nodeId === nodeId);
  let time = 0;
  for (const plan of plans) {
    nodes.push(
      localNode(plan, bus, (settings) => ({
        role: plan.role,
        self: plan.self,
        manifest,
        rpc: chain.rpc,
        journal: join(plan.directory, 'journal.sqlite'),
        transport: bus.transport,
        fetchFrom: (node) => inProcessFetch(byId(node.nodeId)),
        random,
        log: options.log?.(plan.self.name) ?? (() => undefined),
        milliseconds: () => time * 1000,
        ...settings,
      })),
    );
  }
  for (const node of nodes) await node.start();

  async function step(): Promise<number> {
    const head = await chain.rpc.send('eth_getBlockByNumber', ['latest', false]);
    time = Math.max(time, timestampOf(head)) + manifest.windows.roundSeconds;
    await chain.setTime(time);
    await chain.mine();
    let done = 0;
    for (const node of nodes) if (node.isRunning) done += await node.open.tick();
    return done;
  }

  return {
    chain,
    manifest,
    nodes,
    hospitals: nodes.filter(({ role }) => role === 'recording'),
    consensus: nodes.filter(({ role }) => role === 'consensus'),
    readers: new Map(readers.map(({ self }) => [self.name, self])),
    ceremonyGas,
    transport: {
      async ask(node, sealed) {
        const target = byId(node.nodeId);
        if (target === undefined) throw new CarelatticeError('NodeUnknown', 'no such node here');
        return target.open.clientDoor(sealed);
      },
    },
    gateway: (node) => inProcessFetch(byId(node.nodeId)),
    node(name) {
      return nodeNamed(
        nodes.map((node) => ({ name: node.name, nodeId: node.self.nodeId, node })),
        name,
      ).node;
    },
    step,
    async settle() {
      let quiet = 0;
      for (let i = 0; i < STEPS; i++) {
        quiet = (await step()) === 0 ? quiet + 1 : 0;
        if (quiet === QUIET) return;
      }
      throw new CarelatticeError('NetworkRestless', 'the network does not come to rest', {
        facts: { steps: STEPS },
      });
    },
    async close() {
      for (const node of nodes) if (node.isRunning) await node.stop();
      await chain.stop();
    },
  };
}

const timestampOf = (block: unknown): number =>
  typeof block === 'object' && block !== null && 'timestamp' in block ? Number(block.timestamp) : 0;

interface Plan<Role extends string = LocalNode['role']> {
  role: Role;
  self: Self;
  directory: string;
  descriptor: Parameters<typeof deployEdge>[0]['nodes'][number];
}

/** A node's keys and what the consortium admits of it. */
async function planOf<Role extends LocalNode['role'] | 'reader'>(
  name: string,
  role: Role,
  index: number,
  options: LocalNetworkOptions,
  random: Random,
): Promise<Plan<Role>> {
  const secret = random(32);
  const signingKey = hkdf(secret, 'signing-key');
  const account = accountOf(signingKey);
  const nonce = toHex(random(32));
  const kemSeed = hkdf(secret, 'kem-seed');
  const { publicKey } = await deriveKemKeyPair(HYBRID_SUITE, kemSeed);
  const place = `${role}-${String(index + 1).padStart(2, '0')}`;
  const readable = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const directory = join(options.directory, readable === '' ? place : `${place}-${readable}`);
  const { federationId, networkId, chainId } = options;
  return {
    role,
    directory,
    self: {
      nodeId: nodeIdOf(networkId, account, nonce),
      name,
      network: { federationId, networkId, chainId },
      account,
      signingKey,
      keyEpoch: 1,
      kemKeyEpoch: 1,
      kemSeed,
      journalKey: hkdf(secret, 'journal-key'),
    },
    descriptor: {
      signingKey: account,
      nonce,
      role,
      kemKey: registeredKemKey(publicKey),
      tlsKeyHash: role === 'reader' ? ZERO_32 : toHex(hkdf(secret, 'no-tls-in-process')),
      name,
      endpoint: role === 'reader' ? '' : `https://${account}.invalid`,
      licenceHash: ZERO_32,
    },
  };
}

function localNode(
  plan: Plan,
  bus: ReturnType<typeof createInProcessBus>,
  settingsOf: (change: Partial<NodeSettings>) => Omit<NodeSettings, 'store'>,
): LocalNode {
  let open: OpenNode | undefined;
  let hangUp: (() => void) | undefined;
  return {
    name: plan.self.name,
    role: plan.role,
    self: plan.self,
    directory: plan.directory,
    get open() {
      if (open === undefined)
        throw new CarelatticeError('NodeStopped', 'this node is not running', {
          facts: { node: plan.self.name },
        });
      return open;
    },
    get isRunning() {
      return open !== undefined;
    },
    async start(change = {}) {
      await mkdir(plan.directory, { recursive: true });
      const store =
        change.store ?? (await openEmbeddedStore({ directory: join(plan.directory, 'store') }));
      open = await openNode({ ...settingsOf(change), store });
      hangUp = bus.listen(plan.descriptor.endpoint, open.courier.receive);
    },
    async stop() {
      hangUp?.();
      await open?.close();
      open = undefined;
    },
  };
}

/** The other node's gateway, called in this process: the same request and answer as over HTTPS. */
const inProcessFetch =
  (node: LocalNode | undefined): GatewayFetch =>
  async (url, init) => {
    if (node?.isRunning !== true) {
      throw new CarelatticeError('PeerUnreachable', 'the node is down', { retryable: true });
    }
    const { pathname, searchParams } = new URL(url);
    const answer = await node.open.gatewayDoor({
      method: init.method,
      path: pathname,
      query: searchParams,
      headers: init.headers,
      body: init.body,
    });
    return {
      status: answer.status,
      body: answer.body === undefined ? null : piecesOf(answer.body),
    };
  };
