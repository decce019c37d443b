import { expect } from 'chai';
import { CarelatticeError } from '../../src/errors.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  alarmsOf,
  enrolledPatient,
  handIn,
  notes,
  progressOf,
  settleAll,
  stateAt,
  startTestNetwork,
  type TestNetwork,
  textAt,
} from '../support/edgeNetwork.ts';
import { replaced } from '../support/hostileNetwork.ts';

describe('a holder that is down', function () {
  this.timeout(120_000);
  let network: TestNetwork;

  beforeEach(async () => {
    network = await startTestNetwork();
    await network.settle();
  });
  afterEach(() => network.close());

  const outstandingOf = (request: number): number | undefined =>
    network.node('North').open.components.author.holderCount(request)?.outstanding;

  it('gets its records when it is back, while the others go on', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    await network.node('South').stop();
    const { records } = await handIn(network, 'North', patient, notes(3));
    await network.settle();

    expect(await progressOf(network)).to.deep.equal({ requested: 1, sealed: 1, settled: 1 });
    expect(outstandingOf(1)).to.equal(1);
    for (const { anchor } of records) expect(stateAt(network, 'North', anchor)).to.equal('held');

    await network.node('South').start();
    await settleAll(network);
    for (const { anchor } of records) expect(stateAt(network, 'South', anchor)).to.equal('held');
    expect(await textAt(network, 'South', records[0]!.anchor)).to.equal('result 1');
    expect(outstandingOf(1)).to.equal(0);
    expect(alarmsOf(network)).to.deep.equal([]);
  });

  it('fetches from another holder when the author is down', async () => {
    const patient = await enrolledPatient(network, ['North', 'South', 'East']);
    await network.node('East').stop();
    const { records } = await handIn(network, 'North', patient, notes(2));
    await network.settle();
    await network.node('North').stop();
    await network.node('East').start();
    await settleAll(network);
    for (const { anchor } of records) expect(stateAt(network, 'East', anchor)).to.equal('held');
  });

  it('keeps what it has checked when its store fails at the next record', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const { records } = await handIn(network, 'North', patient, notes(3));
    const [, failing] = records;
    const { store } = network.node('South').open.components;
    const restore = replaced(store, 'get', (honest) => (cid, size, call) => {
      if (cid !== failing?.recordCid) return honest(cid, size, call);
      throw new CarelatticeError('ContentUnavailable', 'the disk is away', { retryable: true });
    });
    expect(await codeOf(() => network.settle())).to.equal('ContentUnavailable');
    const states = records.map(({ anchor }) => stateAt(network, 'South', anchor));
    expect(states).to.deep.equal(['held', 'due', 'due']);
    restore();
    await settleAll(network);
    for (const { anchor } of records) expect(stateAt(network, 'South', anchor)).to.equal('held');
  });

  it('takes part in the rounds after it is back', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    await network.node('South').stop();
    for (let i = 0; i < 3; i++) {
      await handIn(network, 'North', patient, notes(1));
      await network.settle();
    }
    await network.node('South').start();
    await settleAll(network);
    const late = await handIn(network, 'South', patient, notes(1));
    await network.settle();
    expect(stateAt(network, 'North', late.records[0]!.anchor)).to.equal('held');
    expect(network.node('South').open.components.holding.countHeld()).to.equal(4);
    expect([1, 2, 3].map(outstandingOf)).to.deep.equal([0, 0, 0]);
    expect(await progressOf(network)).to.deep.equal({ requested: 4, sealed: 4, settled: 4 });
    expect(alarmsOf(network)).to.deep.equal([]);
  });
});
