import { expect } from 'chai';
import type { Hex } from '../../src/hash/bytes.ts';
import { toHex } from '../../src/hash/bytes.ts';
import {
  activeNode,
  alarmsOf,
  enrolledPatient,
  handIn,
  startTestNetwork,
  type TestNetwork,
} from '../support/edgeNetwork.ts';
import { flipped, replaced } from '../support/hostileNetwork.ts';

/** What a node finds out from the round's proofs: each lie in a network of its own, for it is told once and for good. */

describe('a consensus node that lies about what it took', () => {
  let network: TestNetwork;
  let south: Hex;

  beforeEach(async () => {
    network = await startTestNetwork();
    await network.settle();
    south = network.node('South').self.nodeId;
  });
  afterEach(() => network.close());

  const tables = () => activeNode(network).open.components.consensus;

  /** A record of a patient at North and South; then all time that anybody waits for. */
  async function store(): Promise<string> {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const { records } = await handIn(network, 'North', patient);
    await network.settle();
    for (let i = 0; i < 30; i++) await network.step();
    const held = network.node('South').open.components.holding.held(records[0]?.anchor ?? '0x');
    return held?.state ?? 'unknown';
  }

  it('changes an answer: South finds wrongAnswer and tells both consensus nodes', async () => {
    replaced(tables(), 'addAnswer', (honest) => (request, nodeId, bitmap) => {
      honest(request, nodeId, nodeId === south ? flipped(bitmap) : bitmap);
    });
    await store();
    expect(alarmsOf(network)).to.have.members([
      'South: wrongAnswer',
      'Keeper: wrongAnswer',
      'Standby: wrongAnswer',
    ]);
  });

  it('forges a settlement: South finds wrongSettlement', async () => {
    replaced(tables(), 'addSettlement', (honest) => (nodeId, settlement) => {
      const forged = { ...settlement, receipts: [], outstanding: 0 };
      honest(nodeId, nodeId === south ? forged : settlement);
    });
    expect(await store()).to.equal('held');
    expect(alarmsOf(network)).to.include('South: wrongSettlement');
    expect(alarmsOf(network).filter((alarm) => alarm.startsWith('North'))).to.deep.equal([]);
  });

  it('omits a holder from the deliveries: South finds missedDelivery', async () => {
    replaced(tables(), 'addChange', (honest) => (change) => {
      // The leaf is true, its list is not.
      const after = change.after.map((entry) => ({
        ...entry,
        relations: entry.relations.filter(({ nodeId }) => nodeId !== south),
      }));
      return honest({ ...change, after });
    });
    expect(await store()).to.equal('unknown');
    expect(alarmsOf(network)).to.include('South: missedDelivery');
  });

  it('sends a holder no list at all: South finds missedDelivery', async () => {
    replaced(tables(), 'queuePart', (honest) => (nodeId, body) => {
      if (nodeId !== south) honest(nodeId, body);
    });
    expect(await store()).to.equal('unknown');
    expect(alarmsOf(network)).to.include('South: missedDelivery');
  });

  it('sends a list that cannot be read: South stays up and finds DeliveryMalformed', async () => {
    replaced(tables(), 'queuePart', (honest) => (nodeId, body) => {
      if (nodeId !== south) return honest(nodeId, body);
      const text = Buffer.from(body.slice(2), 'hex').toString('latin1');
      // The list's own bytes, inside the part that carries them.
      honest(nodeId, toHex(Buffer.from(text.replace('entries', 'entrees'), 'latin1')));
    });
    await store();
    expect(alarmsOf(network)).to.include('South: DeliveryMalformed');
    expect(await network.node('South').open.tick()).to.be.a('number');
  });

  it('tells the truth: nobody raises an alarm', async () => {
    expect(await store()).to.equal('held');
    expect(alarmsOf(network)).to.deep.equal([]);
  });
});
