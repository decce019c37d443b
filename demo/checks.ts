import { storageReceipts } from '../src/client/reading/receipts.ts';
import { tableOf } from '../src/domain/sharingTable.ts';
import { CarelatticeError } from '../src/errors.ts';
import type { Hex } from '../src/hash/bytes.ts';
import { utf8, ZERO_32 } from '../src/hash/bytes.ts';
import type { Ground } from '../src/domain/mayFetch.ts';
import type { AuthoredRecord } from '../src/journal/authorTables.ts';
import type { LocalNetwork } from '../src/localnet/network.ts';
import { openHeld } from '../src/node/holding/openHeld.ts';
import type { Facts } from './facts.ts';
import { directoryOf, type Enrolled, random } from './network.ts';
import { chainText } from './outsider.ts';

export interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

/** A record of the run, and whose it is. */
export interface StoryRecord {
  record: AuthoredRecord;
  author: string;
  enrolled: Enrolled;
}

/** Everything that must hold after the story, looked up anew. */
export async function checkAll(
  network: LocalNetwork,
  facts: Facts,
  records: readonly StoryRecord[],
  all: readonly Enrolled[],
): Promise<Check[]> {
  return [
    everyHolderHolds(network, records),
    nobodyElseHolds(network, facts, records),
    everythingSettled(network, facts),
    await tableMatchesChain(network, facts),
    standbyIsReady(network),
    noAlarms(network),
    await recordsOpen(network, records),
    await strangerIsRefused(network, records),
    await receiptsReached(network, all),
    await outsiderLearnsNothing(network, all),
    await noNodeNamesItsPatient(network, all),
  ];
}

export const check = (name: string, problems: readonly string[], detail: string): Check => ({
  name,
  ok: problems.length === 0,
  detail: problems.length === 0 ? detail : problems.slice(0, 3).join('; '),
});

function everyHolderHolds(network: LocalNetwork, records: readonly StoryRecord[]): Check {
  let copies = 0;
  const problems = records.flatMap(({ record, enrolled }) =>
    enrolled.patient.hospitals.flatMap((name) => {
      copies += 1;
      const state = network.node(name).open.components.holding.held(record.anchor)?.state;
      return state === 'held' ? [] : [`${name} has a record in state ${state ?? 'unknown'}`];
    }),
  );
  return check(
    'every hospital where a patient is enrolled holds her records',
    problems,
    `${records.length} records, ${copies} copies`,
  );
}

function nobodyElseHolds(
  network: LocalNetwork,
  facts: Facts,
  records: readonly StoryRecord[],
): Check {
  const problems: string[] = [];
  for (const node of network.nodes) {
    const cids = facts.stored.get(node.name)?.sizesByCid ?? new Map<string, number>();
    for (const { record, enrolled } of records) {
      if (enrolled.patient.hospitals.includes(node.name)) continue;
      if (cids.has(record.recordCid) || cids.has(record.wrapCid))
        problems.push(`${node.name} stores a block of a patient it does not know`);
    }
  }
  return check(
    'no other node stores a block of them',
    problems,
    `${network.nodes.length} stores searched`,
  );
}

function everythingSettled(network: LocalNetwork, facts: Facts): Check {
  const settled = facts.settled.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const problems =
    settled === facts.requests.length
      ? []
      : [`${settled} of ${facts.requests.length} requests settled`];
  for (const { request, nodeId } of facts.requests) {
    const author = network.hospitals.find(({ self }) => self.nodeId === nodeId);
    const outstanding = author?.open.components.author.holderCount(request)?.outstanding;
    if (outstanding !== 0)
      problems.push(`request ${request}: ${outstanding ?? 'unknown'} holders outstanding`);
  }
  return check(
    'every storage request is settled and no holder is outstanding',
    problems,
    `${facts.requests.length} requests`,
  );
}

async function tableMatchesChain(network: LocalNetwork, facts: Facts): Promise<Check> {
  const { contracts, consensus } = network.consensus[0]?.open.components ?? unreachable();
  const onChain = await contracts.locator.call('root', [], 'latest');
  const problems =
    tableOf(consensus.entries()).root === onChain ? [] : ['the root on chain is another one'];
  return check(
    'the sealed table is the one whose root stands on chain',
    problems,
    `${facts.seals.length} seals`,
  );
}

const unreachable = (): never => {
  throw new Error('a network has a consensus node');
};

function standbyIsReady(network: LocalNetwork): Check {
  const roots = network.consensus.map(
    ({ open }) => tableOf(open.components.consensus.entries()).root,
  );
  const problems = roots.every((root) => root === roots[0]) ? [] : ['the tables differ'];
  return check(
    'the standby has the same table and can take over',
    problems,
    `${network.consensus.length} consensus nodes`,
  );
}

function noAlarms(network: LocalNetwork): Check {
  const problems = network.nodes.flatMap((node) =>
    node.open.components.holding
      .alarms()
      .map(({ kind, request }) => `${node.name}: ${kind} at request ${request}`),
  );
  return check(
    'nobody raised an alarm',
    problems,
    'answers, settlements and deliveries were proved to every node',
  );
}

async function recordsOpen(network: LocalNetwork, records: readonly StoryRecord[]): Promise<Check> {
  const problems: string[] = [];
  let opened = 0;
  for (const { record, enrolled } of sample(records, 40)) {
    for (const name of enrolled.patient.hospitals) {
      const { components } = network.node(name).open;
      const held = components.holding.held(record.anchor);
      if (held === undefined) continue;
      const { message, body } = await openHeld(components, held);
      let length = 0;
      for await (const piece of body) length += piece.length;
      if (message.category !== record.category || BigInt(length) !== message.bodyLength)
        problems.push(`${name} opened something else`);
      opened += 1;
    }
  }
  return check(
    'holders open the records: signature and content fit',
    problems,
    `${opened} openings`,
  );
}

const sample = <T>(items: readonly T[], most: number): T[] => {
  const step = Math.max(1, Math.floor(items.length / most));
  return items.filter((_, i) => i % step === 0).slice(0, most);
};

/** A hospital where she is not enrolled asks for her record with all that it can show: its own signed request. */
async function strangerIsRefused(
  network: LocalNetwork,
  records: readonly StoryRecord[],
): Promise<Check> {
  const problems: string[] = [];
  let asked = 0;
  for (const { record, author, enrolled } of sample(records, 10)) {
    const stranger = network.hospitals.find(
      ({ name }) => !enrolled.patient.hospitals.includes(name),
    );
    if (stranger === undefined) continue;
    const { components } = stranger.open;
    const ground = JSON.stringify(inventedGround(record));
    const gateway = components.gateway(network.node(author).self.nodeId, () => ground);
    const [got] = await gateway.fetchMany([
      { owner: record.anchor, cid: record.recordCid, size: record.recordSize },
    ]);
    asked += 1;
    if (got?.kind !== 'failed' || got.error.code !== 'ContentNotFound')
      problems.push(`${stranger.name} was not refused`);
  }
  return check(
    'a hospital without her relation gets no block',
    problems,
    `${asked} requests refused`,
  );
}

/** All that a stranger can make up even if it knew anchor, handle and CID. */
const inventedGround = ({ anchor, handle }: AuthoredRecord): Ground => ({
  kind: 'delivery',
  entry: { salt: ZERO_32, request: 1, anchor },
  entryPath: [],
  range: { salt: ZERO_32, from: 1, to: 1, digest: ZERO_32 },
  rangePath: [],
  relation: { salt: ZERO_32, role: 1, handles: [handle], path: [] },
});

async function receiptsReached(network: LocalNetwork, all: readonly Enrolled[]): Promise<Check> {
  const problems: string[] = [];
  let receipts = 0;
  const now = network.nodes[0]?.open.components.now() ?? 0;
  const nodes = directoryOf(network);
  for (const { patient, wallet, network: own } of sample(all, 20)) {
    for (const name of patient.hospitals) {
      const node = nodes.get(network.node(name).self.nodeId);
      if (node === undefined) throw new CarelatticeError('NodeUnknown', 'no such node');
      const views = await storageReceipts(wallet, own, network.transport, node, now, random);
      receipts += views.length;
      if (views.some(({ valid }) => !valid)) problems.push(`a receipt of ${name} does not hold`);
    }
  }
  if (receipts === 0) problems.push('no receipt came');
  return check(
    "the holders' signed receipts reached the patients' wallets",
    problems,
    `${receipts} receipts verified`,
  );
}

async function outsiderLearnsNothing(
  network: LocalNetwork,
  all: readonly Enrolled[],
): Promise<Check> {
  const chain = await chainText(network);
  const problems = all.flatMap(({ patient }) =>
    [patient.name, ...patient.identifiers.map(({ value }) => value)]
      .filter((text) => text.length > 7 && isIn(chain, text))
      .map(() => 'a name or number of a patient stands on chain'),
  );
  return check(
    'nobody reads a name or number of a patient on chain',
    problems,
    `${chain.length} characters of chain data searched`,
  );
}

const isIn = (chain: string, text: string): boolean =>
  chain.includes(text) || chain.includes(Buffer.from(utf8(text)).toString('hex'));

/** `tx.from` of every event that names a patient is the consensus node, never a hospital. */
async function noNodeNamesItsPatient(
  network: LocalNetwork,
  all: readonly Enrolled[],
): Promise<Check> {
  const hospitals = new Set<Hex>(network.hospitals.map(({ self }) => self.account));
  const { address } = network.manifest.contracts.PatientRegistry;
  const logs = await network.chain.rpc.send('eth_getLogs', [
    { address, fromBlock: '0x0', toBlock: 'latest' },
  ]);
  const problems: string[] = [];
  const events = Array.isArray(logs) ? logs.length : 0;
  for (const log of Array.isArray(logs) ? (logs as { transactionHash: Hex }[]) : []) {
    // as eth_getLogs answers
    const tx = (await network.chain.rpc.send('eth_getTransactionByHash', [
      log.transactionHash,
    ])) as { from: Hex }; // likewise
    if (hospitals.has(tx.from)) problems.push('a hospital sent a transaction that names a patient');
  }
  if (events < all.length) problems.push('fewer events than patients');
  return check('no hospital sent a transaction that names a patient', problems, `${events} events`);
}
