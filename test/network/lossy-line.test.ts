import { expect } from 'chai';
import type { Fate } from '../../src/courier/inProcessTransport.ts';
import { keccak256 } from '../../src/hash/keccak.ts';
import { uint } from '../../src/hash/bytes.ts';
import {
  activeNode,
  enrolledPatient,
  handIn,
  notes,
  progressOf,
  settleAll,
  stateAt,
  startTestNetwork,
  tableRoots,
  type TestNetwork,
} from '../support/edgeNetwork.ts';

/** Numbers of 0 to 99 that follow from a seed. */
function dice(seed: number): () => number {
  let turn = seed * 1_000_000;
  return () => {
    turn += 1;
    const [a = 0, b = 0] = keccak256(uint(turn, 8));
    return (a * 256 + b) % 100;
  };
}

describe('a line that loses and doubles', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  afterEach(() => network.close());

  for (const seed of [1, 2, 3]) {
    it(`hostile 36: a fifth of the frames lost or doubled changes nothing (seed ${seed})`, async () => {
      const roll = dice(seed);
      let isFaulty = false;
      const fateOf = (): Fate => {
        const number = isFaulty ? roll() : 99;
        if (number < 10) return 'drop';
        return number < 20 ? 'duplicate' : 'deliver';
      };
      network = await startTestNetwork({ bus: { fateOf } });
      await network.settle();
      const patient = await enrolledPatient(network, ['North', 'South']);
      isFaulty = true;
      const all = [];
      for (let i = 0; i < 4; i++) {
        all.push(...(await handIn(network, 'North', patient, notes(3))).records);
        all.push(...(await handIn(network, 'South', patient, notes(2, 'problem'))).records);
        await settleAll(network);
      }
      isFaulty = false;
      await settleAll(network);
      for (const { anchor } of all) {
        expect(stateAt(network, 'North', anchor)).to.equal('held');
        expect(stateAt(network, 'South', anchor)).to.equal('held');
      }
      for (const name of ['North', 'South'])
        expect(network.node(name).open.components.holding.countHeld()).to.equal(all.length);
      const { requested, sealed, settled } = await progressOf(network);
      expect([sealed, settled]).to.deep.equal([requested, requested]);
      const { chain, nodes } = await tableRoots(network);
      expect(nodes).to.deep.equal({ Keeper: chain, Standby: chain });
      const counts = activeNode(network)
        .open.components.consensus.entries()
        .flatMap(({ handles }) => handles.map(({ count }) => count));
      expect(counts.sort()).to.deep.equal([12, 8].sort());
    });
  }

  it('has a request sealed without its list requested again, and nothing is lost', async () => {
    let keeper = '';
    let isCut = false;
    network = await startTestNetwork({
      // Nothing of North's own reaches the consensus node while the line is cut; South's does not either.
      bus: { fateOf: ({ endpoint }) => (isCut && endpoint === keeper ? 'drop' : 'deliver') },
    });
    await network.settle();
    const patient = await enrolledPatient(network, ['North', 'South']);
    keeper =
      network.node('North').open.components.nodes.byId(activeNode(network).self.nodeId)?.endpoint ??
      '';
    isCut = true;
    const { records } = await handIn(network, 'North', patient, notes(2));
    for (let i = 0; i < 16; i++) await network.step();
    expect((await progressOf(network)).sealed).to.equal(1);
    isCut = false;
    await settleAll(network);
    for (const { anchor } of records) {
      expect(stateAt(network, 'North', anchor)).to.equal('held');
      expect(stateAt(network, 'South', anchor)).to.equal('held');
    }
    expect(await progressOf(network)).to.deep.equal({ requested: 2, sealed: 2, settled: 2 });
    const { author } = network.node('North').open.components;
    expect(author.holderCount(1)).to.equal(undefined);
    expect(author.holderCount(2)?.outstanding).to.equal(0);
    expect(activeNode(network).open.components.consensus.entries()[0]?.handles[0]?.count).to.equal(
      2,
    );
  });
});
