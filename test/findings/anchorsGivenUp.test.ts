import { expect } from 'chai';
import type { StoredTransaction } from '../../src/chain/transactionTable.ts';
import { readerNamed } from '../support/consents.ts';
import {
  enrolledPatient,
  handIn,
  notes,
  startTestNetwork,
  type TestNetwork,
  alarmsOf,
} from '../support/edgeNetwork.ts';
import { replaced } from '../support/hostileNetwork.ts';
import { askToRead, grantedPackage, readQuestionOf, untilReleased } from '../support/reading.ts';

/** An anchor that the sender gave up has an empty transaction at its nonce, and that one succeeds. */
describe('a receipt whose anchor came to nothing', () => {
  let network: TestNetwork;
  beforeEach(async () => {
    network = await startTestNetwork({
      readers: ['Insurer'],
      hospitals: ['North', 'South'],
      consensus: ['Keeper'],
    });
  });
  afterEach(() => network.close());

  for (const state of ['closing', 'refused', 'reverted'] as const) {
    it(`(${state}) is not taken for anchored; it is sent again, and then the keys go out`, async () => {
      await network.settle();
      const patient = await enrolledPatient(network, ['North', 'South']);
      await handIn(network, 'North', patient, notes(1));
      await network.settle();
      const insurer = readerNamed(network, 'Insurer');
      const shown = await grantedPackage(network, patient, insurer, 'South');
      const { sender } = network.node('South').open.components;
      const block = await network.chain.rpc.send('eth_getBlockByNumber', ['latest', false]);
      const { hash } = block as { hash: `0x${string}` }; // as eth_getBlockByNumber answers
      const inclusion = { hash, block: 1, blockHash: hash, hasSucceeded: state !== 'reverted' };
      let isLeft = true;
      const givenUp = { task: 'receipts 1', state, inclusion } as unknown as StoredTransaction; // what is read of it
      const back = [
        replaced(
          sender,
          'send',
          (honest) =>
            (task, ...call) =>
              task === 'receipts 1' ? Promise.resolve(givenUp) : honest(task, ...call),
        ),
        replaced(
          sender,
          'receiptOf',
          (honest) => (task) =>
            task !== 'receipts 1'
              ? honest(task)
              : isLeft
                ? givenUp
                : { ...givenUp, state: 'refused' },
        ),
      ];
      const question = await readQuestionOf(network, insurer, shown);
      for (let i = 0; i < 3; i++) {
        expect((await askToRead(network, 'South', question)).state).to.equal('anchoring');
        if (state === 'closing') await network.step();
      }
      isLeft = false;
      const { records } = await untilReleased(network, 'South', question);
      expect(records).to.have.length(1);
      expect(alarmsOf(network)).to.deep.equal(['South: receiptsNotAnchored']);
      for (const one of back) one();
    });
  }
});
