import { expect } from 'chai';
import fc from 'fast-check';
import { createMemoryOutbox, createMemorySeenIds } from '../../../src/courier/memoryOutbox.ts';
import type { Outbox, OutboxEntry, SeenIds } from '../../../src/courier/ports.ts';
import { type Hex, toHex, uint } from '../../../src/hash/bytes.ts';
import { outboxTable, seenTable, undelivered } from '../../../src/journal/courierTables.ts';
import { openDatabase } from '../../../src/journal/database.ts';

const id = (n: number): Hex => toHex(uint(n, 16));
const node = (n: number): Hex => toHex(uint(n, 32));

const entry = (n: number, nextAt: number): OutboxEntry => ({
  correlationId: id(n),
  recipient: node(n % 3),
  messageType: 20 + (n % 3),
  envelope: uint(n, 8),
  attempts: 0,
  nextAt,
});

const acts = fc.array(
  fc.record({
    act: fc.constantFrom('add', 'acknowledged', 'failed', 'refused'),
    n: fc.nat(9),
    at: fc.nat(100),
  }),
  { maxLength: 40 },
);

describe('the outbox of the journal', () => {
  it('does what the one in memory does', () => {
    fc.assert(
      fc.property(acts, fc.nat(110), fc.nat(12), (all, now, limit) => {
        const db = openDatabase(':memory:');
        const boxes: Outbox[] = [outboxTable(db), createMemoryOutbox()];
        const added = new Set<number>();
        for (const { act, n, at } of all) {
          if (act === 'add' && added.has(n)) continue; // an id is random: it comes once
          if (act === 'add') added.add(n);
          for (const box of boxes) {
            if (act === 'add') box.add(entry(n, at));
            if (act === 'acknowledged') box.acknowledged(id(n));
            if (act === 'failed') box.failed(id(n), at, at, 'PeerUnreachable');
            if (act === 'refused') box.refused(id(n), 'MessageExpired');
          }
        }
        const [kept, remembered] = boxes.map((box) =>
          box.due(now, limit).map(({ correlationId, recipient, messageType, ...rest }) => {
            const { envelope, attempts, nextAt } = rest;
            return { correlationId, recipient, messageType, envelope, attempts, nextAt };
          }),
        );
        expect(kept).to.deep.equal(remembered);
        db.close();
      }),
      { numRuns: 60 },
    );
  });

  it('keeps what was refused in sight', () => {
    const db = openDatabase(':memory:');
    const box = outboxTable(db);
    box.add(entry(1, 0));
    box.refused(id(1), 'MessageExpired');
    expect(box.due(100, 10)).to.deep.equal([]);
    expect(undelivered(db)).to.deep.equal([
      { recipient: node(1), type: 21, reason: 'MessageExpired' },
    ]);
    db.close();
  });

  it('forgets an entry whose transaction fails', () => {
    const db = openDatabase(':memory:');
    const box = outboxTable(db);
    const work = (): void =>
      db.transaction(() => {
        box.add(entry(1, 0));
        throw new Error('stopped');
      });
    expect(work).to.throw('stopped');
    expect(box.due(100, 10)).to.deep.equal([]);
    db.close();
  });
});

describe('the seen ids of the journal', () => {
  it('do what the ones in memory do, as long as they must be kept', () => {
    const taken = fc.array(fc.record({ n: fc.nat(6), sender: fc.nat(1), answer: fc.boolean() }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(taken, (all) => {
        const db = openDatabase(':memory:');
        const tables: SeenIds[] = [seenTable(db, () => 100), createMemorySeenIds(() => 100)];
        for (const { n, sender, answer } of all) {
          const given = answer ? uint(n, 4) : undefined;
          const [kept, remembered] = tables.map((table) => [
            table.remember(id(n), node(sender), 200, given),
            table.find(id(n), node(sender)),
            table.find(id(n), node(5)),
          ]);
          expect(kept).to.deep.equal(remembered);
        }
        db.close();
      }),
      { numRuns: 40 },
    );
  });

  it('are forgotten when their messages have expired', () => {
    const db = openDatabase(':memory:');
    let now = 100;
    const seen = seenTable(db, () => now);
    expect(seen.remember(id(1), node(1), 150)).to.equal('new');
    now = 200;
    expect(seen.remember(id(2), node(1), 250)).to.equal('new');
    expect(seen.find(id(1), node(1))).to.equal(undefined);
    expect(seen.find(id(2), node(1))).to.deep.equal({});
    db.close();
  });
});
