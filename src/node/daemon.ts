import { join } from 'node:path';
import { headTime, pendingTime } from '../chain/blockTime.ts';
import { edgeContracts } from '../chain/contracts.ts';
import { httpRpc } from '../chain/httpRpc.ts';
import { type Manifest, verifyManifest } from '../chain/manifest.ts';
import { roleNumber } from '../chain/nodeEvents.ts';
import { readManifest } from '../chain/manifestFile.ts';
import type { Rpc } from '../chain/rpc.ts';
import type { NodeConfig } from '../config/nodeConfig.ts';
import { createHttpsTransport } from '../courier/httpsTransport.node.ts';
import { createPinnedClient, type PinnedClient } from '../courier/pinnedClient.node.ts';
import { randomBytes } from '../crypto/random.ts';
import { CarelatticeError } from '../errors.ts';
import { createValidatorPool } from '../fhir/validatorPool.node.ts';
import type { Hex } from '../hash/bytes.ts';
import { openEmbeddedStore } from '../store/embeddedStore.node.ts';
import { type AlarmClock, createAlarmClock } from './alarmClock.ts';
import type { Log } from './components.ts';
import { holdDataFolder } from './dataFolder.node.ts';
import { type Door, openDoor } from './doors/httpsDoor.node.ts';
import { nodeRoutes } from './doors/nodeRoutes.ts';
import { openOperatorDoor } from './doors/operatorDoor.node.ts';
import { type NodeKeyRing, readNodeKeys } from './nodeKeys.node.ts';
import { type OpenNode, openNode } from './openNode.ts';
import { pinnedFetch } from '../store/pinnedGateway.node.ts';
import { fhirReader } from './recording/fhirReader.ts';
import type { ReadSubmission } from './recording/readSubmission.ts';
import { retryWaiting } from './recording/waitingSubmissions.ts';
import { keepTrying, type NodeState } from './steadyLoop.ts';

/** A node as a process of its own: doors, keys from its folder, one step after the other until it is told to stop. */

interface Running {
  readonly config: NodeConfig;
  readonly manifest: Manifest;
  readonly rpc: Rpc;
  readonly keys: NodeKeyRing;
  readonly client: PinnedClient;
  readonly clock: AlarmClock;
  readonly log: Log;
  readonly signal: AbortSignal;
  state: NodeState;
  node: OpenNode | undefined;
  /** How bundles are read; there with the node. */
  read: ReadSubmission | undefined;
}

/**
 * Runs until `signal` aborts; then the step under way ends and everything is closed.
 * A chain that cannot be reached, or stands still, is waited for. Throws what waiting does not mend: faults of
 * configuration and keys, `DataFolderInUse`, `PortInUse`, `PortRefused`, `WrongChain`, `StaleManifest`, `NoContractCode`,
 * `NotAdmitted`, `WrongNodeId`, `WrongRole`, `TlsKeyNotRegistered`, `ForeignNonce`, `ChainRewritten`, and errors of
 * the journal.
 */
export async function runNode(config: NodeConfig, log: Log, signal: AbortSignal): Promise<void> {
  const manifest = await readManifest(config.manifest);
  const keys = await readNodeKeys(config);
  using _ = holdDataFolder(config.data);
  const profile = manifest.profile === 'local' ? 'local' : 'public';
  const run: Running = {
    config,
    manifest,
    rpc: httpRpc(config.rpcUrl),
    keys,
    client: createPinnedClient({ profile }),
    clock: createAlarmClock(),
    log,
    signal,
    state: 'starting',
    node: undefined,
    read: undefined,
  };
  const door = await openDoor({
    identity: keys.identity,
    host: config.listenHost,
    port: config.listenPort,
    routes: nodeRoutes({
      node: () => run.node,
      state: () => run.state,
      arrived: () => run.clock.ring(),
    }),
    onError: (error, { path }) => logError(log, `request to ${path} failed`, error),
  });
  log('door open', { endpoint: door.endpoint, role: config.role, account: keys.account });
  const closing: (() => Promise<void>)[] = [() => door.close()];
  try {
    await whileChainAnswers(run, closing);
  } finally {
    run.state = 'stopping';
    for (const close of closing.reverse()) await close();
    run.client.close();
    log('stopped');
  }
}

/** First the chain is checked and the node opened, then it steps; after every fault of the chain it is checked anew. */
async function whileChainAnswers(run: Running, closing: (() => Promise<void>)[]): Promise<void> {
  const { manifest, rpc, log, signal, clock, config } = run;
  await keepTrying({
    signal,
    clock,
    pollMs: config.pollMs,
    async check() {
      await verifyManifest(manifest, rpc);
      const nodeId = await admittedId(run);
      if (run.node !== undefined) return;
      run.node = await open(run, nodeId);
      const operator = await openOperator(run, run.node);
      // Closed in the opposite order: first the ways in, then the node.
      const { node } = run;
      closing.unshift(() => node.close());
      closing.push(() => operator.close());
      log('node open', { nodeId, network: manifest.name });
    },
    async step() {
      if (run.node === undefined) return 0;
      let done = await run.node.tick();
      if (run.read !== undefined) done += await retryWaiting(run.node.components, run.read);
      requireRegisteredKey(run, run.node);
      return done;
    },
    chainTime: () => run.node?.components.now() ?? 0,
    entered(state, error) {
      run.state = state;
      if (error === undefined) log('state', { state });
      else logError(log, state, error);
    },
  });
}

/** @throws `NotAdmitted` when the registry knows no node with this key, `WrongNodeId`, `WrongRole` */
async function admittedId({ manifest, rpc, keys, config }: Running): Promise<Hex> {
  const { nodeRegistry } = edgeContracts(manifest, rpc);
  // A bytes32, which the contract's reader writes as lower-case hex.
  const nodeId = (await nodeRegistry.call('nodeIdOf', [keys.account], 'latest')) as Hex;
  if (/^0x0{64}$/.test(nodeId)) {
    throw new CarelatticeError(
      'NotAdmitted',
      'no node with this signing key is admitted to the network; take the keystore that was registered, or have the consortium admit it',
      { facts: { keystore: config.keystore, account: keys.account, network: manifest.name } },
    );
  }
  if (config.nodeId !== undefined && config.nodeId !== nodeId) {
    throw new CarelatticeError(
      'WrongNodeId',
      'the registry has these keys under another id than node.json; correct its nodeId, or take the keystore of that node',
      { facts: { node: config.name, configured: config.nodeId, registered: nodeId } },
    );
  }
  const { role } = await nodeRegistry.call('nodeOf', [nodeId], 'latest');
  if (Number(role) === roleNumber(config.role)) return nodeId;
  throw new CarelatticeError(
    'WrongRole',
    'the registry has this node in another role; correct its node.json',
    { facts: { node: config.name, configured: config.role, registered: Number(role) } },
  );
}

/** Peers refuse another TLS key than the registered one. @throws `TlsKeyNotRegistered` */
function requireRegisteredKey({ keys, config }: Running, node: OpenNode): void {
  const registered = node.components.nodes.byId(node.self.nodeId)?.tlsKeyHash;
  if (registered === undefined || registered === keys.identity.keyHash) return;
  throw new CarelatticeError(
    'TlsKeyNotRegistered',
    'the registry has another TLS key for this node; take the registered one, or register this one',
    { facts: { path: config.tlsKey, registered, own: keys.identity.keyHash } },
  );
}

async function open(run: Running, nodeId: Hex): Promise<OpenNode> {
  const { config, manifest, rpc, keys, client, log } = run;
  const store = await openEmbeddedStore({ directory: join(config.data, 'store') });
  try {
    return await openNode({
      role: config.role,
      self: keys.selfAs(nodeId, manifest),
      manifest,
      rpc,
      journal: join(config.data, 'journal.sqlite'),
      store,
      transport: createHttpsTransport({ client }),
      fetchFrom: pinnedFetch(client),
      random: randomBytes,
      readsADay: config.readsADay,
      log,
      readTime: manifest.profile === 'local' ? pendingTime(rpc) : headTime(rpc),
    });
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openOperator(run: Running, node: OpenNode): Promise<Door> {
  const { config, keys, log, clock } = run;
  const pool = createValidatorPool();
  const read = fhirReader((bundle) => pool.validate(bundle));
  if (config.role === 'recording') run.read = read;
  const door = await openOperatorDoor({
    directory: config.data,
    identity: keys.identity,
    node,
    role: config.role,
    read,
    state: () => run.state,
    arrived: () => clock.ring(),
    random: randomBytes,
    onError: (error) => logError(log, 'operator request failed', error),
  });
  return {
    ...door,
    async close() {
      await door.close();
      await pool.close();
    },
  };
}

function logError(log: Log, event: string, error: unknown): void {
  const code = error instanceof CarelatticeError ? error.code : 'Unexpected';
  log(event, { code, reason: error instanceof Error ? error.message : String(error) });
}
