import { expect } from 'chai';
import { edgeContracts } from '../../src/chain/contracts.ts';
import { withdraw } from '../../src/client/enrolment/withdraw.ts';
import { checkOnChain } from '../../src/client/export/checkOnChain.ts';
import { exportRecord, verifyExport } from '../../src/client/export/exportRecord.ts';
import { exportChain, gatherExport, type Gathered } from '../../src/client/export/gatherExport.ts';
import { verificationText } from '../../src/client/export/verificationText.ts';
import { readRecords } from '../../src/client/reading/readRecords.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { SUMMARY_CATEGORY } from '../../src/wire/emergencyMessages.ts';
import { codeOf } from '../support/codeOf.ts';
import { readerNamed } from '../support/consents.ts';
import {
  clientOf,
  enrolledPatient,
  handIn,
  knownNode,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { breakGlassAt, cardFor, clinicianAt } from '../support/emergencies.ts';
import { grantedPackage } from '../support/reading.ts';

/** She read and was read at nodes that are hers no more, or never were: their logs belong into her record. */
describe('the logs in an export', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;

  before(async () => {
    network = await startTestNetwork({
      hospitals: ['North', 'South', 'East', 'West'],
      readers: ['Insurer'],
    });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, [...notes(1, SUMMARY_CATEGORY), ...notes(1)]);
    await network.settle();
    const reader = readerNamed(network, 'Insurer');
    const shown = await grantedPackage(network, patient, reader, 'South');
    await readRecords(reader, shown, 'TREAT', await waysInto(network, random));
    const card = await cardFor(network, patient, ['North', 'East', 'West'], 'North');
    await breakGlassAt(network, card, await clinicianAt(network, 'East'));
    await network.settle();
    const { wallet, network: own } = patient;
    await withdraw(wallet, own, clientOf(network), knownNode(network, 'South'));
    await network.settle();
  });
  after(() => network.close());

  const idOf = (name: string): string => network.node(name).self.nodeId;
  async function gathered(): Promise<Gathered> {
    const { manifest, chain } = network;
    const known = await exportChain(manifest, edgeContracts(manifest, chain.rpc), chain.rpc);
    const ways = await waysInto(network, random);
    return gatherExport(patient.wallet, manifest, ways, known, 'en');
  }

  it('are those of her hospitals, of one that she left and of her card’s custodians, and all verify', async () => {
    const { sources, silent } = await gathered();
    expect(silent).to.deep.equal([]);
    expect(sources.logs.map(({ holder }) => holder)).to.have.members(
      ['North', 'South', 'East', 'West'].map(idOf),
    );
    expect(new Set(sources.histories.map(({ holder }) => holder))).to.deep.equal(
      new Set([idOf('North')]),
    );
    const at = (name: string): string[] =>
      sources.logs
        .filter(({ holder }) => holder === idOf(name))
        .flatMap(({ openings }) => openings.map(({ request }) => request?.message.purpose ?? ''));
    expect([at('South'), at('East'), at('West')]).to.deep.equal([
      ['TREAT'],
      ['ETREAT'],
      ['ETREAT'],
    ]);
    const verdict = verifyExport(exportRecord(sources));
    expect(verdict.findings).to.deep.equal([]);
    expect(verdict.unchecked).to.deep.equal([]);
    const { place, claims } = verdict;
    if (place === undefined) return expect.fail('the export has a head');
    const told = await checkOnChain(claims, place, network.chain.rpc);
    expect(told.filter(({ result }) => result !== 'stands')).to.deep.equal([]);
  });

  it('are missed by name when a node cannot be reached, in the file and where it is checked', async () => {
    for (const name of ['South', 'East']) await network.node(name).stop();
    patient.network.formerHolders?.push(`0x${'99'.repeat(32)}`);
    try {
      const { sources, silent } = await gathered();
      expect(silent.map(({ name, lacks, error }) => [name, lacks, error.code])).to.deep.equal([
        ['South', 'log', 'NodeStopped'],
        [undefined, 'log', 'NodeUnknown'],
        ['East', 'log', 'NodeStopped'],
      ]);
      expect(sources.logs).to.have.lengthOf(2);
      const lines = exportRecord(sources);
      const verdict = verifyExport(lines);
      expect(verdict.findings).to.deep.equal([]);
      const text = verificationText(verdict).join('\n');
      for (const missing of [
        `node ${idOf('South').slice(0, 18)}… (South): its receipt log could not be had, NodeStopped`,
        'node 0x9999999999999999… (unknown): its receipt log could not be had, NodeUnknown',
        '(East): its receipt log could not be had, NodeStopped',
      ])
        expect(text).to.include(missing);
      // A line that is taken out again is noticed like any other.
      const cut = lines.filter((line) => !line.includes('"South"'));
      expect(cut).to.have.lengthOf(lines.length - 1);
      expect(verifyExport(cut).findings.map(({ code }) => code)).to.include('DigestMismatch');
    } finally {
      patient.network.formerHolders?.pop();
      for (const name of ['South', 'East']) await network.node(name).start();
    }
  });

  it('are there although her hospital is not, whose records are missed by name', async () => {
    await network.node('North').stop();
    const { sources, silent } = await gathered();
    expect(silent.map(({ name, lacks }) => [name, lacks])).to.deep.equal([
      ['North', 'records'],
      ['North', 'log'],
    ]);
    expect(sources.records).to.deep.equal([]);
    expect(sources.logs).to.have.lengthOf(3);
    const verdict = verifyExport(exportRecord(sources));
    expect(verdict.findings).to.deep.equal([]);
    expect(verdict.unchecked.join('\n')).to.include('(North): her records there could not be had');
    for (const name of ['South', 'East', 'West']) await network.node(name).stop();
    expect(await codeOf(gathered)).to.equal('NodeStopped');
  });
});
