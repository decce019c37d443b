import { expect } from 'chai';
import { readRecords } from '../../src/client/reading/readRecords.ts';
import { whoLooked } from '../../src/client/reading/whoLooked.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import type { ReadPackage } from '../../src/wire/readPackage.ts';
import { codeOf } from '../support/codeOf.ts';
import { consentFor, packageFor, readerNamed } from '../support/consents.ts';
import {
  enrolledPatient,
  handIn,
  knownNode,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import {
  askToRead,
  bringGrant,
  grantedPackage,
  mineRevocation,
  type NamedReader,
  readQuestionOf,
  ticketStatus,
  untilReleased,
} from '../support/reading.ts';
import { consentDigest } from '../../src/wire/consent.ts';

const DEPTH = 3;

describe('hostile 38: a chain that is reorganised by three blocks', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;
  let insurer: NamedReader;

  beforeEach(async () => {
    network = await startTestNetwork({
      readers: ['Insurer'],
      hospitals: ['North', 'South'],
      consensus: ['Keeper'],
      finality: { kind: 'depth', blocks: DEPTH },
      windows: { answerRounds: 4 * DEPTH, takeOverSeconds: 100 },
    });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, notes(2));
    await network.settle();
    insurer = readerNamed(network, 'Insurer');
  });
  afterEach(() => network.close());

  const snapshot = (): Promise<unknown> => network.chain.rpc.send('evm_snapshot', []);
  /** Drops every block since the snapshot. */
  async function drop(since: unknown): Promise<void> {
    expect(await network.chain.rpc.send('evm_revert', [since])).to.equal(true);
  }
  const ledgerSize = async (): Promise<number> => {
    const { ledger } = network.node('South').open.components.contracts;
    const [size] = await ledger.call('anchoredOf', [network.node('South').self.nodeId], 'latest');
    return Number(size);
  };
  const logOfSouth = async () =>
    whoLooked(
      patient.wallet,
      patient.network,
      knownNode(network, 'South'),
      await waysInto(network, random),
    );

  it('under a grant: it gives no right before it is final, and none when it is gone', async () => {
    const consent = await consentFor(network, patient, insurer);
    const shown: ReadPackage = packageFor(network, patient, consent, 'South');
    const question = await readQuestionOf(network, insurer, shown);
    const ask = () => codeOf(() => askToRead(network, 'South', question));
    const digest = consentDigest(network.manifest.federationId, consent);
    await bringGrant(network, patient.wallet, patient.network.patientId, digest);
    const { consents } = network.node('South').open.components.contracts;
    const isGranted = async () =>
      Number((await consents.call('statusOf', [shown.signer, digest, 0n], 'latest'))[0]) === 1;
    let before = await snapshot();
    while (!(await isGranted())) {
      before = await snapshot();
      await network.step();
    }
    // It stands in a block that may yet go.
    for (let i = 1; i < DEPTH; i++) {
      expect(await ask(), `${i}`).to.equal('NotGranted');
      await network.step();
    }
    await drop(before);
    expect(await isGranted()).to.equal(false);
    expect(await ask()).to.equal('NotGranted');
    expect(network.node('South').open.components.receipts.head().size).to.equal(0);
    // The consensus node brings it again.
    await network.settle();
    expect(await isGranted()).to.equal(true);
    const { records } = await readRecords(insurer, shown, 'TREAT', await waysInto(network, random));
    expect(records).to.have.length(2);
  });

  it('under a receipt before its release: it is anchored again first', async () => {
    const shown = await grantedPackage(network, patient, insurer, 'South');
    const question = await readQuestionOf(network, insurer, shown);
    expect((await askToRead(network, 'South', question)).state).to.equal('anchoring');
    const before = await snapshot();
    while ((await ledgerSize()) === 0) await network.step();
    await network.step();
    await drop(before);
    // South has not looked at the chain since.
    expect((await askToRead(network, 'South', question)).state).to.equal('anchoring');
    expect(await ledgerSize()).to.equal(0);
    const { records, receipt } = await untilReleased(network, 'South', question);
    expect(records).to.have.length(2);
    expect(receipt.n).to.equal(1);
    expect(await ledgerSize()).to.equal(1);
    await network.settle();
    const { verdict, openings } = await logOfSouth();
    expect(verdict.kind).to.equal('ok');
    expect(openings.map(({ released }) => released)).to.deep.equal([true]);
  });

  it('under a receipt after its release: no further page and no block until it stands again', async () => {
    const shown = await grantedPackage(network, patient, insurer, 'South');
    const question = await readQuestionOf(network, insurer, shown);
    await askToRead(network, 'South', question);
    const before = await snapshot();
    const { records } = await untilReleased(network, 'South', question);
    const [record] = records;
    const fetch = () => ticketStatus(network, 'South', insurer, question.request, record!);
    expect(await fetch()).to.equal(200);
    await drop(before);
    expect((await askToRead(network, 'South', question)).state).to.equal('anchoring');
    expect(await fetch()).to.equal(401);
    await untilReleased(network, 'South', question);
    expect(await fetch()).to.equal(200);
    expect(await ledgerSize()).to.equal(1);
  });

  it('and the new chain has her revocation: what the old one let out goes no further', async () => {
    const shown = await grantedPackage(network, patient, insurer, 'South');
    const question = await readQuestionOf(network, insurer, shown);
    await askToRead(network, 'South', question);
    const before = await snapshot();
    while ((await ledgerSize()) === 0) await network.step();
    await drop(before);
    await mineRevocation(network, patient.wallet, shown);
    for (let i = 0; i < 12; i++) {
      const code = await codeOf(async () => {
        const { state } = await askToRead(network, 'South', question);
        expect(state).to.equal('anchoring');
      });
      expect(code).to.be.oneOf(['none', 'Revoked']);
      await network.step();
    }
    expect(await codeOf(() => askToRead(network, 'South', question))).to.equal('Revoked');
    await network.settle();
    const { verdict, openings } = await logOfSouth();
    expect(verdict.kind).to.equal('ok');
    expect(openings.map(({ released }) => released)).to.deep.equal([false]);
  });
});
