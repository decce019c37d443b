import { mkdtempSync, rmSync, statSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { edgeContracts } from '../../src/chain/contracts.ts';
import { eraseRecords } from '../../src/client/consent/eraseRecords.ts';
import { checkOnChain, type ClaimVerdict } from '../../src/client/export/checkOnChain.ts';
import { verificationText } from '../../src/client/export/verificationText.ts';
import { readExport, writeExport } from '../../src/client/export/exportFile.node.ts';
import {
  exportRecord,
  exportText,
  verifyExport,
  type ExportSources,
  type Verification,
} from '../../src/client/export/exportRecord.ts';
import { exportChain, gatherExport } from '../../src/client/export/gatherExport.ts';
import { keepConsent } from '../../src/client/consent/keptConsents.ts';
import { readRecords } from '../../src/client/reading/readRecords.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { consentDigest } from '../../src/wire/consent.ts';
import { jsonOf } from '../../src/wire/typedDataJson.ts';
import { codeOf } from '../support/codeOf.ts';
import { consentFor, grantTo, packageFor, readerNamed } from '../support/consents.ts';
import {
  enrolledPatient,
  handIn,
  nodesOf,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';

describe('export from a network', function () {
  this.timeout(120_000);
  let network: TestNetwork;
  let patient: TestPatient;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'carelattice-export-'));
    network = await startTestNetwork({ readers: ['Insurer'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, [...notes(3), ...notes(1, 'medication')]);
    await handIn(network, 'South', patient, notes(2));
    await network.settle();
    await readUnderConsent();
    await network.settle();
  });
  after(async () => {
    await network.close();
    rmSync(folder, { recursive: true });
  });

  async function readUnderConsent(): Promise<void> {
    const reader = readerNamed(network, 'Insurer');
    const consent = await consentFor(network, patient, reader, { categories: ['result'] });
    const shown = packageFor(network, patient, consent, 'South');
    await grantTo(network, patient, shown);
    const { federationId } = network.manifest;
    keepConsent(patient.wallet, {
      struct: 'Consent',
      message: jsonOf(consent) as Record<string, unknown>, // an object of its fields
      digest: consentDigest(federationId, consent),
      federationId,
      signer: shown.signer,
      signature: shown.signature,
      revoked: false,
    });
    await readRecords(reader, shown, 'TREAT', await waysInto(network, random));
  }

  async function gathered(): Promise<ExportSources> {
    const { manifest, chain } = network;
    const contracts = edgeContracts(manifest, chain.rpc);
    const known = await exportChain(manifest, contracts, chain.rpc);
    const ways = await waysInto(network, random);
    const { sources, silent } = await gatherExport(patient.wallet, manifest, ways, known, 'en');
    expect(silent).to.deep.equal([]);
    return sources;
  }

  async function onChain({ claims, place }: Verification): Promise<ClaimVerdict[]> {
    if (place === undefined) throw new Error('the export has a head');
    return checkOnChain(claims, place, network.chain.rpc);
  }

  it('holds every record of every node, her consents and the receipts, and all of it verifies', async () => {
    const sources = await gathered();
    expect(sources.records).to.have.lengthOf(6);
    const verdict = verifyExport(exportText(exportRecord(sources)));
    expect(verdict.findings).to.deep.equal([]);
    expect(verdict.checked).to.include({ records: 6, consents: 1, receipts: 1 });
    expect(verdict.unchecked).to.deep.equal([]);
  });

  it('stands on the chain, and a claim that does not is told', async () => {
    const verdict = verifyExport(exportRecord(await gathered()));
    const told = await onChain(verdict);
    expect(told.filter(({ result }) => result !== 'stands')).to.deep.equal([]);
    expect(new Set(told.map(({ claim }) => claim.kind))).to.deep.equal(
      new Set(['block', 'authority', 'nodeKey', 'status', 'anchored', 'batch']),
    );
    const wrong = verdict.claims.map((claim) => {
      if (claim.kind === 'anchored') return { ...claim, size: claim.size + 1 };
      if (claim.kind === 'nodeKey') return { ...claim, keyEpoch: 9 };
      if (claim.kind === 'status') return { ...claim, state: 2 };
      if (claim.kind === 'batch') return { ...claim, request: claim.request + 1 };
      return claim.kind === 'block'
        ? { ...claim, time: 5 }
        : { ...claim, account: '0x00' as const };
    });
    const differs = await onChain({ ...verdict, claims: wrong });
    expect(differs.every(({ result }) => result === 'differs')).to.equal(true);
    expect(verificationText(verdict, differs).join('\n')).to.include('DIFFERS: AccessLedger');
    expect(verificationText(verdict).join('\n')).to.include('--rpc URL compares them');
  });

  it('goes into a file for its owner alone and comes back whole', async () => {
    const lines = exportRecord(await gathered());
    const file = join(folder, 'record.json');
    expect(await writeExport(file, lines)).to.equal('json');
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(verifyExport(await readExport(file)).ok).to.equal(true);
    expect(await codeOf(() => writeExport(file, lines))).to.equal('ExportFileExists');
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, readFileSync(file, 'utf8').replace('"kind":"node"', '"kind":"mode"'));
    expect(verifyExport(await readExport(broken)).ok).to.equal(false);
    const byLine = join(folder, 'record.ndjson');
    writeFileSync(byLine, exportText(lines, 'ndjson'));
    expect(verifyExport(await readExport(byLine)).ok).to.equal(true);
    expect(await codeOf(() => readExport(join(folder, 'none')))).to.equal('NoExportFile');
  });

  it('keeps the place of a record that she had erased', async () => {
    const [, second] = (await gathered()).records;
    if (second === undefined) throw new Error('there are six');
    const on = { transport: network.transport, nodes: nodesOf(network) };
    await eraseRecords(patient.wallet, patient.network, on, [second.anchor]);
    const sources = await gathered();
    expect(sources.records.filter((one) => 'why' in one)).to.deep.include.members([
      sources.records.find(({ anchor }) => anchor === second.anchor),
    ]);
    const verdict = verifyExport(exportRecord(sources));
    expect(verdict.findings).to.deep.equal([]);
    expect(verdict.checked.records).to.equal(5);
  });
});
