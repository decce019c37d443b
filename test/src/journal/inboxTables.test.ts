import { expect } from 'chai';
import { type Hex, toHex, uint } from '../../../src/hash/bytes.ts';
import { openDatabase } from '../../../src/journal/database.ts';
import { inboxTables } from '../../../src/journal/inboxTables.ts';

const id = (n: number): Hex => toHex(uint(n, 32));
const item = (n: number, from = 5) => ({
  ...{ patientId: id(1), from: id(from), id: id(n), arrived: n },
  sealed: toHex(uint(n, 4)),
});
const tables = () => inboxTables(openDatabase(':memory:'));

describe("patients' inboxes in the journal", () => {
  it('takes an item once per sender, and gives the oldest first, page by page', () => {
    const journal = tables();
    for (const n of [3, 1, 2]) expect(journal.add(item(n))).to.equal(true);
    expect(journal.add({ ...item(1), sealed: '0xff' })).to.equal(false);
    expect(journal.add(item(1, 6))).to.equal(true);
    expect(journal.items(id(1), 2, 0)).to.deep.equal([item(1), item(1, 6)]);
    expect(journal.items(id(1), 9, 2)).to.deep.equal([item(2), item(3)]);
    expect([journal.count(id(1)), journal.count(id(2))]).to.deep.equal([4, 0]);
    expect(journal.countFrom(id(1), id(6))).to.equal(1);
  });

  it('drops one item of one sender', () => {
    const journal = tables();
    journal.add(item(1));
    journal.add(item(1, 6));
    journal.drop(id(1), id(5), id(1));
    journal.drop(id(2), id(6), id(1));
    expect(journal.items(id(1), 9, 0)).to.deep.equal([item(1, 6)]);
  });

  it('keeps her key and what the chain shows of it apart, whichever comes first', () => {
    const journal = tables();
    expect(journal.key(id(1))).to.deep.equal({});
    journal.putKey(id(1), '0x01');
    expect(journal.key(id(1))).to.deep.equal({ key: '0x01' });
    journal.setKeyHash(id(1), id(7));
    journal.putKey(id(1), '0x02');
    expect(journal.key(id(1))).to.deep.equal({ key: '0x02', hash: id(7) });
    journal.setKeyHash(id(2), id(8));
    expect(journal.key(id(2))).to.deep.equal({ hash: id(8) });
  });

  it('keeps what is still to be sealed', () => {
    const journal = tables();
    const notice = { kind: 'account', at: 1, matter: 'frozen', text: 'x' } as const;
    const due = { id: id(1), patientId: id(2), key: '0x01', notice } as const;
    journal.addDue(due);
    journal.addDue({ ...due, key: '0x02' });
    expect(journal.due(9)).to.deep.equal([due]);
    journal.dropDue(id(1), id(3));
    expect(journal.due(9)).to.have.length(1);
    journal.dropDue(id(1), id(2));
    expect(journal.due(9)).to.deep.equal([]);
  });
});
