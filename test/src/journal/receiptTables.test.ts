import { expect } from 'chai';
import { type Hex, toHex, uint } from '../../../src/hash/bytes.ts';
import { logRoot } from '../../../src/hash/merkleLog.ts';
import { openDatabase } from '../../../src/journal/database.ts';
import { type LoggedAccess, receiptTables } from '../../../src/journal/receiptTables.ts';
import { receiptLeaf } from '../../../src/wire/receiptLeaf.ts';

const id = (n: number): Hex => toHex(uint(n, 32));
const receipt = (place: number, patient: number, n: number): LoggedAccess => ({
  tag: toHex(uint(place, 16)),
  inner: id(100 + place),
  patientId: id(patient),
  n,
  requestDigest: id(200 + place),
  entry: uint(place, 4),
  created: 1_000 + place,
});
const all = [receipt(1, 7, 1), receipt(2, 8, 1), receipt(3, 7, 2)];

describe('the receipt log of the journal', () => {
  it('gives each receipt the next place, and the root of the whole log', () => {
    const db = openDatabase(':memory:');
    const table = receiptTables(db);
    expect(table.head()).to.deep.equal({ size: 0, root: new Uint8Array(32) });
    all.forEach((one, index) => {
      expect(table.nextNumber(one.patientId)).to.equal(one.n);
      const root = logRoot(all.slice(0, index + 1).map(receiptLeaf));
      expect(table.append(one)).to.deep.equal({ size: index + 1, root });
      expect(table.head()).to.deep.equal({ size: index + 1, root });
    });
    expect(table.leaves(2, 10).map(({ inner }) => inner)).to.deep.equal([id(102), id(103)]);
    expect(table.leaves(1, 1)).to.deep.equal([{ tag: all[0]?.tag, inner: id(101) }]);
    expect(table.receiptsOf(id(7), 1, 10)).to.deep.equal([
      { ...all[0], place: 1 },
      { ...all[2], place: 3 },
    ]);
    expect(table.receiptsOf(id(7), 2, 1)[0]?.place).to.equal(3);
    expect(table.receiptAt(2)?.requestDigest).to.equal(id(202));
    expect(table.receiptAt(4)).to.equal(undefined);
    expect(table.receiptAt(3)?.n).to.equal(2);
    db.close();
  });

  it('goes back as a whole when the transaction fails', () => {
    const db = openDatabase(':memory:');
    const table = receiptTables(db);
    const [first, second] = [receipt(1, 7, 1), receipt(2, 7, 2)];
    table.append(first);
    const before = table.head();
    const work = (): void =>
      db.transaction(() => {
        table.append(second);
        throw new Error('stopped');
      });
    expect(work).to.throw('stopped');
    expect(table.head()).to.deep.equal(before);
    expect(table.append(second).size).to.equal(2);
    db.close();
  });

  it('takes no second receipt for one request or one number', () => {
    const db = openDatabase(':memory:');
    const table = receiptTables(db);
    table.append(receipt(1, 7, 1));
    expect(() => table.append({ ...receipt(2, 7, 2), requestDigest: id(201) })).to.throw('UNIQUE');
    expect(() => table.append(receipt(2, 7, 1))).to.throw('UNIQUE');
    expect(table.head().size).to.equal(1);
    db.close();
  });

  it('only grows, whoever asks the database otherwise', () => {
    const db = openDatabase(':memory:');
    const table = receiptTables(db);
    table.append(receipt(1, 7, 1));
    table.addAnchor({ size: 1, root: id(1), task: 'receipts 1' });
    expect(() => db.run('DELETE FROM receipt')).to.throw('only grows');
    expect(() => db.run('UPDATE receipt SET inner = ?', id(5))).to.throw('only grows');
    expect(() => db.run('DELETE FROM receipt_anchor')).to.throw('only grows');
    expect(table.leaves(1, 10).length).to.equal(1);
    db.close();
  });

  it('knows which anchors the chain has, and which one covers a place', () => {
    const db = openDatabase(':memory:');
    const table = receiptTables(db);
    for (const size of [2, 5, 9])
      table.addAnchor({ size, root: id(size), task: `receipts ${size}` });
    const anchored = (place = 1) =>
      table.anchorsCovering(place).filter(({ block }) => block !== undefined);
    expect(anchored()).to.deep.equal([]);
    expect(anchored(1)[0]).to.equal(undefined);
    table.setAnchored(5, 70);
    table.setAnchored(2, 60);
    expect(anchored().map(({ size, block }) => [size, block])).to.deep.equal([
      [2, 60],
      [5, 70],
    ]);
    expect(anchored(2)[0]?.block).to.equal(60);
    expect(anchored(3)[0]?.block).to.equal(70);
    expect(anchored(6)[0]).to.equal(undefined);
    expect(table.lastAnchor()?.size).to.equal(9);
    expect(table.anchorsCovering(1)[0]).to.include({ size: 2, task: 'receipts 2' });
    expect(table.pendingAnchors()).to.deep.equal([{ size: 9, root: id(9), task: 'receipts 9' }]);
    db.close();
  });

  it('keeps the newest state of each access', () => {
    const db = openDatabase(':memory:');
    const table = receiptTables(db);
    table.putAccess(id(1), { state: 'anchoring' });
    table.putAccess(id(2), { state: 'anchoring' });
    table.putAccess(id(3), { state: 'released' });
    table.putAccess(id(1), { state: 'anchoring' });
    expect([1, 2, 3].filter((n) => table.accessOf(id(n))?.state === 'anchoring')).to.deep.equal([
      1, 2,
    ]);
    table.putAccess(id(1), { state: 'released' });
    expect(table.accessOf(id(1))).to.deep.equal({ state: 'released' });
    expect(table.accessOf(id(9))).to.equal(undefined);
    expect(table.accessOf(id(2))).to.deep.equal({ state: 'anchoring' });
    db.close();
  });
});
