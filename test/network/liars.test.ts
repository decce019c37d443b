import { expect } from 'chai';
import type { Hex } from '../../src/hash/bytes.ts';
import type { LocalNode } from '../../src/localnet/network.ts';
import {
  alarmsOf,
  enrolledPatient,
  handIn,
  notes,
  startTestNetwork,
  stateAt,
  type TestNetwork,
} from '../support/edgeNetwork.ts';
import { replaced, restartWithout } from '../support/hostileNetwork.ts';
import { deliveryLies, type Lie } from '../support/liars/deliveryLies.ts';

const HONEST: Pick<Lie, 'tell' | 'at'> = { tell: () => () => undefined };

describe('a lying consensus node or author', () => {
  let network: TestNetwork;
  let holder: LocalNode;

  before(async () => {
    network = await startTestNetwork({ consensus: ['Keeper'] });
    await network.settle();
    holder = network.node('South');
  });
  after(() => network.close());

  const alarmsAtHolder = (): string[] =>
    holder.open.components.holding.alarms().map(({ kind }) => kind);

  /** Stores two records honestly, then two under the lie: says what the holder made of the last ones. */
  async function played(lie: Pick<Lie, 'tell' | 'at'>): Promise<Played> {
    const patient = await enrolledPatient(network, lie.at ?? ['North', 'South']);
    const first = await handIn(network, 'North', patient, notes(1));
    await network.settle();
    const before = alarmsAtHolder().length;
    const stop = await lie.tell({ patient, earlier: first.records.map(({ anchor }) => anchor) });
    const { records } = await handIn(network, 'North', patient, notes(2));
    await network.settle();
    stop();
    const anchors = records.map(({ anchor }) => anchor);
    const held = anchors[0] && holder.open.components.holding.held(anchors[0]);
    return {
      anchors,
      state: held?.state ?? 'unknown',
      reason: held?.reason ?? '',
      alarms: alarmsAtHolder().slice(before),
    };
  }
  interface Played {
    anchors: Hex[];
    state: string;
    reason: string;
    alarms: string[];
  }

  // Titles and codes are the same for every network; the lies are told in this one.
  const titles = deliveryLies({} as TestNetwork);
  titles.forEach(({ title, code, check, alsoWithout = [], next }, index) => {
    const lieHere = (): Lie => {
      const lie = deliveryLies(network)[index];
      if (lie === undefined) throw new Error('as many lies as titles');
      return lie;
    };
    describe(`who ${title}`, () => {
      it(`is refused with ${code}, and an alarm is raised`, async () => {
        await restartWithout(holder, ...alsoWithout);
        const { state, reason, alarms } = await played(lieHere());
        expect(state).to.equal('refused');
        expect(reason).to.equal(code);
        expect(alarms).to.include(code);
      });

      it(`passes when ${check} is taken out`, async () => {
        await restartWithout(holder, check, ...alsoWithout);
        const { state, reason, alarms } = await played(lieHere());
        await restartWithout(holder);
        expect(alarms).to.not.include(code);
        if (next === undefined) expect(state).to.be.oneOf(['held', 'due']);
        else expect(reason).to.equal(next);
      });
    });
  });

  it('who does not lie raises no alarm', async () => {
    const before = alarmsOf(network).length;
    const { state } = await played(HONEST);
    expect(state).to.equal('held');
    expect(alarmsOf(network).slice(before)).to.deep.equal([]);
  });

  describe('an author who writes one record id under two anchors', () => {
    /** The author's sealing takes the 16 bytes of an earlier record's id. */
    async function contradict(): Promise<{ alarms: string[]; later: string }> {
      const patient = await enrolledPatient(network, ['North', 'South']);
      const author = network.node('North').open.components;
      const [first] = (await handIn(network, 'North', patient)).records;
      await network.settle();
      const before = alarmsAtHolder().length;
      const id = Buffer.from(first?.recordId.slice(2) ?? '', 'hex');
      const stop = replaced(
        author,
        'random',
        (honest) => (size) => (size === 16 ? new Uint8Array(id) : honest(size)),
      );
      await handIn(network, 'North', patient);
      stop();
      await network.settle();
      const alarms = alarmsAtHolder().slice(before);
      const [later] = (await handIn(network, 'North', patient)).records;
      await network.settle();
      return {
        alarms,
        later: stateAt(network, 'South', later?.anchor ?? '0x'),
      };
    }

    it('is refused with AnchorContradicts; her later records are held', async () => {
      const { alarms, later } = await contradict();
      expect(alarms).to.include('AnchorContradicts');
      expect(later).to.equal('held');
    });

    it('passes when anchorIsNew is taken out', async () => {
      await restartWithout(holder, 'anchorIsNew');
      const { alarms } = await contradict();
      await restartWithout(holder);
      expect(alarms).to.not.include('AnchorContradicts');
    });
  });
});
