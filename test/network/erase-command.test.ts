import { expect } from 'chai';
import {
  erasableLines,
  eraseByCommand,
  type ErasingDesk,
  retryByCommand,
} from '../../src/client/consent/eraseByCommand.node.ts';
import { withdraw } from '../../src/client/enrolment/withdraw.ts';
import { newWallet, type Wallet } from '../../src/client/wallet/wallet.ts';
import { CarelatticeError } from '../../src/errors.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  clientOf,
  enrolledPatient,
  handIn,
  knownNode,
  notes,
  random,
  settleAll,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';

interface TestDesk extends ErasingDesk {
  readonly saved: Wallet[];
  readonly down: Set<string>;
}

describe('the command for erasure', () => {
  let network: TestNetwork;
  before(async () => {
    network = await startTestNetwork();
    await network.settle();
  });
  after(() => network.close());

  async function deskOf({ wallet }: Pick<TestPatient, 'wallet'>): Promise<TestDesk> {
    const ways = await waysInto(network, random);
    const [saved, down]: [Wallet[], Set<string>] = [[], new Set()];
    const ask: typeof ways.transport.ask = (node, sealed) =>
      down.has(node.name)
        ? Promise.reject(new CarelatticeError('PeerUnreachable', 'no answer', { retryable: true }))
        : ways.transport.ask(node, sealed);
    return {
      wallet,
      saved,
      down,
      manifest: network.manifest,
      ways: { ...ways, transport: { ...ways.transport, ask } },
      save: async () => void saved.push(structuredClone(wallet)),
    };
  }
  const recordsOf = async (patient: TestPatient, count: number): Promise<string[]> => {
    const { records } = await handIn(network, 'North', patient, notes(count));
    await settleAll(network);
    return records.map(({ recordId }) => recordId);
  };

  it('lists each record once with its nodes, and erases those that are named', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const [one = '', two = '', three = ''] = await recordsOf(patient, 3);
    const desk = await deskOf(patient);
    const listed = await erasableLines(desk);
    expect(listed.sort()).to.deep.equal(
      [one, two, three].map((id) => `${id}  result, at North and South`).sort(),
    );
    const { lines, isDone } = await eraseByCommand(desk, [one, two, one]);
    expect(isDone).to.equal(true);
    expect(lines.filter((line) => line.includes('has destroyed 2 records'))).to.have.length(2);
    expect(await erasableLines(desk)).to.deep.equal([`${three}  result, at North and South`]);
    expect(desk.saved.at(-1)?.networks[network.manifest.networkId]?.erasures).to.have.length(1);
    expect(await codeOf(() => eraseByCommand(desk, [one]))).to.equal('RecordErased');
  });

  it('erases nothing when one of the ids is unknown, and names the nodes that did not tell', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const stranger = await enrolledPatient(network, ['North']);
    const [one = ''] = await recordsOf(patient, 1);
    const [hers = ''] = await recordsOf(stranger, 1);
    const desk = await deskOf(patient);
    expect(await codeOf(() => eraseByCommand(desk, [one, hers]))).to.equal('RecordUnknown');
    desk.down.add('South');
    const message = await eraseByCommand(desk, [one, `0x${'12'.repeat(16)}`]).then(
      () => 'erased',
      (error: unknown) => String(error),
    );
    expect(message).to.contain('silent South (PeerUnreachable)');
    for (const wrong of ['', '0x12', `0x${'zz'.repeat(16)}`, one.toUpperCase()])
      expect(await codeOf(() => eraseByCommand(desk, [wrong])), wrong).to.equal('BadHex');
    expect(desk.saved).to.deep.equal([]);
    expect(await erasableLines(desk)).to.deep.equal([
      `${one}  result, at North`,
      'South (PeerUnreachable) did not say what it holds; it may have more.',
    ]);
  });

  it('is not done with all before every node has told and confirmed', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    await recordsOf(patient, 2);
    const desk = await deskOf(patient);
    desk.down.add('South');
    const half = await eraseByCommand(desk, 'all');
    expect(half.isDone).to.equal(false);
    expect(half.lines.join('\n'))
      .to.contain('South HAS NOT CONFIRMED the end of 2 records (PeerUnreachable)')
      .and.contain('South (PeerUnreachable) did not say what it holds');
    expect((await eraseByCommand(desk, 'all')).isDone, 'nothing is left, but South').to.equal(
      false,
    );
    expect((await retryByCommand(desk)).isDone).to.equal(false);
    desk.down.clear();
    const { lines, isDone } = await retryByCommand(desk);
    expect(isDone).to.equal(true);
    expect(lines[0]).to.contain('North has destroyed').and.not.contain('NOT');
    expect(lines[1]).to.contain('South has destroyed 2 records of hers and signed a receipt');
    expect(desk.saved.at(-1)?.networks[network.manifest.networkId]?.erasures?.[0]?.waiting).to.be
      .empty;
    expect((await eraseByCommand(desk, 'all')).isDone).to.equal(true);
  });

  it('asks a node that she has left, too', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    const [one = ''] = await recordsOf(patient, 1);
    const south = knownNode(network, 'South');
    await withdraw(patient.wallet, patient.network, clientOf(network), south);
    await settleAll(network);
    const desk = await deskOf(patient);
    const { lines, isDone } = await eraseByCommand(desk, [one]);
    expect(isDone).to.equal(true);
    expect(lines.join('\n')).to.contain('South has destroyed 1 record of hers');
  });

  it('tells a wallet that is enrolled nowhere', async () => {
    const desk = await deskOf({ wallet: newWallet(random) });
    for (const act of [erasableLines, retryByCommand])
      expect(await codeOf(() => act(desk))).to.equal('NotInRelations');
    expect(await codeOf(() => eraseByCommand(desk, 'all'))).to.equal('NotInRelations');
  });
});
