import { expect } from 'chai';
import { openDatabase } from '../../../src/journal/database.ts';
import { holdingTables } from '../../../src/journal/holdingTables.ts';
import { takeMarked } from '../../../src/node/role.ts';

describe('a message and the mark that it was taken', () => {
  const message = {
    sender: '0x01',
    type: 40,
    correlationId: '0x02',
    term: 1,
    expiry: 1,
    body: new Uint8Array(),
  } as const;

  it('are kept together', () => {
    const db = openDatabase(':memory:');
    const holding = holdingTables(db);
    let marks = 0;
    const marked = { ...message, remember: () => void marks++ };
    takeMarked({ db }, marked, () => holding.addAlarm('kept', 1, '', '0x01'));
    expect(marks).to.equal(1);
    expect(holding.alarms()).to.have.lengthOf(1);
    db.close();
  });

  it('are both lost when one of them cannot be kept', () => {
    const db = openDatabase(':memory:');
    const holding = holdingTables(db);
    const fails = (): never => {
      throw new Error('the disk is full');
    };
    const keep = (): void => holding.addAlarm('lost', 1, '', '0x01');
    expect(() => takeMarked({ db }, { ...message, remember: fails }, keep)).to.throw('disk');
    const mark = (): void => holding.addAlarm('mark', 1, '', '0x01');
    expect(() => takeMarked({ db }, { ...message, remember: mark }, fails)).to.throw('disk');
    expect(holding.alarms()).to.deep.equal([]);
    db.close();
  });
});
