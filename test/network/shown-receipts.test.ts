import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { edgeContracts } from '../../src/chain/contracts.ts';
import { exportRecord, exportText } from '../../src/client/export/exportRecord.ts';
import { exportChain, gatherExport } from '../../src/client/export/gatherExport.ts';
import { receiptInExport } from '../../src/client/export/receiptInExport.ts';
import { readReceiptFile, readWithConsent } from '../../src/client/reading/readByCommand.node.ts';
import { holdReceipt, type LookedAt } from '../../src/client/reading/whoLookedText.ts';
import { sealAtRest } from '../../src/crypto/atRest.ts';
import { signDigest } from '../../src/crypto/signatures.ts';
import { toHex } from '../../src/hash/bytes.ts';
import { waysInto, type Ways } from '../../src/localnet/ways.ts';
import type { Components } from '../../src/node/components.ts';
import { openingOf } from '../../src/node/reading/logReceipt.ts';
import { encodeMessage } from '../../src/wire/messages.ts';
import { accessReceiptDigest } from '../../src/wire/readDigests.ts';
import { type ReadPackage, readPackageText } from '../../src/wire/readPackage.ts';
import { receiptFileText, type ShownReceiptFile } from '../../src/wire/receiptFile.ts';
import { codeOf } from '../support/codeOf.ts';
import { readerNamed } from '../support/consents.ts';
import {
  enrolledPatient,
  handIn,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { flipped, replaced } from '../support/hostileNetwork.ts';
import { processes } from '../support/processes.ts';
import { grantedPackage, type NamedReader } from '../support/reading.ts';

/** A reader keeps the holder's receipt in a file; the patient, or whom she lets, holds it against the log. */
describe('a receipt that a reader shows', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;
  let stranger: TestPatient;
  let insurer: NamedReader;
  let shown: ReadPackage;
  let foreign: ReadPackage;
  let folder: string;
  let files = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carelattice-receipts-'));
    network = await startTestNetwork({
      readers: ['Insurer'],
      hospitals: ['North', 'South'],
      consensus: ['Keeper'],
    });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    stranger = await enrolledPatient(network, ['South']);
    await handIn(network, 'North', patient, notes(2));
    await handIn(network, 'South', stranger, notes(1));
    await network.settle();
    insurer = readerNamed(network, 'Insurer');
    shown = await grantedPackage(network, patient, insurer, 'South');
    foreign = await grantedPackage(network, stranger, insurer, 'South');
  });
  after(async () => {
    await network.close();
    await rm(folder, { recursive: true });
  });

  const south = (): Components => network.node('South').open.components;
  const ways = (): Promise<Ways> => waysInto(network, random);

  /** Reads as the command does, and gives the receipt as it lies in its file. */
  async function kept(what: ReadPackage = shown): Promise<ShownReceiptFile> {
    files += 1;
    const [consent, receipt] = [join(folder, `${files}.consent`), join(folder, `${files}.json`)];
    await writeFile(consent, readPackageText(what));
    await readWithConsent(insurer, { consent, receipt }, await ways());
    await network.settle();
    return readReceiptFile(receipt);
  }
  const held = async (file: ShownReceiptFile, change: Partial<Ways> = {}): Promise<LookedAt> =>
    holdReceipt(patient.wallet, network.manifest, { ...(await ways()), ...change }, file);

  async function exported(): Promise<string[]> {
    const { manifest, chain } = network;
    const known = await exportChain(manifest, edgeContracts(manifest, chain.rpc), chain.rpc);
    const { sources } = await gatherExport(patient.wallet, manifest, await ways(), known, 'en');
    return exportRecord(sources);
  }

  it('stands in an honest log, for her and for whom she gives an export', async () => {
    const file = await kept();
    const { lines, ok } = await held(file);
    expect(ok).to.equal(true);
    expect(lines[0]).to.equal(
      'Receipt 1 that Insurer has stands in the log of South, under a root on the chain.',
    );
    expect(lines.slice(1).join()).to.include('1. Insurer, treatment, 2 records');
    expect(receiptInExport(await exported(), file)).to.deep.equal({
      lines: [lines[0]],
      ok: true,
    });
    if (process.platform !== 'win32')
      expect((await stat(join(folder, `${files}.json`))).mode & 0o077).to.equal(0);
  });

  it('is read back as it was written, and nothing else is', async () => {
    const file = await readReceiptFile(join(folder, `${files}.json`));
    const text = await readFile(join(folder, `${files}.json`), 'utf8');
    expect(JSON.parse(receiptFileText(file))).to.deep.equal(JSON.parse(text));
    const path = join(folder, 'broken.json');
    for (const broken of [
      text.slice(0, -3),
      '{}',
      'null',
      text.replace('"n": "1"', '"n": "-1"'),
      text.replace('access-receipt/1', 'access-receipt/2'),
      text.replace('"signature"', '"signed"'),
      text.replace('"granteeName": "Insurer"', '"granteeName": ""'),
    ]) {
      expect(broken).to.not.equal(text);
      await writeFile(path, broken);
      expect(await codeOf(() => readReceiptFile(path)), broken.slice(0, 60)).to.equal(
        'MalformedReceipt',
      );
    }
    expect(await codeOf(() => readReceiptFile(join(folder, 'nowhere')))).to.equal('NoReceiptFile');
  });

  it('overwrites no file, and asks for nothing when one is in its way', async () => {
    const before = south().receipts.head().size;
    const [consent, receipt] = [join(folder, `${files}.consent`), join(folder, `${files}.json`)];
    const again = async () => readWithConsent(insurer, { consent, receipt }, await ways());
    expect(await codeOf(again)).to.equal('SecretFileExists');
    expect(south().receipts.head().size).to.equal(before);
  });

  it('hostile: is not asked for when there is no folder for it', async () => {
    const before = south().receipts.head().size;
    const consent = join(folder, 'no-folder.consent');
    await writeFile(consent, readPackageText(shown));
    // One is missing, the other one is a file.
    for (const receipt of [join(folder, 'missing', 'r.json'), join(consent, 'r.json')]) {
      const read = async () => readWithConsent(insurer, { consent, receipt }, await ways());
      expect(await codeOf(read)).to.equal('FolderMissing');
    }
    expect(south().receipts.head().size).to.equal(before);
  });

  it('hostile: is not held against the node when it is another patient’s, whatever the reader puts beside it', async () => {
    const file = await kept(foreign);
    // Its number is one of hers as well: unasked, it would look as if the node had given that twice.
    expect(file.receipt.n).to.equal(1n);
    const { own } = shown.consent;
    const lies: ShownReceiptFile[] = [
      file,
      { ...file, shown },
      { ...file, shown: { ...foreign, consent: { ...foreign.consent, own } } },
      { ...file, receipt: { ...file.receipt, networkId: flipped(file.receipt.networkId) } },
    ];
    const lines = await exported();
    for (const [index, lie] of lies.entries()) {
      expect(await codeOf(() => held(lie)), `${index}`).to.equal('NotHerReceipt');
      expect(await codeOf(() => receiptInExport(lines, lie)), `${index}`).to.equal('NotHerReceipt');
    }
  });

  it('hostile: is not held against a node that did not sign it', async () => {
    const file = await kept();
    const lines = await exported();
    for (const change of [{ n: 9n }, { recordListRoot: flipped(file.receipt.basis) }]) {
      const lie = { ...file, receipt: { ...file.receipt, ...change } };
      expect(await codeOf(() => held(lie))).to.equal('ReceiptForged');
      expect(await codeOf(() => receiptInExport(lines, lie))).to.equal('ReceiptForged');
    }
    const elsewhere = { ...file, receipt: { ...file.receipt, holder: insurer.nodeId } };
    expect(await codeOf(() => held(elsewhere))).to.equal('ReceiptForged');
    expect(receiptInExport(lines, elsewhere).ok).to.equal(false);
    const nobody = { ...file, receipt: { ...file.receipt, holder: flipped(insurer.nodeId) } };
    expect(await codeOf(() => held(nobody))).to.equal('NodeUnknown');
  });

  it('is not yet a contradiction while its root does not stand', async () => {
    const before = await exported();
    const file = await kept();
    const all = (await ways()).anchoredBy(file.receipt.holder);
    const waiting = await held(file, { anchoredBy: () => all.slice(0, -1) });
    expect(waiting.ok).to.equal(false);
    expect(waiting.lines[0]).to.include('without a root on the chain yet');
    expect(waiting.lines.join()).to.not.include('FAULTS');
    const older = receiptInExport(before, file);
    expect(older.ok).to.equal(false);
    expect(older.lines[0]).to.include('after the newest root of South that is known here');
    expect((await held(file)).ok).to.equal(true);
  });

  // What follows changes the log itself for good.

  it('hostile: shows a log that has another receipt of its number', async () => {
    const back = replaced(south().receipts, 'receiptAt', (truth) => (place) => {
      const row = truth(place);
      if (row === undefined) return row;
      const opening = openingOf(south(), row);
      const receipt = { ...opening.receipt, blockNumber: opening.receipt.blockNumber - 1 };
      const { self } = south();
      const signature = signDigest(self.signingKey, accessReceiptDigest(self.network, receipt));
      const entry = encodeMessage({ ...opening, receipt, signature, released: false });
      return { ...row, entry: sealAtRest(self.journalKey, 'receipt', entry) };
    });
    const file = await kept();
    back();
    const { lines, ok } = await held(file);
    expect(ok).to.equal(false);
    expect(lines[0]).to.include('DOES NOT STAND IN ITS LOG');
    expect(lines.join()).to.include(`two receipts have the number ${file.receipt.n}`);
    const inExport = receiptInExport(await exported(), file);
    expect(inExport.ok).to.equal(false);
    expect(inExport.lines.join()).to.include(`number ${file.receipt.n} was given to two receipts`);
  });

  it('hostile: shows a log that has it under nobody’s tag', async () => {
    const { receipts } = south();
    const back = replaced(
      receipts,
      'append',
      (truth) => (receipt) => truth({ ...receipt, tag: toHex(random(16)) }),
    );
    const file = await kept();
    back();
    const hide = replaced(
      receipts,
      'receiptsOf',
      (truth) =>
        (...args) =>
          truth(...args).filter(({ n }) => BigInt(n) !== file.receipt.n),
    );
    const { lines, ok } = await held(file);
    const inExport = receiptInExport(await exported(), file);
    hide();
    expect(ok).to.equal(false);
    expect(lines[0]).to.include('DOES NOT STAND IN ITS LOG');
    expect(lines.join()).to.include('a reader has it, and the log does not');
    expect(inExport.ok).to.equal(false);
    expect(inExport.lines.join()).to.include('is hidden (notLogged)');
  });

  it('hostile: is held by verify-export against a faulty log that hides it', async () => {
    const [hidden, later] = [await kept(), await kept()];
    expect(later.receipt.n).to.equal(hidden.receipt.n + 1n);
    const back = replaced(south().receipts, 'receiptsOf', (truth) => (...args) => {
      const rows = truth(...args);
      return rows.filter(({ n }) => BigInt(n) !== hidden.receipt.n);
    });
    const exportFile = join(folder, 'gap.json');
    await writeFile(exportFile, exportText(await exported()));
    back();
    const program = [process.execPath, 'scripts/start.js', 'verify-export', exportFile];
    const started = processes(process.cwd(), {});
    const receiptFile = join(folder, `${files - 1}.json`);
    const plain = await started.run([...program, '--receipt', receiptFile]);
    expect(plain.code).to.equal(1);
    expect(plain.out).to.contain('LogMismatch');
    expect(plain.out).to.contain(`Receipt ${hidden.receipt.n} that Insurer has, signed by South`);
    expect(plain.out).to.contain('DOES NOT STAND IN ITS LOG');
    const json = await started.run([...program, '--receipt', receiptFile, '--json']);
    expect(JSON.parse(json.out)).to.have.nested.property('receipt.ok', false);
    expect(json.code).to.equal(1);

    // What is not hers is said after the findings, which stay.
    const stranger = join(folder, 'stranger.json');
    await writeFile(stranger, receiptFileText(await kept(foreign)));
    const foreignOne = await started.run([...program, '--receipt', stranger]);
    expect(foreignOne.out).to.contain('LogMismatch');
    expect(foreignOne.err).to.match(/^NotHerReceipt: /);
    const none = join(folder, 'none.json');
    await writeFile(none, '[]');
    const nothing = [...program.slice(0, -1), none, '--receipt', receiptFile];
    const { code, out } = await started.run(nothing);
    expect(code).to.equal(1);
    expect(out).to.contain('NotAnExport').and.not.contain('that Insurer has');
    const lie = 'none\u001b[2J\nThe export holds: 99 records';
    const { err } = await started.run([...program.slice(0, -1), join(folder, lie)]);
    expect(err).to.match(/^NoExportFile: .*none \[2J The export holds: 99 records\)\n$/);
  });
});
