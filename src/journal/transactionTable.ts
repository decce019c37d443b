import type { StoredTransaction, TransactionTable } from '../chain/transactionTable.ts';
import type { Database } from './database.ts';

/** The transactions of this node's one key: nonce and signed bytes are kept before anything is broadcast. */
export function transactionTable(db: Database): TransactionTable {
  const rowOf = (row: ReturnType<Database['get']>): StoredTransaction | undefined =>
    row && (JSON.parse(String(row['entry'])) as StoredTransaction); // written below
  const lastNonce = (): number | undefined => {
    const nonce = db.get('SELECT MAX(nonce) AS nonce FROM tx')?.['nonce'];
    return nonce === null || nonce === undefined ? undefined : Number(nonce);
  };
  const byTask = (task: string): StoredTransaction | undefined =>
    rowOf(db.get('SELECT entry FROM tx WHERE task = ?', task));
  return {
    byTask,
    append: (task, first, sign) =>
      db.transaction(() => {
        const known = byTask(task);
        if (known !== undefined) return known;
        const row = sign((lastNonce() ?? first - 1) + 1);
        db.run(
          'INSERT INTO tx (nonce, task, state, entry) VALUES (?,?,?,?)',
          row.nonce,
          task,
          row.state,
          JSON.stringify(row),
        );
        return row;
      }),
    update: (row) => {
      db.run(
        'UPDATE tx SET state = ?, entry = ? WHERE nonce = ?',
        row.state,
        JSON.stringify(row),
        row.nonce,
      );
    },
    open: () =>
      db
        .all(
          "SELECT entry FROM tx WHERE state NOT IN ('final','reverted','refused') ORDER BY nonce",
        )
        .flatMap((row) => rowOf(row) ?? []),
    lastNonce,
    dropUnsent: () =>
      db.transaction(() => {
        const dropped: string[] = [];
        for (;;) {
          const last = rowOf(db.get('SELECT entry FROM tx ORDER BY nonce DESC LIMIT 1'));
          if (last?.state !== 'stored') return dropped;
          db.run('DELETE FROM tx WHERE nonce = ?', last.nonce);
          dropped.push(last.task);
        }
      }),
  };
}
