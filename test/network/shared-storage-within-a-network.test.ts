import { expect } from 'chai';
import { storageReceipts } from '../../src/client/reading/receipts.ts';
import { traceRecord } from '../../src/trace/trace.ts';
import {
  alarmsOf,
  blocksAt,
  enrolledPatient,
  handIn,
  knownNode,
  notes,
  progressOf,
  random,
  stateAt,
  startTestNetwork,
  tableRoots,
  type TestNetwork,
  textAt,
} from '../support/edgeNetwork.ts';

describe('shared storage within a network', function () {
  this.timeout(120_000);
  let network: TestNetwork;

  beforeEach(async () => {
    network = await startTestNetwork();
    await network.settle();
  });
  afterEach(() => network.close());

  it('brings a record to its holders and nobody else, with receipts and a whole trace', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const { records } = await handIn(network, 'North', patient, [
      ...notes(2, 'result'),
      ...notes(1, 'medication'),
    ]);
    await network.settle();
    const [record] = records;

    for (const { anchor } of records) {
      expect(stateAt(network, 'North', anchor)).to.equal('held');
      expect(stateAt(network, 'South', anchor)).to.equal('held');
      expect(stateAt(network, 'East', anchor)).to.equal('unknown');
    }
    expect(await blocksAt(network, 'East', records)).to.equal(0);
    const texts = [];
    for (const { anchor } of records) texts.push(await textAt(network, 'South', anchor));
    expect(texts).to.have.members(['result 1', 'result 2', 'medication 1']);

    const receipts = await storageReceipts(
      patient.wallet,
      patient.network,
      network.transport,
      knownNode(network, 'South'),
      network.node('South').open.components.now(),
      random,
    );
    expect(receipts.map(({ anchor }) => anchor)).to.have.members(
      records.map(({ anchor }) => anchor),
    );
    expect(receipts.every(({ valid }) => valid)).to.equal(true);

    const steps = traceRecord(
      record!.recordId,
      network.nodes.map(({ name, role, open }) => ({ name, role, db: open.components.db })),
    );
    expect(steps.map(({ step, node }) => `${step} ${node}`)).to.deep.equal([
      'sealed North',
      'requested North',
      'answered Keeper',
      'sealed on chain consensus node',
      'delivered North',
      'delivered South',
      'settled consensus node',
    ]);
    const blocks = steps.flatMap(({ block }) => block ?? []);
    expect(blocks).to.have.length(3);
    expect(blocks).to.deep.equal([...blocks].sort((a, b) => a - b));
    const times = steps.map(({ time }) => time);
    expect(times).to.deep.equal([...times].sort((a, b) => a - b));

    const { chain, nodes } = await tableRoots(network);
    expect(nodes).to.deep.equal({ Keeper: chain, Standby: chain });
    expect(await progressOf(network)).to.deep.equal({ requested: 1, sealed: 1, settled: 1 });
    expect(network.node('North').open.components.author.holderCount(1)?.outstanding).to.equal(0);
    expect(alarmsOf(network)).to.deep.equal([]);
  });
});
