import { expect } from 'chai';
import { readRecords } from '../../src/client/reading/readRecords.ts';
import type { Hex } from '../../src/hash/bytes.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { ANY_ADMITTED_NODE } from '../../src/wire/consent.ts';
import type { Consent } from '../../src/wire/typedData.ts';
import { codeOf } from '../support/codeOf.ts';
import { readerNamed } from '../support/consents.ts';
import {
  enrolledPatient,
  handIn,
  type Note,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
  textAt,
} from '../support/edgeNetwork.ts';
import { flipped } from '../support/hostileNetwork.ts';
import { grantedPackage, type NamedReader } from '../support/reading.ts';

const DAY = 86_400;
const NOON = 1_700_000_000;

const NORTH: Note[] = [
  { category: 'result', text: 'plain' },
  { category: 'result', text: 'old', event: NOON - 400 * DAY },
  { category: 'medication', text: 'drug' },
  { category: 'result', text: 'psychiatric', sensitivity: ['PSY'] },
  { category: 'result', text: 'both', sensitivity: ['PSY', 'HIV'] },
];
const SOUTH: Note[] = [{ category: 'result', text: 'of South' }];

describe('what a consent lets a reader have', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;
  let insurer: NamedReader;
  let other: NamedReader;
  let foreign: Hex;
  const anchors = new Map<string, Hex>();

  before(async () => {
    network = await startTestNetwork({ readers: ['Insurer', 'Other'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    const stranger = await enrolledPatient(network, ['North', 'South']);
    const handedIn: Hex[] = [];
    for (const [hospital, given] of [
      ['North', NORTH],
      ['South', SOUTH],
    ] as const) {
      const { records } = await handIn(network, hospital, patient, given);
      handedIn.push(...records.map(({ anchor }) => anchor));
    }
    const hers = await handIn(network, 'North', stranger, [
      { category: 'result', text: 'foreign' },
    ]);
    foreign = hers.records[0]!.anchor;
    await network.settle();
    // A batch has an order of its own.
    for (const anchor of handedIn) anchors.set(await textAt(network, 'South', anchor), anchor);
    insurer = readerNamed(network, 'Insurer');
    other = readerNamed(network, 'Other');
  });
  after(() => network.close());

  const anchorOf = (text: string): Hex => anchors.get(text)!;

  /** The texts that a reader gets, sorted. */
  async function got(
    change: Partial<Consent>,
    wanted: readonly Hex[] = [],
    reader: NamedReader = insurer,
  ): Promise<string[]> {
    const shown = await grantedPackage(network, patient, reader, 'South', change);
    const ways = await waysInto(network, random);
    const { records } = await readRecords(reader, shown, 'TREAT', ways, wanted);
    return records.map(({ body }) => Buffer.from(body).toString()).sort();
  }

  const everything = ['drug', 'of South', 'old', 'plain'];
  const except = (change: Partial<Consent['except'][number]>) => ({
    except: [{ readers: [], categories: [], sensitivity: [], anchors: [], ...change }],
  });

  it('is everything without labels when it says no more', async () => {
    expect(await got({})).to.deep.equal(everything);
  });

  it('is the categories that it names', async () => {
    expect(await got({ categories: ['medication'] })).to.deep.equal(['drug']);
  });

  it('is a labelled record only when it names each of its labels', async () => {
    expect(await got({ sensitivity: ['HIV'] })).to.deep.equal(everything);
    const one = [...everything, 'psychiatric'].sort();
    expect(await got({ sensitivity: ['PSY'] })).to.deep.equal(one);
    const both = [...one, 'both'].sort();
    expect(await got({ sensitivity: ['PSY', 'HIV'] })).to.deep.equal(both);
  });

  it('is the authors that it names', async () => {
    const authors = [network.node('South').self.nodeId];
    expect(await got({ authors })).to.deep.equal(['of South']);
  });

  it('is what is of its dates', async () => {
    const [dataFrom, dataTo] = [BigInt(NOON - 500 * DAY), BigInt(NOON - 300 * DAY)];
    expect(await got({ dataFrom, dataTo })).to.deep.equal(['old']);
    expect(await got({ dataFrom: BigInt(NOON) })).to.deep.equal(['drug', 'of South', 'plain']);
    expect(await codeOf(() => got({ dataFrom: BigInt(NOON) + 1n }))).to.equal('NothingAllowed');
  });

  it('is the records that it names, and of them the ones that the request names', async () => {
    const named = [anchorOf('plain'), anchorOf('drug')];
    expect(await got({ anchors: named })).to.deep.equal(['drug', 'plain']);
    expect(await got({ anchors: named }, [anchorOf('drug'), anchorOf('old')])).to.deep.equal([
      'drug',
    ]);
  });

  it('is nothing that it excepts, by category, label, record or reader', async () => {
    expect(await got(except({ categories: ['medication'] }))).to.deep.equal([
      'of South',
      'old',
      'plain',
    ]);
    expect(
      await got({ sensitivity: ['PSY', 'HIV'], ...except({ sensitivity: ['HIV'] }) }),
    ).to.deep.equal([...everything, 'psychiatric'].sort());
    expect(await got(except({ anchors: [anchorOf('old')] }))).to.deep.equal([
      'drug',
      'of South',
      'plain',
    ]);
    // All dimensions of one exception have to fit.
    expect(
      await got(except({ categories: ['result'], anchors: [anchorOf('drug')] })),
    ).to.deep.equal(everything);
    const anybody = { grantee: ANY_ADMITTED_NODE, granteeName: '' };
    const notOther = except({ readers: [other.nodeId] });
    expect(await got({ ...anybody, ...notOther })).to.deep.equal(everything);
    expect(await codeOf(() => got({ ...anybody, ...notOther }, [], other))).to.equal(
      'NothingAllowed',
    );
  });

  it('hostile 32: is never another patient’s, and a foreign anchor looks as an absent one', async () => {
    const absent = flipped(foreign);
    const refusals = [];
    for (const anchor of [foreign, absent]) {
      try {
        await got({}, [anchor]);
      } catch (error) {
        refusals.push(String(error));
      }
    }
    expect(refusals).to.have.length(2);
    expect(refusals[0]).to.equal(refusals[1]).and.include('there is nothing here');
    expect(await got({}, [foreign, absent, anchorOf('plain')])).to.deep.equal(['plain']);
    // Nor one that she may not let out of hand by naming it in the consent itself.
    expect(await codeOf(() => got({ anchors: [foreign] }))).to.equal('NothingAllowed');
  });

  it('comes once where the request names it twice', async () => {
    const plain = anchorOf('plain');
    expect(await got({}, [plain, plain])).to.deep.equal(['plain']);
  });
});
