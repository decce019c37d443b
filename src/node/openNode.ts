import type { Finality } from '../chain/finality.ts';
import { headOf } from '../chain/blocks.ts';
import { headTime, type ReadTime } from '../chain/blockTime.ts';
import { edgeContracts } from '../chain/contracts.ts';
import { eventStream } from '../chain/eventStream.ts';
import type { Manifest } from '../chain/manifest.ts';
import { type Rpc } from '../chain/rpc.ts';
import { createSender } from '../chain/sender.ts';
import { createCourier, type Courier } from '../courier/courier.ts';
import type { Peer, Transport } from '../courier/ports.ts';
import { deriveKemKeyPair, kemPublicKeyOf } from '../crypto/hpkeSealing.ts';
import { signDigest } from '../crypto/signatures.ts';
import type { KnownNode } from '../domain/knownNode.ts';
import type { Random } from '../domain/random.ts';
import type { Reached } from '../domain/steps.ts';
import { messageOf } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { sha256 } from '#sha256';
import { authorTables } from '../journal/authorTables.ts';
import { chainTables } from '../journal/chainTables.ts';
import { consensusTables } from '../journal/consensusTables.ts';
import { erasureTables } from '../journal/erasureTables.ts';
import { emergencyTables } from '../journal/emergencyTables.ts';
import { inboxTables } from '../journal/inboxTables.ts';
import { receiptTables } from '../journal/receiptTables.ts';
import { outboxTable, seenTable } from '../journal/courierTables.ts';
import { type Database, openDatabase } from '../journal/database.ts';
import { holdingTables } from '../journal/holdingTables.ts';
import { nodeTable } from '../journal/nodeTable.ts';
import { transactionTable } from '../journal/transactionTable.ts';
import type { ContentStore } from '../store/contentStore.ts';
import { createGatewayClient, type GatewayFetch } from '../store/gatewayClient.ts';
import { GATEWAY_LIMITS } from '../store/gatewayMeter.ts';
import { HYBRID_SUITE } from '../wire/kemSuite.ts';
import type { Components, Log, Self } from './components.ts';
import { consensusNode } from './consensus/consensusNode.ts';
import { type ClientDoor, clientDoor } from './doors/clientDoor.ts';
import { FRAME_HEADER, type GatewayDoor, gatewayDoor } from './doors/gatewayDoor.ts';
import type { DeliveryChecks } from './holding/deliveryChecks.ts';
import { READS_A_DAY } from './reading/readQuota.ts';
import { recordingNode } from './recording/recordingNode.ts';
import type { Role } from './role.ts';

/** What a node is made of, besides what it remembers. */
export interface NodeSettings {
  role: 'recording' | 'consensus';
  self: Self;
  manifest: Manifest;
  rpc: Rpc;
  /** Path of the journal's file. */
  journal: string;
  store: ContentStore;
  transport: Transport;
  /** The way to another node's gateway. */
  fetchFrom(node: KnownNode): GatewayFetch;
  random: Random;
  log: Log;
  /** Milliseconds for back-off; default the clock of this machine. */
  milliseconds?: () => number;
  /** Chain time; default the newest block's. */
  readTime?: ReadTime;
  reached?: Reached;
  /** New requests of a reader about one patient in a day of chain time; default `READS_A_DAY`. */
  readsADay?: number;
  /** In place of the checks of a delivery, for tests of what each of them catches. */
  checks?: DeliveryChecks;
}

export interface OpenNode {
  readonly self: Self;
  readonly components: Components;
  readonly courier: Courier;
  readonly clientDoor: ClientDoor;
  readonly gatewayDoor: GatewayDoor;
  /** One step of everything; says how much was done. */
  tick(): Promise<number>;
  /** The step under way ends; journal and store are closed. */
  close(): Promise<void>;
}

/** Opens a node on its journal and the chain, and goes on where it was. */
export async function openNode(settings: NodeSettings): Promise<OpenNode> {
  const { self, manifest, rpc, store, log } = settings;
  const readTime = settings.readTime ?? headTime(rpc);
  // Before the journal is opened: a chain that does not answer leaves nothing open.
  let chainTime = await readTime();
  let movedAt: number | undefined;
  const db = openDatabase(settings.journal);
  const contracts = edgeContracts(manifest, rpc);
  const milliseconds = settings.milliseconds ?? Date.now;
  const signer = {
    account: self.account,
    sign: (digest: Uint8Array) => signDigest(self.signingKey, digest),
  };
  const nodes = nodeTable(db);
  const seen = chainTables(db);
  const finality: Finality = manifest.finality;
  const kemKeyPair = await deriveKemKeyPair(HYBRID_SUITE, self.kemSeed);
  /** The courier is made before the role that takes its messages. */
  const ready: { role?: Role } = {};

  const courier = createCourier({
    self: {
      ...self.network,
      chainId: BigInt(self.network.chainId),
      nodeId: self.nodeId,
      keyEpoch: self.keyEpoch,
      sign: signer.sign,
      kemKeyPair: (epoch) => (epoch === self.kemKeyEpoch ? kemKeyPair : undefined),
    },
    directory: { peer: (nodeId) => peerOf(nodes.byId(nodeId)) },
    transport: settings.transport,
    outbox: outboxTable(db),
    seen: seenTable(db, () => chainTime),
    clock: { now: milliseconds, chainTime: () => chainTime },
    random: settings.random,
    handle: async (message) => ready.role?.handle(message),
    onRefused: (error) => log('message refused', { reason: messageOf(error) }),
  });

  const components: Components = {
    self,
    windows: manifest.windows,
    db,
    seen,
    nodes,
    holding: holdingTables(db),
    author: authorTables(db),
    consensus: consensusTables(db),
    receipts: receiptTables(db),
    emergencies: emergencyTables(db),
    inbox: inboxTables(db),
    erasures: erasureTables(db),
    contracts,
    sender: createSender({
      rpc,
      chainId: manifest.chainId,
      signer,
      table: transactionTable(db),
      finality,
      abis: contracts.abis,
    }),
    courier,
    store,
    gateway: (nodeId, groundOf) =>
      gatewayOf(courier, nodes.byId(nodeId), nodeId, groundOf, settings),
    random: settings.random,
    readsADay: settings.readsADay ?? READS_A_DAY,
    now: () => chainTime,
    ownClock: () => Math.floor(milliseconds() / 1000),
    chainMovedAt: () => movedAt,
    head: () => headOf(rpc),
    active: () => seen.term(),
    reached: settings.reached ?? (() => undefined),
    log,
  };

  const events = eventStream({ rpc, sources: contracts.eventSources, finality });
  const role =
    settings.role === 'recording'
      ? recordingNode(components, events, manifest.deployBlock, settings.checks)
      : consensusNode(components, events, manifest.deployBlock);
  ready.role = role;

  return running(settings, db, components, courier, role, async () => {
    const before = chainTime;
    chainTime = await readTime();
    if (chainTime > before) movedAt = components.ownClock();
  });
}

function running(
  settings: NodeSettings,
  db: Database,
  components: Components,
  courier: Courier,
  role: Role,
  readClock: () => Promise<void>,
): OpenNode {
  let step: Promise<number> = Promise.resolve(0);
  async function tick(): Promise<number> {
    await readClock();
    const done = await role.tick();
    const { acknowledged, refused } = await courier.flush();
    const outcomes = await components.sender.settle();
    for (const outcome of outcomes) {
      if ('error' in outcome)
        components.log('transaction', {
          kind: outcome.kind,
          task: outcome.row.task,
          reason: outcome.error.message,
        });
    }
    const all =
      done + acknowledged + refused + outcomes.filter(({ kind }) => kind !== 'waiting').length;
    if (all === 0) db.scrub();
    return all;
  }
  return {
    self: settings.self,
    components,
    courier,
    clientDoor: clientDoor(settings.self, role, settings.log),
    gatewayDoor: gatewayDoor(components, courier, GATEWAY_LIMITS),
    tick() {
      // Steps follow each other: each reads what the one before wrote.
      step = step.then(tick, tick);
      return step;
    },
    async close() {
      await step.catch((error: unknown) =>
        settings.log('last step failed', { reason: messageOf(error) }),
      );
      await settings.store.close();
      db.close();
    },
  };
}

/** How the courier knows a node. */
export function peerOf(node: KnownNode | undefined): Peer | undefined {
  if (node === undefined || node.state === 'removed') return undefined;
  return {
    nodeId: node.nodeId,
    signingAccount: node.account,
    keyEpoch: node.keyEpoch,
    kemPublicKey: kemPublicKeyOf(node.kemKey),
    kemKeyEpoch: node.kemKeyEpoch,
    endpoint: node.endpoint,
    tlsKeyHash: node.tlsKeyHash,
    suspended: node.state === 'suspended',
  };
}

function gatewayOf(
  courier: Courier,
  node: KnownNode | undefined,
  nodeId: Hex,
  groundOf: (owner: string) => string | undefined,
  settings: NodeSettings,
) {
  const way: GatewayFetch =
    node === undefined ? () => Promise.reject(new Error('no such node')) : settings.fetchFrom(node);
  const authorize = async (body: Uint8Array): Promise<Record<string, string>> => {
    const frame = await courier.authorizeGatewayRequest(nodeId, sha256(body));
    return { [FRAME_HEADER]: Buffer.from(frame).toString('base64url') };
  };
  return createGatewayClient({
    url: node?.endpoint ?? 'https://unknown.invalid',
    async fetch(url, init) {
      const answer = await way(url, init);
      if (answer.status !== 401) return answer;
      // A gateway that has restarted knows no session of before: one more try in a new one.
      courier.forgetSession(nodeId);
      return way(url, { ...init, headers: { ...init.headers, ...(await authorize(init.body)) } });
    },
    groundOf: ({ owner }) => groundOf(owner),
    authorize,
  });
}
