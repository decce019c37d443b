import { expect } from 'chai';
import { CarelatticeError } from '../../src/errors.ts';
import type { ReadQuestion } from '../../src/wire/readMessages.ts';
import type { ReadPackage } from '../../src/wire/readPackage.ts';
import { codeOf } from '../support/codeOf.ts';
import { readerNamed } from '../support/consents.ts';
import {
  enrolledPatient,
  handIn,
  notes,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
  timeOf,
} from '../support/edgeNetwork.ts';
import { passTime } from '../support/emergencies.ts';
import {
  askToRead,
  grantedPackage,
  type NamedReader,
  readQuestionOf,
  refusalOf,
  untilReleased,
} from '../support/reading.ts';

const DAY = 86_400;
const READS = 3;

/** A reader, or a thief of its key, cannot make a holder write receipts without end. */
describe('how often a reader may ask', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;
  let stranger: TestPatient;
  let insurer: NamedReader;
  let other: NamedReader;
  let shown: ReadPackage;

  before(async () => {
    network = await startTestNetwork({
      hospitals: ['North', 'South'],
      consensus: ['Keeper'],
      readers: ['Insurer', 'Other'],
    });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    stranger = await enrolledPatient(network, ['North', 'South']);
    for (const one of [patient, stranger]) await handIn(network, 'North', one, notes(1));
    await network.settle();
    [insurer, other] = [readerNamed(network, 'Insurer'), readerNamed(network, 'Other')];
    shown = await granted(patient, insurer);
    await restart();
    await nextDay();
  });
  after(() => network.close());

  async function restart(): Promise<void> {
    await network.node('South').stop();
    await network.node('South').start({ readsADay: READS });
    await network.settle();
  }
  /** To the first minute of the next day of chain time. */
  async function nextDay(): Promise<void> {
    const now = await timeOf(network);
    await passTime(network, DAY - (now % DAY) + 60);
  }
  const granted = (
    whose: TestPatient,
    reader: NamedReader,
    change: Parameters<typeof grantedPackage>[4] = {},
  ): Promise<ReadPackage> =>
    grantedPackage(network, whose, reader, 'South', {
      notAfter: BigInt(4_000_000_000),
      ...change,
    });
  const size = (): number => network.node('South').open.components.receipts.head().size;
  const asks = (what = shown, reader = insurer): Promise<string> =>
    refusalOf(network, 'South', reader, what);

  it('hostile: refuses further new requests of the day, says until when, and logs nothing of them', async () => {
    const questions: ReadQuestion[] = [];
    for (let i = 0; i < READS; i++) questions.push(await readQuestionOf(network, insurer, shown));
    const before = size();
    for (const question of questions) await untilReleased(network, 'South', question);
    expect(size()).to.equal(before + READS);

    let refusal: unknown;
    try {
      await askToRead(network, 'South', await readQuestionOf(network, insurer, shown));
    } catch (error) {
      refusal = error;
    }
    if (!(refusal instanceof CarelatticeError)) return expect.fail('it was taken');
    expect([refusal.code, refusal.retryable]).to.deep.equal(['TooManyRequests', true]);
    const again = (Math.floor((await timeOf(network)) / DAY) + 1) * DAY;
    expect(refusal.message).to.include(`aDay ${READS}, again ${again}`);
    expect(size()).to.equal(before + READS);

    // What was granted is asked on for without end: the same receipt, and page after page.
    const [first] = questions;
    if (first === undefined) return expect.fail('there are three');
    const numbers = [];
    for (let i = 0; i <= READS; i++)
      numbers.push((await untilReleased(network, 'South', first)).receipt.n);
    expect(new Set(numbers).size).to.equal(1);
    expect(size()).to.equal(before + READS);
  });

  it('leaves another reader, and the same one about another patient, as they were', async () => {
    expect(await asks()).to.equal('TooManyRequests');
    expect(await asks(await granted(patient, other), other)).to.equal('none');
    expect(await asks(await granted(stranger, insurer))).to.equal('none');
    // A second consent of hers gives the reader no second share.
    expect(await asks(await granted(patient, insurer))).to.equal('TooManyRequests');
  });

  it('hostile: outlasts a restart, and ends with the day', async () => {
    await restart();
    expect(await asks()).to.equal('TooManyRequests');
    await nextDay();
    expect(await asks()).to.equal('none');
  });

  it('hostile: counts what comes at the same time, and what finds nothing', async () => {
    await nextDay();
    const before = size();
    const questions = await Promise.all(
      Array.from({ length: READS + 3 }, () => readQuestionOf(network, insurer, shown)),
    );
    const codes = await Promise.all(
      questions.map((question) => codeOf(() => askToRead(network, 'South', question))),
    );
    expect(codes.filter((code) => code === 'none')).to.have.lengthOf(READS);
    expect(codes.filter((code) => code === 'TooManyRequests')).to.have.lengthOf(3);
    expect(size()).to.equal(before + READS);

    await nextDay();
    const empty = await granted(patient, insurer, { categories: ['imaging'] });
    for (let i = 0; i < READS; i++) expect(await asks(empty)).to.equal('NothingAllowed');
    expect(await asks(empty)).to.equal('TooManyRequests');
    expect(await asks()).to.equal('TooManyRequests');
  });

  it('takes one request that comes many times at once for one', async () => {
    await nextDay();
    const before = size();
    const question = await readQuestionOf(network, insurer, shown);
    await Promise.all(
      Array.from({ length: READS + 3 }, () => askToRead(network, 'South', question)),
    );
    expect(size()).to.equal(before + 1);
    for (let i = 1; i < READS; i++) expect(await asks()).to.equal('none');
    expect(await asks()).to.equal('TooManyRequests');
  });
});
