import { expect } from 'chai';
import { readRecords, type Reading } from '../../src/client/reading/readRecords.ts';
import { whoLooked } from '../../src/client/reading/whoLooked.ts';
import { sealAtRest } from '../../src/crypto/atRest.ts';
import { signDigest } from '../../src/crypto/signatures.ts';
import { toHex } from '../../src/hash/bytes.ts';
import type { ReceiptRow } from '../../src/journal/receiptTables.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import type { Components } from '../../src/node/components.ts';
import { openingOf } from '../../src/node/reading/logReceipt.ts';
import { accessReceiptDigest } from '../../src/wire/readDigests.ts';
import { encodeMessage } from '../../src/wire/messages.ts';
import type { ReceiptOpening } from '../../src/wire/readMessages.ts';
import type { ReadPackage } from '../../src/wire/readPackage.ts';
import { readerNamed } from '../support/consents.ts';
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
import { flipped, replaced } from '../support/hostileNetwork.ts';
import { grantedPackage, type NamedReader } from '../support/reading.ts';

/** A holder that lies about who looked, each in its own way, in a running network. */
describe('a holder whose receipt log lies', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;
  let insurer: NamedReader;
  let shown: ReadPackage;
  let honest: Reading;
  let restore: (() => void)[] = [];

  before(async () => {
    network = await startTestNetwork({
      readers: ['Insurer', 'Other'],
      hospitals: ['North', 'South'],
      consensus: ['Keeper'],
    });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    const stranger = await enrolledPatient(network, ['South']);
    await handIn(network, 'North', patient, notes(2));
    await handIn(network, 'South', stranger, notes(1));
    await network.settle();
    insurer = readerNamed(network, 'Insurer');
    shown = await grantedPackage(network, patient, insurer, 'South');
    const foreign = await grantedPackage(network, stranger, insurer, 'South');
    honest = await read();
    await read(foreign);
    await read();
    await network.settle();
  });
  after(() => network.close());
  afterEach(() => {
    for (const back of restore) back();
    restore = [];
  });

  const read = async (what: ReadPackage = shown): Promise<Reading> =>
    readRecords(insurer, what, 'TREAT', await waysInto(network, random));
  const south = (): Components => network.node('South').open.components;
  const lie = <K extends keyof Components['receipts']>(
    name: K,
    told: (truth: Components['receipts'][K]) => Components['receipts'][K],
  ): void => {
    restore.push(replaced(south().receipts, name, told));
  };

  /** What she finds, as `kind n`. */
  async function found(readings: readonly Reading[] = []): Promise<string[]> {
    const { verdict } = await whoLooked(
      patient.wallet,
      patient.network,
      knownNode(network, 'South'),
      await waysInto(network, random),
      readings.map(({ receipt, receiptSignature: signature }) => ({ receipt, signature })),
    );
    if (verdict.kind === 'ok') return [];
    return verdict.faults.map((fault) =>
      fault.kind === 'PrefixChanged'
        ? `${fault.kind} ${fault.size}`
        : `${fault.kind} ${fault.n}${'because' in fault ? ` ${fault.because}` : ''}`,
    );
  }

  /** The same row, opened as something else. */
  function retold(
    row: ReceiptRow,
    change: (opening: ReceiptOpening) => ReceiptOpening,
  ): ReceiptRow {
    const { journalKey } = south().self;
    const opening = change({ ...openingOf(south(), row), released: false });
    return { ...row, entry: sealAtRest(journalKey, 'receipt', encodeMessage(opening)) };
  }
  const signedAnew = (opening: ReceiptOpening, change: Partial<ReceiptOpening['receipt']>) => {
    const receipt = { ...opening.receipt, ...change };
    const signature = signDigest(
      south().self.signingKey,
      accessReceiptDigest(south().self.network, receipt),
    );
    return { ...opening, receipt, signature };
  };

  it('is found honest while it is, with the receipts that the reader shows', async () => {
    expect(await found()).to.deep.equal([]);
    expect(await found([honest])).to.deep.equal([]);
  });

  it('is caught when it does not open a receipt', async () => {
    lie(
      'receiptsOf',
      (truth) =>
        (...args) =>
          truth(...args).filter(({ n }) => n !== 1),
    );
    expect(await found()).to.deep.equal(['ReceiptHidden 1 notOpened']);
  });

  it('is caught when it leaves a receipt out of its log', async () => {
    const [hidden] = south().receipts.receiptsOf(patient.network.patientId, 1, 1);
    lie(
      'leaves',
      (truth) =>
        (...args) =>
          truth(...args).filter(({ tag }) => tag !== hidden?.tag),
    );
    const faults = await found();
    expect(faults).to.include('ReceiptHidden 1 gap');
    expect(faults.some((fault) => fault.startsWith('PrefixChanged'))).to.equal(true);
  });

  it('is caught when it changes a leaf, another patient’s too, and when it shortens its log', async () => {
    for (const place of [1, 2, 3]) {
      lie(
        'leaves',
        (truth) => (from, limit) =>
          truth(from, limit).map((leaf, i) =>
            from + i === place ? { ...leaf, inner: flipped(leaf.inner) } : leaf,
          ),
      );
      const faults = await found();
      expect(
        faults.some((fault) => fault.startsWith('PrefixChanged')),
        `${place}`,
      ).to.equal(true);
      restore.pop()?.();
    }
    const { size } = south().receipts.head();
    lie('leaves', (truth) => (from, limit) => truth(from, limit).slice(0, size - from));
    expect((await found()).some((fault) => fault.startsWith('PrefixChanged'))).to.equal(true);
  });

  it('is caught when it opens a receipt as one for another reader, or one that it signed since', async () => {
    const other = readerNamed(network, 'Other').nodeId;
    for (const change of [{ reader: other }, { n: 2 }, { recordListRoot: flipped(other) }]) {
      lie(
        'receiptsOf',
        (truth) =>
          (...args) =>
            truth(...args).map((row) =>
              row.n === 1 ? retold(row, (opening) => signedAnew(opening, change)) : row,
            ),
      );
      const faults = await found();
      expect(faults).to.include('OpeningForged 1');
      restore.pop()?.();
    }
  });

  it('is caught when it tells another purpose, other records, another reader or a request that nobody signed', async () => {
    const told: ((opening: ReceiptOpening) => ReceiptOpening)[] = [
      (one) => ({ ...one, request: { ...one.request, purpose: 'HRESCH' } }),
      (one) => ({
        ...one,
        request: { ...one.request, reader: readerNamed(network, 'Other').nodeId },
      }),
      (one) => ({ ...one, request: { ...one.request, signature: `0x${'11'.repeat(65)}` } }),
      (one) => ({ ...one, anchors: one.anchors.slice(1) }),
      (one) => ({ ...one, anchors: [] }),
    ];
    for (const [index, change] of told.entries()) {
      lie(
        'receiptsOf',
        (truth) =>
          (...args) =>
            truth(...args).map((row) => (row.n === 1 ? retold(row, change) : row)),
      );
      expect(await found(), `${index}`).to.deep.equal(['RequestForged 1']);
      restore.pop()?.();
    }
  });

  it('is not followed for ever when it goes on for ever', async () => {
    lie('head', (truth) => () => ({ ...truth(), size: 2 ** 40 }));
    lie(
      'leaves',
      () => (_, limit) =>
        Array.from({ length: limit }, () => ({
          tag: `0x${'00'.repeat(16)}`,
          inner: toHex(random(32)),
        })),
    );
    lie('receiptsOf', (truth) => (patientId) => truth(patientId, 1, 1));
    const faults = await found();
    expect(faults.some((fault) => fault.startsWith('PrefixChanged'))).to.equal(true);
  });

  // What follows changes the log itself for good, the last receipt each time.

  it('is caught when it gives its reader one receipt and logs another one of that number', async () => {
    lie('receiptAt', (truth) => (place) => {
      const row = truth(place);
      return (
        row && retold(row, (one) => signedAnew(one, { blockNumber: one.receipt.blockNumber - 1 }))
      );
    });
    const reading = await read();
    restore.pop()?.();
    await network.settle();
    expect(await found()).to.deep.equal([]);
    expect(await found([reading])).to.deep.equal([`ReceiptTwice ${reading.receipt.n}`]);
  });

  it('is caught when it logs a reading under nobody’s tag, as soon as its reader shows the receipt', async () => {
    lie('append', (truth) => (receipt) => truth({ ...receipt, tag: toHex(random(16)) }));
    const reading = await read();
    restore.pop()?.();
    await network.settle();
    lie(
      'receiptsOf',
      (truth) =>
        (...args) =>
          truth(...args).filter(({ n }) => n !== reading.receipt.n),
    );
    expect(await found()).to.not.include(`ReceiptHidden ${reading.receipt.n} notLogged`);
    expect(await found([reading])).to.include(`ReceiptHidden ${reading.receipt.n} notLogged`);
    // A receipt that the node did not sign proves nothing against it.
    const forged = { ...reading, receipt: { ...reading.receipt, n: reading.receipt.n + 1 } };
    expect(await found([forged])).to.not.include(`ReceiptHidden ${forged.receipt.n} notLogged`);
  });
});
