import { expect } from 'chai';
import fc from 'fast-check';
import { fold, NO_HISTORY } from '../../../src/domain/sharingTable.ts';
import { type HistoryItem, judgeHistory } from '../../../src/domain/versions.ts';
import { type Hex, toHex, uint } from '../../../src/hash/bytes.ts';

const record = (n: number): Hex => toHex(uint(n, 16));
const author = (n: number): Hex => toHex(uint(n, 32));
const NONE = record(0);

const item = (n: number, previous = 0, over: Partial<HistoryItem['inner']> = {}): HistoryItem => ({
  recordId: record(n),
  anchor: toHex(uint(1_000 + n, 32)),
  inner: {
    author: author(1),
    category: 'result',
    status: 'current',
    previousVersion: previous === 0 ? NONE : record(previous),
    ...over,
  },
});
const erased = ({ recordId, anchor }: HistoryItem): HistoryItem => ({ recordId, anchor });
const provenBy = (items: readonly HistoryItem[]) => fold(NO_HISTORY, items);
const kindsOf = (items: readonly HistoryItem[], all = items) =>
  judgeHistory(items, provenBy(all)).faults.map(({ kind }) => kind);
const standingOf = (items: readonly HistoryItem[]) =>
  judgeHistory(items, provenBy(items)).standing.map(({ recordId }) => recordId);

const [first, other, second, third] = [item(1), item(2), item(3, 1), item(4, 3)];
const history = [first, other, second, third];

describe('the versions of records', () => {
  it('lead to the newest one, with those before it', () => {
    expect(judgeHistory(history, provenBy(history))).to.deep.equal({
      standing: [
        { ...erased(other), status: 'current', versions: [record(2)] },
        { ...erased(third), status: 'current', versions: [record(4), record(3), record(1)] },
      ],
      faults: [],
    });
  });

  it('show that a record was entered in error', () => {
    const inError = item(5, 2, { status: 'entered-in-error' });
    const { standing, faults } = judgeHistory(
      [...history, inError],
      provenBy([...history, inError]),
    );
    expect(faults).to.deep.equal([]);
    expect(standing.at(-1)).to.include({ recordId: record(5), status: 'entered-in-error' });
    expect(standing.map(({ recordId }) => recordId)).to.not.include(record(2));
  });

  it('hostile 4: an old version offered as the newest is caught by count and head', () => {
    const rolledBack = [first, other, second];
    expect(kindsOf(rolledBack, history)).to.deep.equal(['HistoryShort']);
    expect(kindsOf([first, other, third], history)).to.include('HistoryShort');
    expect(kindsOf([], history)).to.deep.equal(['HistoryShort']);
    // Filled up with something else, the head differs.
    expect(kindsOf([...rolledBack, item(9)], history)).to.deep.equal(['HistoryRewritten']);
    expect(kindsOf([first, first, other, second], history)).to.deep.equal(['HistoryRewritten']);
    expect(kindsOf([other, first, second, third], history)).to.deep.equal(['HistoryRewritten']);
    expect(kindsOf([...history, item(9)], history)).to.deep.equal(['HistoryRewritten']);
  });

  it('hostile 4: within a whole history no old version stands, whichever is asked for', () => {
    expect(standingOf(history)).to.deep.equal([record(2), record(4)]);
  });

  it('go on over an erased version', () => {
    const all = [first, erased(second), third];
    const { standing, faults } = judgeHistory(all, provenBy(all));
    expect(faults).to.deep.equal([]);
    // The erased one said what it followed: that is gone, so the first one stands for itself again.
    expect(standing.map(({ versions }) => versions)).to.deep.equal([
      [record(1)],
      [record(4), record(3)],
    ]);
    const newestErased = [first, second, erased(third)];
    expect(judgeHistory(newestErased, provenBy(newestErased)).standing.at(-1)).to.deep.equal({
      ...erased(third),
      versions: [record(4)],
    });
  });

  it('show a fork, and do not choose', () => {
    const fork = [...history, item(6, 1)];
    const { standing, faults } = judgeHistory(fork, provenBy(fork));
    expect(faults).to.deep.equal([
      { kind: 'VersionForked', previous: record(1), versions: [record(3), record(6)] },
    ]);
    expect(standing.map(({ recordId }) => recordId)).to.deep.equal([
      record(2),
      record(4),
      record(6),
    ]);
  });

  it('hostile 23: are not those of another author or category, and replace nothing of theirs', () => {
    for (const over of [{ author: author(2) }, { category: 'problem' }]) {
      const foreign = [first, item(7, 1, over)];
      expect(kindsOf(foreign)).to.deep.equal(['VersionForeign']);
      expect(standingOf(foreign)).to.deep.equal([record(1), record(7)]);
    }
  });

  it('make no circle: a record follows only what is before it', () => {
    const circle = [item(1, 2), item(2, 1)];
    expect(kindsOf(circle)).to.deep.equal(['VersionMissing']);
    expect(kindsOf([item(1, 1)])).to.deep.equal(['VersionMissing']);
    expect(kindsOf([item(2, 99)])).to.deep.equal(['VersionMissing']);
    expect(standingOf(circle)).to.deep.equal([record(2)]);
  });

  it('of any history: each record is in one chain, and any record left out is missed', () => {
    const plan = fc.array(fc.option(fc.nat(30), { nil: undefined }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(plan, fc.nat(), (steps, at) => {
        const replaced = new Set<number>();
        const items = steps.map((wish, index) => {
          const n = index + 1;
          const previous = wish === undefined || wish < 1 || wish >= n ? 0 : wish;
          if (previous === 0 || replaced.has(previous)) return item(n);
          replaced.add(previous);
          return item(n, previous);
        });
        const { standing, faults } = judgeHistory(items, provenBy(items));
        expect(faults).to.deep.equal([]);
        expect(standing.flatMap(({ versions }) => versions).sort()).to.deep.equal(
          items.map(({ recordId }) => recordId).sort(),
        );
        const out = at % items.length;
        expect(
          kindsOf(
            items.filter((_, index) => index !== out),
            items,
          ),
        ).to.include('HistoryShort');
      }),
      { numRuns: 60 },
    );
  });
});
