import { expect } from 'chai';
import fc from 'fast-check';
import {
  memoryTransactions,
  type StoredTransaction,
  type TransactionState,
  type TransactionTable,
} from '../../../src/chain/transactionTable.ts';
import { openDatabase } from '../../../src/journal/database.ts';
import { transactionTable } from '../../../src/journal/transactionTable.ts';

const STATES: readonly TransactionState[] = [
  'stored',
  'sent',
  'closing',
  'included',
  'final',
  'reverted',
  'refused',
];

const rowOf = (task: string, nonce: number): StoredTransaction => ({
  task,
  nonce,
  to: '0x00',
  data: '0x01',
  gas: 21_000,
  state: 'stored',
  attempts: [{ hash: '0x02', raw: '0x03', fee: { kind: 'legacy', gasPrice: '0x1' }, block: 1 }],
});

const acts = fc.array(
  fc.oneof(
    fc.record({ act: fc.constant('append' as const), n: fc.nat(9), first: fc.nat(5) }),
    fc.record({
      act: fc.constant('update' as const),
      n: fc.nat(9),
      state: fc.constantFrom(...STATES),
    }),
    fc.record({ act: fc.constant('drop' as const) }),
  ),
  { maxLength: 40 },
);

describe('the transactions of the journal', () => {
  it('are kept as the ones in memory', () => {
    fc.assert(
      fc.property(acts, (all) => {
        const db = openDatabase(':memory:');
        const tables: TransactionTable[] = [transactionTable(db), memoryTransactions()];
        for (const step of all) {
          const [kept, remembered] = tables.map((table): unknown => {
            if (step.act === 'drop') return table.dropUnsent();
            const task = `task ${step.n}`;
            if (step.act === 'append')
              return table.append(task, step.first, (nonce) => rowOf(task, nonce));
            const row = table.byTask(task);
            return row && table.update({ ...row, state: step.state });
          });
          expect(kept).to.deep.equal(remembered);
        }
        const [kept, remembered] = tables.map((table) => ({
          open: table.open(),
          last: table.lastNonce(),
          tasks: Array.from({ length: 10 }, (_, n) => table.byTask(`task ${n}`)),
        }));
        expect(kept).to.deep.equal(remembered);
        db.close();
      }),
      { numRuns: 80 },
    );
  });

  it('take no nonce when the signing fails', () => {
    const db = openDatabase(':memory:');
    const table = transactionTable(db);
    const work = (): unknown =>
      table.append('task', 7, () => {
        throw new Error('no key');
      });
    expect(work).to.throw('no key');
    expect(table.lastNonce()).to.equal(undefined);
    expect(table.append('task', 7, (nonce) => rowOf('task', nonce)).nonce).to.equal(7);
    db.close();
  });
});
