import { expect } from 'chai';
import { type Step, STEPS } from '../../src/domain/steps.ts';
import {
  enrollAt,
  handIn,
  newPatient,
  notes,
  progressOf,
  settleAll,
  stateAt,
  startTestNetwork,
  tableRoots,
  type TestNetwork,
} from '../support/edgeNetwork.ts';
import { stopAt, survives } from '../support/stopAt.ts';

/** The node that passes a step: who writes, who holds, who seals. */
function nodeAt(step: Step): string {
  if (step.startsWith('consensus')) return 'Keeper';
  return step.startsWith('holding') ? 'South' : 'North';
}

const countOf = (network: TestNetwork, name: string, table: string): number =>
  Number(
    network.node(name).open.components.db.get(`SELECT COUNT(*) AS n FROM ${table}`)?.['n'] ?? 0,
  );

/** What a run leaves behind, without what is random in it. */
async function outcomeOf(network: TestNetwork): Promise<object> {
  const { chain, nodes } = await tableRoots(network);
  return {
    progress: await progressOf(network),
    held: Object.fromEntries(
      network.hospitals.map(({ name, open }) => [name, open.components.holding.countHeld()]),
    ),
    transactions: Object.fromEntries(
      network.nodes.map(({ name }) => [name, countOf(network, name, 'tx')]),
    ),
    entries: Object.fromEntries(
      network.consensus.map(({ name, open }) => [
        name,
        open.components.consensus.entries().map(({ leaf, handles }) => ({
          version: leaf.version,
          counts: handles.map(({ count }) => count).sort(),
        })),
      ]),
    ),
    roots: Object.values(nodes).every((root) => root === chain),
    outstanding: [1, 2].map(
      (request) =>
        network.node('North').open.components.author.holderCount(request)?.outstanding ?? 'unknown',
    ),
    undelivered: network.nodes.map(({ name }) => countOf(network, name, 'undelivered')),
    alarms: network.nodes.map(({ name }) => countOf(network, name, 'alarm')),
  };
}

/** One patient at two hospitals and two bundles, the node of the step killed there once. */
async function run(network: TestNetwork, step?: Step, time = 1): Promise<boolean> {
  await network.settle();
  const stop = step === undefined ? undefined : stopAt(step, time);
  if (step !== undefined && stop !== undefined) {
    const node = network.node(nodeAt(step));
    await node.stop();
    await node.start({ reached: stop.reached });
  }
  const restart = async (): Promise<void> => {
    if (step === undefined) throw new Error('only a stop ends a step');
    await network.node(nodeAt(step)).stop();
    await network.node(nodeAt(step)).start();
  };
  const through = async <T>(work: () => Promise<T>): Promise<void> => {
    while (!(await survives(work))) await restart();
  };
  const known = newPatient(network);
  await enrollAt(network, known, ['North', 'South']);
  await through(() => settleAll(network));
  await through(() => handIn(network, 'North', known, notes(3), 'first'));
  await through(() => settleAll(network));
  await through(() => handIn(network, 'North', known, notes(2, 'problem'), 'second'));
  await through(() => settleAll(network));
  for (const key of ['first', 'second']) {
    const { records } = await handIn(
      network,
      'North',
      known,
      key === 'first' ? notes(3) : notes(2, 'problem'),
      key,
    );
    for (const { anchor } of records) {
      expect(stateAt(network, 'North', anchor)).to.equal('held');
      expect(stateAt(network, 'South', anchor)).to.equal('held');
    }
  }
  return stop?.wasReached ?? true;
}

describe('a stop and a restart', function () {
  this.timeout(120_000);
  let expected: object;
  let network: TestNetwork;

  before(async () => {
    network = await startTestNetwork();
    await run(network);
    expected = await outcomeOf(network);
    await network.close();
  });
  beforeEach(async () => {
    network = await startTestNetwork();
  });
  afterEach(() => network.close());

  // Reading and erasing have stories, and stops, of their own.
  const sharing = STEPS.filter((step) => /^(recording|holding|consensus):/.test(step));
  const places = sharing.flatMap((step) => [
    { step, time: 1, words: 'first' },
    // Two enrolment messages go in one batch, so its step is passed once.
    ...(step === 'consensus: patients submitted' ? [] : [{ step, time: 2, words: 'second' }]),
  ]);
  for (const { step, time, words } of places) {
    it(`hostile 37: at the ${words} "${step}" leads to the same end as a run without it`, async () => {
      expect(await run(network, step, time)).to.equal(true);
      expect(await outcomeOf(network)).to.deep.equal(expected);
    });
  }
});
