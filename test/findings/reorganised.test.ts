import { expect } from 'chai';
import {
  enrolledPatient,
  handIn,
  progressOf,
  startTestNetwork,
  stateAt,
  type TestNetwork,
} from '../support/edgeNetwork.ts';
import { codeOf } from '../support/codeOf.ts';

const DEPTH = 3;

describe('hostile 38: a chain that is reorganised', () => {
  let network: TestNetwork;

  beforeEach(async () => {
    network = await startTestNetwork({
      consensus: ['Keeper'],
      finality: { kind: 'depth', blocks: DEPTH },
      // Windows count from a block's own time: they must be longer than it takes to be final.
      windows: { answerRounds: 4 * DEPTH, takeOverSeconds: 100 },
    });
    await network.settle();
  });
  afterEach(() => network.close());

  const snapshot = (): Promise<unknown> => network.chain.rpc.send('evm_snapshot', []);
  /** Drops every block since the snapshot. */
  async function drop(since: unknown): Promise<void> {
    expect(await network.chain.rpc.send('evm_revert', [since])).to.equal(true);
  }

  it('by as many blocks as the finality: nothing was answered, sealed or served; it is stored once', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const before = await snapshot();
    const { records } = await handIn(network, 'North', patient);
    for (let i = 0; i < DEPTH; i++) await network.step();
    // The request stands in a block that may yet go.
    expect((await progressOf(network)).requested).to.equal(1);
    for (const { name, open } of network.nodes) {
      expect(open.components.seen.lastRequest(), name).to.equal(0);
      expect(open.components.seen.lastSeal(), name).to.equal(undefined);
    }
    const keeper = network.node('Keeper').open.components;
    expect(keeper.consensus.recordList(1)).to.equal(undefined);
    expect(keeper.consensus.answers(1)).to.deep.equal([]);
    const [record] = records;
    expect(await network.node('South').open.components.store.has(record?.recordCid ?? '')).to.equal(
      false,
    );

    await drop(before);
    expect((await progressOf(network)).requested).to.equal(0);
    await network.settle();
    expect(await progressOf(network)).to.deep.equal({ requested: 1, sealed: 1, settled: 1 });
    expect(stateAt(network, 'South', record?.anchor ?? '0x')).to.equal('held');
    const alarms = network.nodes.flatMap(({ open }) => open.components.holding.alarms());
    expect(alarms).to.deep.equal([]);
  });

  it('while a seal is on its way: nothing of the dropped seal is delivered', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const { records } = await handIn(network, 'North', patient);
    let before = await snapshot();
    while ((await progressOf(network)).sealed === 0) {
      before = await snapshot();
      await network.step();
    }
    expect(network.node('South').open.components.seen.lastSeal()).to.equal(undefined);
    await drop(before);
    expect((await progressOf(network)).sealed).to.equal(0);
    await network.settle();
    expect(await progressOf(network)).to.deep.equal({ requested: 1, sealed: 1, settled: 1 });
    expect(stateAt(network, 'South', records[0]?.anchor ?? '0x')).to.equal('held');
  });

  it('below its finality: the node stops with ChainRewritten and changes nothing', async () => {
    const before = await snapshot();
    const patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient);
    await network.settle();
    const south = network.node('South').open;
    const held = south.components.holding.countHeld();
    const final = south.components.seen.final();
    await drop(before);
    // Another chain grows past the old one.
    await network.chain.mine(80);
    for (const { name, open } of network.nodes)
      expect(await codeOf(() => open.tick()), name).to.equal('ChainRewritten');
    expect(south.components.holding.countHeld()).to.equal(held);
    expect(south.components.seen.final()).to.equal(final);
    // Nor does a restart forget it.
    await network.node('South').stop();
    await network.node('South').start();
    expect(await codeOf(() => network.node('South').open.tick())).to.equal('ChainRewritten');
  });
});
