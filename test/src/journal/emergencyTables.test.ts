import { expect } from 'chai';
import { type Hex, toHex, uint } from '../../../src/hash/bytes.ts';
import { openDatabase } from '../../../src/journal/database.ts';
import { emergencyTables, type Review } from '../../../src/journal/emergencyTables.ts';

const id = (n: number): Hex => toHex(uint(n, 32));
const review = (n: number, change: Partial<Review> = {}): Review => ({
  requestDigest: id(n),
  emergency: id(1),
  patientId: id(2),
  requester: id(3),
  outcome: 'released',
  time: n,
  toPost: false,
  entry: uint(n, 2),
  ...change,
});
const tables = () => emergencyTables(openDatabase(':memory:'));

describe("a custodian's journal", () => {
  it('keeps one card of a patient, found by its look-up until it goes to others', () => {
    const journal = tables();
    const content = uint(9, 8);
    journal.putCustody({ patientId: id(2), cardEpoch: 1, lookUp: id(8), content });
    expect(journal.custodyBy(id(8))).to.deep.equal(journal.custody(id(2)));
    journal.putCustody({ patientId: id(2), cardEpoch: 2, lookUp: id(9), content });
    expect(journal.custodyBy(id(8))).to.equal(undefined);
    expect(journal.custodyBy(id(9))?.cardEpoch).to.equal(2);
    journal.putCustody({ patientId: id(2), cardEpoch: 3 });
    expect(journal.custodyBy(id(9))).to.equal(undefined);
    expect(journal.custody(id(2))).to.deep.equal({ patientId: id(2), cardEpoch: 3 });
  });

  it('lets a refused request be granted later, and never the other way round', () => {
    const journal = tables();
    expect(journal.addReview(review(1, { outcome: 'LicenceRefused' }))).to.equal(true);
    expect(journal.addReview(review(1, { outcome: 'late', toPost: true }))).to.equal(true);
    expect(journal.addReview(review(1, { outcome: 'EmergencyEnded' }))).to.equal(false);
    expect(journal.review(id(1))).to.deep.equal(review(1, { outcome: 'late', toPost: true }));
  });

  it('lists what nobody has looked at, oldest first', () => {
    const journal = tables();
    for (const n of [2, 1, 3]) journal.addReview(review(n));
    expect(journal.openReviews(2).map(({ time }) => time)).to.deep.equal([1, 2]);
    expect(journal.closeReview(id(1), 50, uint(9, 2))).to.equal(true);
    expect(journal.closeReview(id(1), 51, uint(8, 2))).to.equal(false);
    expect(journal.closeReview(id(7), 51, uint(8, 2))).to.equal(false);
    expect(journal.openReviews(9).map(({ time }) => time)).to.deep.equal([2, 3]);
    expect(journal.review(id(1))).to.deep.equal(review(1, { closedAt: 50, entry: uint(9, 2) }));
  });

  it('counts all attempts of a hospital, and the granted emergencies of a patient', () => {
    const journal = tables();
    journal.addReview(review(10));
    journal.addReview(review(11, { emergency: id(4) }));
    journal.addReview(review(12, { emergency: id(5), outcome: 'ReasonMissing' }));
    journal.addReview(review(13, { emergency: id(4), requester: id(6), outcome: 'late' }));
    expect(journal.attemptsOf(id(3), 9)).to.equal(3);
    expect(journal.attemptsOf(id(3), 10)).to.equal(2);
    expect(journal.emergenciesOf(id(2), 0, id(9))).to.equal(2);
    expect(journal.emergenciesOf(id(2), 0, id(1))).to.equal(1);
    expect(journal.emergenciesOf(id(2), 13, id(9))).to.equal(0);
  });

  it('remembers each emergency that the chain has still to show', () => {
    const journal = tables();
    journal.addReview(review(1, { toPost: true, outcome: 'late' }));
    journal.addReview(review(2, { toPost: true, outcome: 'late' }));
    journal.addReview(review(3, { emergency: id(4) }));
    expect(journal.toPost()).to.deep.equal([id(1)]);
    journal.setPosted(id(1));
    expect(journal.toPost()).to.deep.equal([]);
  });
});
