import { expect } from 'chai';
import { ownRecords } from '../../src/client/reading/ownRecords.ts';
import { whoLooked } from '../../src/client/reading/whoLooked.ts';
import type { Rpc } from '../../src/chain/rpc.ts';
import type { Step } from '../../src/domain/steps.ts';
import { CarelatticeError } from '../../src/errors.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { openForOperator } from '../../src/node/reading/openForOperator.ts';
import { codeOf } from '../support/codeOf.ts';
import { readerNamed } from '../support/consents.ts';
import {
  alarmsOf,
  enrolledPatient,
  handIn,
  knownNode,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { askToRead, grantedPackage, readQuestionOf, type Released } from '../support/reading.ts';
import { stopAt, survives } from '../support/stopAt.ts';

const SMALL = { readers: ['Insurer'], hospitals: ['North', 'South'], consensus: ['Keeper'] };

async function storedPatient(network: TestNetwork): Promise<TestPatient> {
  await network.settle();
  const patient = await enrolledPatient(network, ['North', 'South']);
  await handIn(network, 'North', patient, notes(3));
  await network.settle();
  return patient;
}

const logOf = async (network: TestNetwork, patient: TestPatient) =>
  whoLooked(
    patient.wallet,
    patient.network,
    knownNode(network, 'South'),
    await waysInto(network, random),
  );

/** Ways in which a chain may fail its reader. */
const FAULTS: Record<string, () => Promise<never>> = {
  'cannot be reached': () =>
    Promise.reject(new CarelatticeError('ChainUnreachable', 'down', { retryable: true })),
  'answers every call with an error': () =>
    Promise.reject(new CarelatticeError('RpcFailed', 'the node refused the call')),
  'answers nonsense': () => Promise.reject(new CarelatticeError('RpcMalformed', 'nonsense')),
  'never answers': () => new Promise(() => undefined),
};

describe('a hospital that opens records of its own patient', function () {
  this.timeout(60_000);

  for (const [words, fault] of Object.entries(FAULTS)) {
    it(`is not kept from it by a chain that ${words}; all is logged at once, and anchored later`, async () => {
      const network = await startTestNetwork(SMALL);
      try {
        const patient = await storedPatient(network);
        const { rpc: sound } = network.chain;
        let isDown = false;
        const rpc: Rpc = {
          ...sound,
          send: (...call) => (isDown ? fault() : sound.send(...call)),
          batch: (...call) => (isDown ? fault() : sound.batch(...call)),
        };
        await network.node('South').stop();
        await network.node('South').start({ rpc });
        await network.settle();
        const { components } = network.node('South').open;
        isDown = true;
        const { identifiers } = patient;
        const { records } = await openForOperator(components, { identifiers });
        expect(records.map(({ text }) => text).sort()).to.deep.equal([
          'result 1',
          'result 2',
          'result 3',
        ]);
        const [{ recordId } = { recordId: '' }] = records;
        expect(
          (await openForOperator(components, { identifiers, recordId })).records,
        ).to.have.length(1);
        expect(components.receipts.head().size).to.equal(2);
        // Nor does it keep her from her own records.
        const ways = { ...(await waysInto(network, random)), now: components.now };
        const own: string[] = [];
        const south = knownNode(network, 'South');
        for await (const { body } of ownRecords(patient.wallet, patient.network, south, ways))
          own.push(Buffer.from(body).toString());
        expect(own).to.have.length(3);

        isDown = false;
        await network.settle();
        const { verdict, openings } = await logOf(network, patient);
        expect(verdict.kind).to.equal('ok');
        expect(verdict.receipts.map(({ n }) => n)).to.deep.equal([1, 2]);
        expect(openings.map(({ request, released }) => [request.reader, released])).to.deep.equal([
          [south.nodeId, true],
          [south.nodeId, true],
        ]);
        expect(openings.map(({ anchors }) => anchors.length)).to.deep.equal([3, 1]);
        // What it names as its block is one of the chain.
        for (const { receipt } of openings) {
          const block = await sound.send('eth_getBlockByNumber', [
            `0x${receipt.blockNumber.toString(16)}`,
            false,
          ]);
          expect((block as { hash: string }).hash).to.equal(receipt.blockHash); // as it answers
        }
        expect(alarmsOf(network)).to.deep.equal([]);
      } finally {
        await network.close();
      }
    });
  }
});

describe('a holder that is stopped and started again while it is read', function () {
  this.timeout(60_000);

  const reading: Step[] = ['reading: logged', 'reading: anchor noted', 'reading: anchored'];
  for (const step of reading) {
    it(`hostile 37: at "${step}": one receipt, one release, as without the stop`, async () => {
      const network = await startTestNetwork(SMALL);
      try {
        const patient = await storedPatient(network);
        const insurer = readerNamed(network, 'Insurer');
        const shown = await grantedPackage(network, patient, insurer, 'South');
        const stop = stopAt(step);
        const restart = async (change = {}): Promise<void> => {
          await network.node('South').stop();
          await network.node('South').start(change);
        };
        await restart({ reached: stop.reached });
        const question = await readQuestionOf(network, insurer, shown);
        let released: Released | undefined;
        for (let i = 0; i < 50 && released === undefined; i++) {
          const code = await codeOf(async () => {
            const answer = await askToRead(network, 'South', question);
            if (answer.state === 'released') released = answer;
          });
          expect(code).to.be.oneOf(['none', 'StoppedByTest']);
          if (code !== 'none') await restart();
          if (!(await survives(() => network.step()))) await restart();
        }
        expect(stop.wasReached).to.equal(true);
        expect(released?.records).to.have.length(3);
        await network.settle();
        const { verdict, openings } = await logOf(network, patient);
        expect(verdict.kind).to.equal('ok');
        expect(verdict.receipts.map(({ n }) => n)).to.deep.equal([1]);
        expect(openings.map(({ released: done }) => done)).to.deep.equal([true]);
        expect(openings[0]?.receipt).to.deep.equal(released?.receipt);
        expect(network.node('South').open.components.receipts.pendingAnchors()).to.deep.equal([]);
        expect(alarmsOf(network)).to.deep.equal([]);
      } finally {
        await network.close();
      }
    });
  }

  it('hostile 37: with its own openings noted and not sent: they are anchored once', async () => {
    const network = await startTestNetwork(SMALL);
    try {
      const patient = await storedPatient(network);
      const stop = stopAt('reading: anchor noted');
      const south = network.node('South');
      await south.stop();
      await south.start({ reached: stop.reached });
      const { identifiers } = patient;
      await openForOperator(south.open.components, { identifiers });
      while (await survives(() => network.step()));
      await south.stop();
      await south.start();
      await network.settle();
      const { verdict } = await logOf(network, patient);
      expect(verdict.kind).to.equal('ok');
      expect(verdict.receipts).to.have.length(1);
      const { ledger } = south.open.components.contracts;
      const [size] = await ledger.call('anchoredOf', [south.self.nodeId], 'latest');
      expect(Number(size)).to.equal(1);
    } finally {
      await network.close();
    }
  });
});
