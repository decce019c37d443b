import { toHex } from '../src/hash/bytes.ts';
import { type BenchPart, type Figure, figure } from './figures.ts';
import {
  baselinePath,
  gasFaults,
  gasSavings,
  type GasCost,
  type GasTable,
  readBaseline,
  writeBaseline,
} from './gasBaseline.ts';
import { consentOperations } from './gasConsents.ts';
import { startGasNetwork, TAKE_OVER_SECONDS } from './gasNetwork.ts';
import { patientOperations, registryOperations } from './gasPatients.ts';
import { rivalFigures } from './gasRivals.ts';
import { enrollPeople, type GasRounds, recordsOf, startRounds } from './gasRounds.ts';
import { type CompiledContracts, productionContracts } from './productionContracts.ts';
import { seededBytes } from './seededBytes.ts';

/** Gas of every operation, production bytecode, from receipts: exact, and the same in every run. */

const RECORDS = 256;
const PATIENTS = 16;
const CATEGORIES = 4;
const NODES = [4, 16, 48] as const;
const MAIN = 16;
/** Records of the patient whose batch must cost what her first one did. */
const LONG_HISTORY = 10_000;

export interface GasOptions {
  /** Writes the committed table instead of comparing with it. */
  readonly update: boolean;
}

export async function measureGas(
  options: GasOptions,
  progress: (line: string) => void,
): Promise<BenchPart> {
  progress('compiling the contracts as for production (kept in cache/bench)');
  const contracts = await productionContracts();
  const byNodes = new Map<number, RoundCosts>();
  const figures: Figure[] = [];
  let table: GasTable = {};
  for (const nodes of NODES) {
    progress(`gas with ${nodes} nodes`);
    const { costs, own, more = [] } = await measureNetwork(contracts, nodes);
    byNodes.set(nodes, costs);
    table = { ...table, ...own };
    figures.push(...more);
  }
  progress('gas of the rivals');
  const all = [...roundFigures(byNodes), ...figures, ...(await rivalFigures(contracts))];
  return { figures: all, failures: await judge(table, options, progress), tables: { gas: table } };
}

async function judge(
  table: GasTable,
  { update }: GasOptions,
  progress: (line: string) => void,
): Promise<string[]> {
  if (update) await writeBaseline(baselinePath, table);
  const baseline = await readBaseline(baselinePath);
  for (const saving of gasSavings(baseline, table)) progress(saving);
  return gasFaults(baseline, table);
}

/** One batch through all three transactions, and four batches that share seal and settlement. */
interface RoundCosts {
  readonly request: GasCost;
  readonly seal: GasCost;
  readonly settle: GasCost;
  readonly sharedRequests: readonly GasCost[];
  readonly sharedSeal: GasCost;
  readonly sharedSettle: GasCost;
}

const sum = (...costs: readonly GasCost[]): number =>
  costs.reduce((total, { gas }) => total + gas, 0);
const perRecord = ({ request, seal, settle }: RoundCosts): number =>
  sum(request, seal, settle) / RECORDS;

async function measureNetwork(contracts: CompiledContracts, nodes: number) {
  const network = await startGasNetwork(contracts, nodes);
  try {
    const rounds = startRounds(network);
    await fillRings(rounds);
    const costs = await measureRound(rounds);
    const roundTable = {
      [`requestStorage, ${nodes} nodes`]: costs.request,
      [`sealBatches of 1, ${nodes} nodes`]: costs.seal,
      [`recordReceipts, ${nodes} nodes`]: costs.settle,
      [`sealBatches of 4, ${nodes} nodes`]: costs.sharedSeal,
      [`recordReceipts over 4, ${nodes} nodes`]: costs.sharedSettle,
    };
    if (nodes !== MAIN) return { costs, own: roundTable };
    const longHistory = await measureLongHistory(rounds);
    const consents = await consentOperations(network);
    const rest = {
      ...consents.table,
      ...network.founding,
      denySettlement: await deny(rounds),
      'update of the locator': await changeRelations(rounds),
      ...(await patientOperations(network)),
      ...(await registryOperations(network)),
      'takeOver by the standby': await takeOver(rounds),
    };
    return { costs, own: { ...roundTable, ...rest }, more: [...consents.figures, longHistory] };
  } finally {
    await network.chain.stop();
  }
}

/** Every slot of both rings is used once, as in a network of some hours: 64 rounds of four requests. */
async function fillRings(rounds: GasRounds): Promise<void> {
  const random = seededBytes('filling');
  const people = enrollPeople(rounds, 4, 1, random);
  await rounds.updateLocator();
  for (let round = 0; round < 64; round++) {
    for (let i = 0; i < 4; i++)
      await rounds.request(recordsOf(1, people.slice(i, i + 1), random), i);
    await rounds.seal();
    await rounds.settle();
  }
}

async function measureRound(rounds: GasRounds): Promise<RoundCosts> {
  const random = seededBytes('measured');
  const people = enrollPeople(rounds, PATIENTS, CATEGORIES, random);
  await rounds.updateLocator();
  const batch = () => recordsOf(RECORDS, people, random);
  const [request, seal, settle] = [
    await rounds.request(batch()),
    await rounds.seal(),
    await rounds.settle(),
  ];
  const sharedRequests: GasCost[] = [];
  for (let i = 0; i < 4; i++) sharedRequests.push(await rounds.request(batch(), i));
  return {
    request,
    seal,
    settle,
    sharedRequests,
    sharedSeal: await rounds.seal(),
    sharedSettle: await rounds.settle(),
  };
}

/** A patient's first record and her 10,000th, each alone in its batch; those between in real batches of up to 256. */
async function measureLongHistory(rounds: GasRounds): Promise<Figure> {
  const random = seededBytes('long history');
  const [patient] = enrollPeople(rounds, 1, CATEGORIES, random);
  if (patient === undefined) throw new Error('one person was enrolled');
  await rounds.updateLocator();
  const batch = async (count: number): Promise<number> =>
    sum(
      await rounds.request(recordsOf(count, [patient], random)),
      await rounds.seal(),
      await rounds.settle(),
    );
  const first = await batch(1);
  while (rounds.countOf(patient.patientId) < LONG_HISTORY - 1) {
    await batch(Math.min(RECORDS, LONG_HISTORY - 1 - rounds.countOf(patient.patientId)));
  }
  const last = await batch(1);
  const count = rounds.countOf(patient.patientId);
  return figure(
    'G8',
    last / first,
    'ratio',
    '<= 1.05',
    `request, seal and settlement of a batch with record ${count}: ${last} gas, with record 1: ${first}; all records between really sealed`,
  );
}

async function deny({ network, lastSettlement }: GasRounds): Promise<GasCost> {
  const { chain, exchange, hospitals } = network;
  return chain.send(hospitals[1]?.account ?? '0x', exchange, 'denySettlement', lastSettlement());
}

async function changeRelations(rounds: GasRounds): Promise<GasCost> {
  enrollPeople(rounds, 1, CATEGORIES, seededBytes('relations'));
  return rounds.updateLocator();
}

/** The standby begins term 2 over a request that nobody sealed in time. */
async function takeOver(rounds: GasRounds): Promise<GasCost> {
  const { chain, exchange, consensus } = rounds.network;
  const random = seededBytes('take over');
  await rounds.request(
    recordsOf(1, [{ patientId: toHex(random(32)), handles: [toHex(random(32))] }], random),
  );
  await chain.setTime(chain.now() + TAKE_OVER_SECONDS + 2);
  return chain.send(consensus[1] ?? '0x', exchange, 'takeOver', [2]);
}

function roundFigures(byNodes: ReadonlyMap<number, RoundCosts>): Figure[] {
  const main = byNodes.get(MAIN);
  if (main === undefined) throw new Error('16 nodes were measured');
  const { request, seal, settle, sharedRequests, sharedSeal, sharedSettle } = main;
  const each = [...byNodes].map(([nodes, costs]) => ({ nodes, gas: perRecord(costs) }));
  const gases = each.map(({ gas }) => gas);
  const shared = sum(...sharedRequests, sharedSeal, sharedSettle) / (4 * RECORDS);
  const slots = [request, seal, settle].reduce((total, { newSlots }) => total + newSlots, 0);
  const steady = 'both rings filled (256 requests, 64 settlements before)';
  return [
    figure(
      'G1',
      perRecord(main),
      'gas/record',
      '<= 560',
      `N=${RECORDS}, ${MAIN} nodes: request ${request.gas} + seal ${seal.gas} + settlement ${settle.gas}, role checks in, ${slots} new slots, ${steady}; second goal 450`,
    ),
    figure(
      'G1.flat',
      Math.max(...gases) / Math.min(...gases),
      'ratio',
      '<= 1.10',
      `gas/record ${each.map(({ nodes, gas }) => `${gas.toFixed(1)} at ${nodes} nodes`).join(', ')}`,
    ),
    figure(
      'G1.shared',
      shared,
      'gas/record',
      '<= 380',
      `four batches of ${RECORDS} by four nodes: requests ${sum(...sharedRequests)}, one seal ${sharedSeal.gas}, one settlement ${sharedSettle.gas}`,
    ),
    figure(
      'G2',
      request.gas,
      'gas',
      '<= 43000',
      `requestStorage with role check, ${request.newSlots} new slots, ${steady}; second goal 36000`,
    ),
  ];
}
