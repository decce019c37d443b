import { expect } from 'chai';
import { chainDump } from '../../demo/outsider.ts';
import { sha256 } from '#sha256';
import { type Hex, toHex } from '../../src/hash/bytes.ts';
import { keccak256 } from '../../src/hash/keccak.ts';
import type { Passage } from '../../src/courier/inProcessTransport.ts';
import { decodeMessage, deliveryPart } from '../../src/wire/messages.ts';
import { answerLeaf } from '../../src/wire/leaves.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import {
  enrollAt,
  handIn,
  newPatient,
  notes,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { replaced } from '../support/hostileNetwork.ts';

interface Sent {
  from: string;
  to: Hex;
  type: number;
  body: Uint8Array;
}

describe('an outsider who reads chain and wire', () => {
  let network: TestNetwork;
  const passages: Passage[] = [];
  const sent: Sent[] = [];
  const patients: TestPatient[] = [];
  /** The order in which clients gave their messages to the consensus node. */
  const asked: Hex[] = [];

  before(async () => {
    network = await startTestNetwork({
      consensus: ['Keeper'],
      bus: { onPassage: (passage) => passages.push(passage) },
    });
    await network.settle();
    for (const { name, open } of network.nodes) {
      replaced(open.components.courier, 'send', (honest) => (to, type, body, options) => {
        if (body instanceof Uint8Array) sent.push({ from: name, to, type, body });
        return honest(to, type, body, options);
      });
    }
    for (let i = 0; i < 12; i++) {
      const patient = newPatient(network);
      await enrollAt(network, patient, i % 2 === 0 ? ['North', 'South'] : ['South', 'East']);
      patients.push(patient);
      asked.push(patient.network.patientId);
    }
    await network.settle();
    passages.length = 0;
    sent.length = 0;
    const [first] = patients;
    if (first === undefined) throw new Error('there are patients');
    await handIn(network, 'North', first, notes(3));
    await network.settle();
  });
  after(() => network.close());

  const reports = (): Sent[] => sent.filter(({ type }) => type === MessageType.RoundReport);
  const bitmapsOf = (name: string): Hex =>
    network.node(name).open.components.seen.request(1)?.answered ?? '0x';

  it('hostile 29: a yes and a no have one size, in clear and on the wire', () => {
    expect(bitmapsOf('South')).to.match(/[1-9a-f]/, 'South knows her');
    expect(bitmapsOf('East').slice(2)).to.match(/^0+$/, 'East does not');
    const answers = ['South', 'East'].map(
      (name) => reports().filter(({ from }) => from === name)[0],
    );
    expect(answers[0]?.body.length).to.equal(answers[1]?.body.length);
    const sizes = ['North', 'South', 'East'].map(
      (name) => reports().find(({ from }) => from === name)?.body.length,
    );
    expect(new Set(sizes).size).to.equal(1);
    // Frames come in few sizes; which node said yes is not among what they tell.
    const keeper = network.node('Keeper');
    const endpoint = `https://${keeper.self.account}.invalid`;
    const classes = new Set(
      passages
        .filter((passage) => passage.endpoint === endpoint && passage.direction === 'frame')
        .map(({ bytes }) => bytes.length),
    );
    expect(classes.size).to.be.lessThan(6);
  });

  it('hostile 29: every node gets as many parts of lists in a round, of one size on the wire', () => {
    const lists = sent.filter(({ type }) => type === MessageType.DeliveryList);
    const perNode = network.hospitals.map(
      ({ self }) => lists.filter(({ to }) => to === self.nodeId).length,
    );
    expect(perNode[0]).to.be.greaterThan(0);
    expect(new Set(perNode).size).to.equal(1);
    const clear = lists.map(({ body }) => decodeMessage(deliveryPart, body).bytes.length);
    expect(new Set(clear).size).to.be.greaterThan(1, 'the lists themselves differ');
    // The author, known from the chain, is told of its request besides.
    const onWire = network.hospitals.slice(1).map(({ self }) =>
      passages
        .filter(
          ({ endpoint, direction }) =>
            direction === 'frame' && endpoint === `https://${self.account}.invalid`,
        )
        .map(({ bytes }) => bytes.length)
        .sort((a, b) => a - b)
        .join(),
    );
    expect(new Set(onWire).size).to.equal(1);
  });

  it('hostile 29: on chain stand salted roots, no answer that could be guessed', async () => {
    const { components } = network.node('South').open;
    const seal = components.seen.sealOf(1);
    if (seal === undefined) throw new Error('the request is sealed');
    const chain = JSON.stringify(await chainDump(network));
    const { nodeId } = network.node('South').self;
    for (let bit = 0; bit < 16; bit++) {
      const bytes = new Uint8Array(2);
      bytes[bit >> 3] = 0x80 >> (bit & 7);
      const bitmap = toHex(bytes);
      const guess = answerLeaf({ salt: toHex(new Uint8Array(32)), request: 1, nodeId, bitmap });
      for (const value of [guess, keccak256(bytes), sha256(bytes)])
        expect(chain).to.not.include(toHex(value).slice(2));
    }
  });

  /** Events of the patients' registry with the account that sent their transaction. */
  async function patientEvents(): Promise<{ from: string; patientId: string; tx: string }[]> {
    const { address } = network.manifest.contracts.PatientRegistry;
    const { blocks, receipts } = (await chainDump(network)) as {
      blocks: { transactions: { hash: string; from: string }[] }[];
      receipts: { transactionHash: string; logs: { address: string; topics: string[] }[] }[];
    }; // as the chain answers
    const senders = new Map(
      blocks.flatMap(({ transactions }) => transactions.map(({ hash, from }) => [hash, from])),
    );
    return receipts.flatMap(({ transactionHash, logs }) =>
      logs
        .filter((log) => log.address === address)
        .map(({ topics }) => ({
          from: senders.get(transactionHash) ?? '',
          patientId: topics[1] ?? '',
          tx: transactionHash,
        })),
    );
  }

  it('sees every event that names a patient come from the consensus node alone', async () => {
    const events = await patientEvents();
    expect(events.length).to.be.at.least(2 * patients.length);
    expect(new Set(events.map(({ from }) => from))).to.deep.equal(
      new Set([network.node('Keeper').self.account]),
    );
  });

  it('finds no patient beside a node in any transaction', async () => {
    const { blocks } = (await chainDump(network)) as {
      blocks: { transactions: { from: string; input: string }[] }[];
    }; // as the chain answers
    const ids = patients.map(({ network: own }) => own.patientId.slice(2));
    const nodes = network.hospitals.flatMap(({ self }) => [self.nodeId, self.account]);
    let named = 0;
    for (const { from, input } of blocks.flatMap(({ transactions }) => transactions)) {
      if (!ids.some((patientId) => input.includes(patientId))) continue;
      named += 1;
      for (const node of nodes) expect(input).to.not.include(node.slice(2));
      expect(nodes).to.not.include(from);
    }
    expect(named).to.be.greaterThan(0);
  });

  it('sees patients in an order that is not the one in which they came', async () => {
    const events = await patientEvents();
    const [first] = events;
    const order = [
      ...new Set(events.filter(({ tx }) => tx === first?.tx).map(({ patientId }) => patientId)),
    ];
    expect(order.toSorted()).to.deep.equal(asked.toSorted(), 'one batch holds all');
    // One of 12! orders is the one in which they came.
    expect(order).to.not.deep.equal(asked);
  });

  it('sees of a request the author, its time and its padded size, whoever it is about', () => {
    const request = network.node('East').open.components.seen.request(1);
    expect(request?.nodeId).to.equal(network.node('North').self.nodeId);
    expect(request?.paddedCount).to.equal(16);
  });
});
