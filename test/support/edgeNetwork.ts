import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { roleNumber } from '../../src/chain/nodeEvents.ts';
import type { ClientNetwork, EnrollmentWish } from '../../src/client/enrolment/enroll.ts';
import { enroll } from '../../src/client/enrolment/enroll.ts';
import {
  networkOf,
  newWallet,
  type Wallet,
  type WalletNetwork,
} from '../../src/client/wallet/wallet.ts';
import { sealWalletKey } from '../../src/client/wallet/walletKeys.ts';
import { recoveryCodeOf } from '../../src/crypto/recoveryCode.ts';
import type { KnownNode } from '../../src/domain/knownNode.ts';
import { tableOf } from '../../src/domain/sharingTable.ts';
import { CATEGORIES, type Category } from '../../src/fhir/categories.ts';
import type { FhirRecord } from '../../src/fhir/records.ts';
import { type Hex, toHex, utf8 } from '../../src/hash/bytes.ts';
import {
  type LocalNetwork,
  type LocalNetworkOptions,
  type LocalNode,
  startNetwork,
} from '../../src/localnet/network.ts';
import { openHeld } from '../../src/node/holding/openHeld.ts';
import type { ReadSubmission } from '../../src/node/recording/readSubmission.ts';
import { type Accepted, submit, type SubmitOptions } from '../../src/node/recording/submit.ts';

/** Small edge networks for tests: patients, bundles of short texts, and what must hold at the end. */

/** Two slots without Argon2id's cost. */
const SLOTS = [
  { kind: 'recoveryCode', code: recoveryCodeOf(new Uint8Array(16)) },
  { kind: 'guardians', threshold: 2, guardians: 3 },
] as const;

export const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size));

export interface TestNetwork extends LocalNetwork {
  /** Ends every node and removes the directory. */
  close(): Promise<void>;
}

/** Three hospitals, a consensus node and a standby, unless said otherwise; in a directory of its own. */
export async function startTestNetwork(
  options: Partial<LocalNetworkOptions> = {},
): Promise<TestNetwork> {
  const directory = await mkdtemp(join(tmpdir(), 'carelattice-network-'));
  const network = await startNetwork({
    name: 'test',
    chainId: 1001,
    federationId: toHex(random(32)),
    networkId: toHex(random(32)),
    hospitals: ['North', 'South', 'East'],
    consensus: ['Keeper', 'Standby'],
    directory,
    ...options,
  });
  return {
    ...network,
    async close() {
      await network.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface TestPatient {
  wallet: Wallet;
  network: WalletNetwork;
  identifiers: { system: string; value: string }[];
}

/** The nodes as a running node has read them from the chain. */
export function nodesOf(network: LocalNetwork): Map<Hex, KnownNode> {
  const reader = network.nodes.find((node) => node.isRunning);
  return new Map(reader?.open.components.nodes.all().map((node) => [node.nodeId, node]));
}

export function knownNode(network: LocalNetwork, name: string): KnownNode {
  const node = nodesOf(network).get(network.node(name).self.nodeId);
  if (node === undefined) throw new Error(`${name} is not admitted`);
  return node;
}

/** The consensus node of the present term, as a running hospital sees it. */
export function activeNode(network: LocalNetwork): LocalNode {
  const seen = network.hospitals.find((node) => node.isRunning)?.open.components.active();
  const node = network.consensus.find(({ self }) => self.nodeId === seen?.nodeId);
  if (node === undefined) throw new Error('no consensus node is active');
  return node;
}

export const clientOf = (network: LocalNetwork): ClientNetwork => ({
  transport: network.transport,
  consensus: knownNode(network, activeNode(network).name),
  nodes: nodesOf(network),
  categories: CATEGORIES,
  random,
});

export function newPatient(network: LocalNetwork): TestPatient {
  const wallet = newWallet(random);
  const identifiers = [{ system: 'urn:test:mrn', value: toHex(random(8)) }];
  return { wallet, network: networkOf(wallet, network.manifest), identifiers };
}

/** Enrols her at these hospitals; with all categories unless said otherwise. Takes effect as the network settles. */
export async function enrollAt(
  network: LocalNetwork,
  patient: TestPatient,
  names: readonly string[],
  categories: readonly Category[] = CATEGORIES,
): Promise<void> {
  const wishes = names.map((name): EnrollmentWish => {
    const node = knownNode(network, name);
    const { identifiers } = patient;
    return { node, role: roleNumber(node.role), categories, identifiers };
  });
  if (patient.wallet.keySlots === undefined) await sealWalletKey(patient.wallet, SLOTS);
  await enroll(patient.wallet, patient.network, clientOf(network), wishes);
}

/** A new patient, enrolled and visible to everybody. */
export async function enrolledPatient(
  network: LocalNetwork,
  names: readonly string[],
): Promise<TestPatient> {
  const patient = newPatient(network);
  await enrollAt(network, patient, names);
  await network.settle();
  return patient;
}

export interface Note {
  category: Category;
  text: string;
  /** Default none. */
  sensitivity?: string[];
  /** Unix seconds. */
  event?: number;
}

/** `count` records of a category, each with a text of its own. */
export const notes = (count: number, category: Category = 'result'): Note[] =>
  Array.from({ length: count }, (_, i) => ({ category, text: `${category} ${i + 1}` }));

const recordOf = ({
  category,
  text,
  sensitivity = [],
  event = 1_700_000_000,
}: Note): FhirRecord => ({
  category,
  sensitivity,
  resourceTypes: ['Observation'],
  eventFrom: event,
  eventTo: event,
  bundle: { resourceType: 'Bundle', type: 'collection' },
  body: utf8(text),
  mediaType: 'application/fhir+json',
});

/** Reads what `bundleOf` writes, in place of FHIR. */
export const readNotes: ReadSubmission = async (bytes) => {
  const given = JSON.parse(Buffer.from(bytes).toString()) as {
    identifiers: TestPatient['identifiers'];
    notes: Note[];
  }; // written by bundleOf
  return {
    identifiers: given.identifiers,
    records: given.notes.map(recordOf),
    resources: given.notes.length,
  };
};

export const bundleOf = (patient: Pick<TestPatient, 'identifiers'>, given: readonly Note[]) =>
  utf8(JSON.stringify({ identifiers: patient.identifiers, notes: given }));

/** Hands in a bundle at a hospital; the key is random unless given. */
export const handIn = (
  network: LocalNetwork,
  hospital: string,
  patient: Pick<TestPatient, 'identifiers'>,
  given: readonly Note[] = notes(1),
  key: string = toHex(random(8)),
  options: SubmitOptions = {},
): Promise<Accepted> =>
  submit(network.node(hospital).open.components, readNotes, bundleOf(patient, given), key, options);

/** The text of a record, opened at a hospital with the keys that it was given. */
export async function textAt(network: LocalNetwork, name: string, anchor: Hex): Promise<string> {
  const { components } = network.node(name).open;
  const held = components.holding.held(anchor);
  if (held === undefined) throw new Error(`${name} does not hold ${anchor}`);
  const { body } = await openHeld(components, held);
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

export const stateAt = (network: LocalNetwork, name: string, anchor: Hex): string =>
  network.node(name).open.components.holding.held(anchor)?.state ?? 'unknown';

/** The root that stands on chain, and of each running consensus node the root of its own table. */
export async function tableRoots(
  network: LocalNetwork,
): Promise<{ chain: string; nodes: Record<string, string> }> {
  const running = network.consensus.filter((node) => node.isRunning);
  const { locator } = (running[0] ?? network.hospitals[0])!.open.components.contracts;
  return {
    chain: await locator.call('root', [], 'latest'),
    nodes: Object.fromEntries(
      running.map(({ name, open }) => [name, tableOf(open.components.consensus.entries()).root]),
    ),
  };
}

/** All alarms of the running nodes, as `name: kind`. */
export const alarmsOf = (network: LocalNetwork): string[] =>
  network.nodes
    .filter((node) => node.isRunning)
    .flatMap(({ name, open }) =>
      open.components.holding.alarms().map(({ kind }) => `${name}: ${kind}`),
    );

/** Number of blocks of these records in a node's store. */
export async function blocksAt(
  network: LocalNetwork,
  name: string,
  records: Accepted['records'],
): Promise<number> {
  const { store } = network.node(name).open.components;
  let blocks = 0;
  for (const { recordCid, wrapCid } of records)
    for (const cid of [recordCid, wrapCid]) if (await store.has(cid)) blocks += 1;
  return blocks;
}

/** Storage requests on chain: how many there are, and how far they are sealed and settled. */
export async function progressOf(
  network: LocalNetwork,
): Promise<{ requested: number; sealed: number; settled: number }> {
  const reader = network.nodes.find((node) => node.isRunning);
  if (reader === undefined) throw new Error('no node is running');
  const { exchange } = reader.open.components.contracts;
  const { requestCount, sealedCount, settledCount } = await exchange.call('progress', [], 'latest');
  return {
    requested: Number(requestCount),
    sealed: Number(sealedCount),
    settled: Number(settledCount),
  };
}

/** Steps on while a message waits for a running node, at most this long: back-off reaches a minute. */
const PATIENCE = 200;

/** As `settle`, and waits for what is put off: messages to nodes that run, records that are due. */
export async function settleAll(network: LocalNetwork): Promise<void> {
  await network.settle();
  for (let step = 0; step < PATIENCE && isPutOff(network); step++) await network.step();
  await network.settle();
}

function isPutOff(network: LocalNetwork): boolean {
  const running = network.nodes.filter((node) => node.isRunning);
  const ids = new Set(running.map(({ self }) => self.nodeId));
  return running.some(
    ({ open: { components } }) =>
      components.holding.heldIn('due', 1).length > 0 ||
      components.db
        .all('SELECT DISTINCT recipient FROM outbox')
        .some(({ recipient }) => ids.has(String(recipient) as Hex)), // written as Hex
  );
}

/** Time of the newest block, seconds. */
export async function timeOf(network: LocalNetwork): Promise<number> {
  const block = await network.chain.rpc.send('eth_getBlockByNumber', ['latest', false]);
  return Number((block as { timestamp: string }).timestamp); // as eth_getBlockByNumber answers
}
