import type { Hex } from '../hash/bytes.ts';

/** Fees in wei per gas, as JSON-RPC quantities so that a journal keeps them as JSON. */
export type Fee =
  | { readonly kind: 'eip1559'; readonly maxFee: Hex; readonly tip: Hex }
  | { readonly kind: 'legacy'; readonly gasPrice: Hex };

/** One signed form of a transaction; a later one replaces it at the same nonce. */
export interface Attempt {
  readonly hash: Hex;
  readonly raw: Hex;
  readonly fee: Fee;
  /** Newest block when it was signed, or first broadcast. */
  readonly block: number;
}

/** In which block an attempt stands. */
export interface Inclusion {
  readonly hash: Hex;
  readonly block: number;
  readonly blockHash: Hex;
  readonly hasSucceeded: boolean;
  readonly gasUsed: number;
}

/**
 * `stored`: never broadcast. `sent`: broadcast, or about to be. `closing`: a node refused it for good, a
 * transfer of nothing to ourselves takes its nonce. `included`: in a block that is not final yet.
 * The last three stay as they are.
 */
export type TransactionState =
  'stored' | 'sent' | 'closing' | 'included' | 'final' | 'reverted' | 'refused';

/** A transaction of one task, as the journal keeps it: plain JSON data. */
export interface StoredTransaction {
  /** What it is for; one task has one transaction, ever. */
  readonly task: string;
  readonly nonce: number;
  readonly to: Hex;
  readonly data: Hex;
  readonly gas: number;
  readonly state: TransactionState;
  /** At least one, oldest first. */
  readonly attempts: readonly [Attempt, ...Attempt[]];
  readonly inclusion?: Inclusion;
  /** Why it was `refused`, or the contract's error with which it `reverted`. */
  readonly reason?: string;
}

/**
 * The transactions of one key on one chain. Every call is synchronous and durable when it returns, so
 * that a role can store a transaction together with what it is for.
 */
export interface TransactionTable {
  byTask(task: string): StoredTransaction | undefined;
  /**
   * The task's row; else, in one database transaction, takes the nonce after the highest one ever taken
   * (`first` for an empty table), lets `sign` make the row and keeps it.
   */
  append(
    task: string,
    first: number,
    sign: (nonce: number) => StoredTransaction,
  ): StoredTransaction;
  /** Keeps the row in place of the one with its nonce. */
  update(row: StoredTransaction): void;
  /** Rows that are neither `final`, `reverted` nor `refused`, by rising nonce. */
  open(): readonly StoredTransaction[];
  lastNonce(): number | undefined;
  /** Deletes the rows from the highest nonce down as long as they are `stored`; returns their tasks. */
  dropUnsent(): readonly string[];
}

/** Whether nothing will change a row in this state any more. */
export const isSettled = (state: TransactionState): boolean =>
  state === 'final' || state === 'reverted' || state === 'refused';

/** The attempt that counts: the last one made. */
export const newest = (row: StoredTransaction): Attempt => row.attempts.at(-1) ?? row.attempts[0];

/** A table in memory, for tests and for programs that send once and end. */
export function memoryTransactions(): TransactionTable {
  const rows: StoredTransaction[] = [];
  const lastNonce = (): number | undefined => rows.at(-1)?.nonce;
  return {
    byTask: (task) => rows.find((row) => row.task === task),
    append(task, first, sign) {
      const known = rows.find((row) => row.task === task);
      if (known !== undefined) return known;
      const row = sign((lastNonce() ?? first - 1) + 1);
      rows.push(row);
      return row;
    },
    update(row) {
      rows[rows.findIndex(({ nonce }) => nonce === row.nonce)] = row;
    },
    open: () => rows.filter(({ state }) => !isSettled(state)),
    lastNonce,
    dropUnsent() {
      const dropped: string[] = [];
      for (let last = rows.at(-1); last?.state === 'stored'; last = rows.at(-1)) {
        dropped.push(last.task);
        rows.pop();
      }
      return dropped;
    },
  };
}
