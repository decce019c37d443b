import { expect } from 'chai';
import { ownRecords } from '../../src/client/reading/ownRecords.ts';
import { readRecords } from '../../src/client/reading/readRecords.ts';
import { whoLooked } from '../../src/client/reading/whoLooked.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { codeOf } from '../support/codeOf.ts';
import { consentFor, grantTo, packageFor, readerNamed, revokeFrom } from '../support/consents.ts';
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

describe('authorization reuse', () => {
  let network: TestNetwork;
  let patient: TestPatient;
  before(async () => {
    network = await startTestNetwork({ readers: ['Insurer'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, [...notes(2), ...notes(1, 'medication')]);
    await network.settle();
  });
  after(() => network.close());

  it('refuses before the consent, serves twice under one signature, shows it to her, and refuses after', async () => {
    const reader = readerNamed(network, 'Insurer');
    const consent = await consentFor(network, patient, reader, { categories: ['result'] });
    const shown = packageFor(network, patient, consent, 'South');
    const ways = await waysInto(network, random);
    const read = () => readRecords(reader, shown, 'TREAT', ways);
    expect(await codeOf(read)).to.equal('NotGranted');

    await grantTo(network, patient, shown);
    const first = await read();
    expect(first.records.map(({ body }) => Buffer.from(body).toString()).sort()).to.deep.equal([
      'result 1',
      'result 2',
    ]);
    const second = await read();
    expect(second.records).to.have.length(2);
    expect(second.receipt.n).to.equal(2);

    await network.settle();
    const log = await whoLooked(
      patient.wallet,
      patient.network,
      knownNode(network, 'South'),
      await waysInto(network, random),
    );
    expect(log.verdict.kind).to.equal('ok');
    expect(log.verdict.receipts.map(({ n, receipt }) => [n, receipt.reader])).to.deep.equal([
      [1, reader.nodeId],
      [2, reader.nodeId],
    ]);
    expect(log.openings.map(({ released }) => released)).to.deep.equal([true, true]);

    await revokeFrom(network, patient, shown);
    expect(await codeOf(read)).to.equal('Revoked');
  });

  it('lets her read all her records with her own keys', async () => {
    const texts: string[] = [];
    const own = ownRecords(
      patient.wallet,
      patient.network,
      knownNode(network, 'South'),
      await waysInto(network, random),
    );
    for await (const { body } of own) texts.push(Buffer.from(body).toString());
    expect(texts.sort()).to.deep.equal(['medication 1', 'result 1', 'result 2']);
  });
});
