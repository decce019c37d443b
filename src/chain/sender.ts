import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { headOf } from './blocks.ts';
import type { BlockHeader } from './blocks.ts';
import { createDispatch } from './dispatch.ts';
import { ceilingOf, feeNow } from './fees.ts';
import { finalBlock } from './finality.ts';
import { estimateGas, requireGas, requireSize } from './gas.ts';
import { numberOf } from './quantity.ts';
import { inclusionsOf, isOnChain, revertReason } from './receipts.ts';
import { sendAll } from './rpc.ts';
import { signTransaction } from './signTransaction.ts';
import type { SenderOptions, SettleOutcome } from './senderOptions.ts';
import { newest } from './transactionTable.ts';
import type { Fee, Inclusion, StoredTransaction } from './transactionTable.ts';

/** A transaction ready to be stored: gas and fee are known, the nonce is not. */
export interface PlannedTransaction {
  readonly to: Hex;
  readonly data: Hex;
  readonly gas: number;
  readonly fee: Fee;
  readonly block: number;
  /** The account's first free nonce on the chain. */
  readonly firstNonce: number;
}

/** Gas of a call whose need is known, so that it is not estimated. */
export interface GivenGas {
  readonly gas?: number;
}

/** The one sender of an account on a chain; a second one on the same key is detected and stops both. */
export interface Sender {
  readonly account: Hex;
  /**
   * Estimates gas and fee. @throws `Reverted` with the contract's error, `TransactionTooLarge`,
   * `ForeignNonce`, or an error of the transport
   */
  plan(to: Hex, data: Hex, options?: GivenGas): Promise<PlannedTransaction>;
  /** Signs and stores; synchronous, so that it can share the caller's database transaction. */
  store(task: string, planned: PlannedTransaction): StoredTransaction;
  /**
   * Plans, stores and broadcasts. The same task gives the same transaction, now and after a restart.
   * Once stored it is safe: a broadcast that fails is made good by `settle`. @throws as `plan`
   */
  send(task: string, to: Hex, data: Hex, options?: GivenGas): Promise<StoredTransaction>;
  /**
   * Broadcasts what waits, notes inclusion and finality, replaces what is stuck; call it at every tick.
   * @throws `ForeignNonce` for ever once another sender used the key, or an error of the transport
   */
  settle(): Promise<readonly SettleOutcome[]>;
  receiptOf(task: string): StoredTransaction | undefined;
}

type IncludedTransaction = StoredTransaction & { readonly inclusion: Inclusion };

const WINDOW = 16;
const PATIENCE = 3;
const SIGHTINGS = 3;

export function createSender(options: SenderOptions): Sender {
  const { rpc, chainId, signer, table, finality, abis, reached } = options;
  const account = signer.account;
  const dispatch = createDispatch(options);
  /** How often a nonce was seen used without a receipt of ours. */
  const sightings = new Map<number, number>();
  let lookedUpAt = -1;
  let stopped: CarelatticeError | undefined;
  let tail: Promise<unknown> = Promise.resolve();

  /** One at a time: what a row says when work on it begins is still true when it ends. */
  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = tail.then(work);
    // Whoever asked for the work gets its error; the next in turn begins all the same.
    tail = turn.catch(() => undefined);
    return turn;
  }

  function stop(nonce: number): CarelatticeError {
    stopped = new CarelatticeError(
      'ForeignNonce',
      'another program sends with the key of this node; stop it, then start this node again',
      { facts: { account, nonce } },
    );
    return stopped;
  }

  async function usedNonces(): Promise<number> {
    const answer = await rpc.send('eth_getTransactionCount', [account, 'latest']);
    return numberOf(answer, 'eth_getTransactionCount');
  }

  async function plan(to: Hex, data: Hex, given: GivenGas = {}): Promise<PlannedTransaction> {
    if (stopped !== undefined) throw stopped;
    requireSize(data);
    const gas = given.gas ?? (await estimateGas(rpc, account, to, data, abis));
    requireGas(gas);
    const head = await headOf(rpc);
    const fee = await feeNow(rpc, head);
    const firstNonce = await usedNonces();
    const last = table.lastNonce();
    if (last !== undefined && firstNonce > last + 1) throw stop(last + 1);
    return { to, data, gas, fee, block: head.number, firstNonce };
  }

  function store(task: string, planned: PlannedTransaction): StoredTransaction {
    const { to, data, gas, fee, block, firstNonce } = planned;
    return table.append(task, firstNonce, (nonce) => {
      const attempt = { ...signTransaction({ chainId, nonce, to, data, gas, fee }, signer), block };
      return { task, nonce, to, data, gas, state: 'stored', attempts: [attempt] };
    });
  }

  async function send(task: string, to: Hex, data: Hex, given: GivenGas = {}) {
    const known = table.byTask(task);
    if (known !== undefined) return known;
    const stored = store(task, await plan(to, data, given));
    await reached?.('transaction: stored');
    await exclusive(() => putOne(stored));
    return table.byTask(task) ?? stored;
  }

  async function putOne({ task, attempts }: StoredTransaction): Promise<void> {
    const row = notIncluded()
      .slice(0, WINDOW)
      .find((open) => open.task === task);
    if (row?.state !== 'stored') return;
    try {
      await dispatch.put(row, attempts[0].block);
    } catch (error) {
      // The row is kept: `settle` broadcasts it again, and throws if the fault lasts.
      if (!(error instanceof CarelatticeError && error.retryable)) throw error;
    }
  }

  const notIncluded = () => table.open().filter(({ inclusion }) => inclusion === undefined);

  async function settleOnce(): Promise<readonly SettleOutcome[]> {
    if (stopped !== undefined) throw stopped;
    const rows = table.open();
    if (rows.length === 0) return [];
    const head = await headOf(rpc);
    const used = await usedNonces();
    // Asked after the count: a nonce of ours that it covers has its receipt by now.
    const inclusions = await inclusionsOf(rpc, rows);
    const final = (await finalBlock(rpc, finality))?.number ?? -1;
    const outcomes: SettleOutcome[] = [];
    for (const row of rows) {
      const inclusion = inclusions.get(row.nonce);
      if (inclusion !== undefined) {
        sightings.delete(row.nonce);
        outcomes.push(...(await note(row, inclusion, final)));
      } else if (row.inclusion !== undefined) {
        outcomes.push(vanished({ ...row, inclusion: row.inclusion }));
      } else if (row.nonce < used) {
        sight(row.nonce);
      }
    }
    return [...outcomes, ...(await putAll(head, used))];
  }

  /** Notes where a transaction stands; final only when its block is on the chain and lists it. */
  async function note(row: StoredTransaction, inclusion: Inclusion, final: number) {
    const included: StoredTransaction = {
      ...row,
      state: row.state === 'closing' ? 'closing' : 'included',
      inclusion,
    };
    if (inclusion.block <= final && (await isOnChain(rpc, inclusion))) {
      return [await settled(included, inclusion)];
    }
    if (row.inclusion?.blockHash === inclusion.blockHash) return [];
    table.update(included);
    await reached?.('transaction: inclusion stored');
    return [{ kind: 'included' as const, row: included }];
  }

  async function settled(row: StoredTransaction, inclusion: Inclusion): Promise<SettleOutcome> {
    const { reason, ...sound } = row;
    const isClosed = reason !== undefined && newest(row).hash === inclusion.hash;
    const error =
      isClosed || inclusion.hasSucceeded
        ? undefined
        : await revertReason(rpc, account, row, inclusion, abis);
    const done: StoredTransaction = isClosed
      ? { ...row, state: 'refused' }
      : error === undefined
        ? { ...sound, state: 'final' }
        : { ...sound, state: 'reverted', reason: String(error.facts['error']) };
    table.update(done);
    await reached?.('transaction: inclusion stored');
    return error === undefined
      ? { kind: 'final', row: done }
      : { kind: 'reverted', row: done, error };
  }

  /** Its block left the chain: unless the node's pool has it again, the same bytes go out once more. */
  function vanished(row: IncludedTransaction): SettleOutcome {
    const { inclusion, ...rest } = row;
    const back: StoredTransaction = {
      ...rest,
      state: row.state === 'included' ? 'sent' : row.state,
    };
    table.update(back);
    return { kind: 'vanished', row: back, inclusion };
  }

  /** A nonce that is used without a receipt of ours, seen several times, was used by somebody else. */
  function sight(nonce: number): void {
    const seen = (sightings.get(nonce) ?? 0) + 1;
    sightings.set(nonce, seen);
    if (seen >= SIGHTINGS) throw stop(nonce);
  }

  async function putAll(head: BlockHeader, used: number): Promise<readonly SettleOutcome[]> {
    const rows = notIncluded()
      .filter(({ nonce }) => nonce >= used)
      .slice(0, WINDOW);
    const front = rows[0];
    const hasWaited = (row: StoredTransaction): boolean =>
      row.state !== 'stored' && head.number - newest(row).block >= PATIENCE;
    const isStuck = front !== undefined && hasWaited(front);
    const needed = isStuck ? ceilingOf(await feeNow(rpc, head)) : 0n;
    const lost = await lostFrom(rows, head.number);
    const outcomes: SettleOutcome[] = [];
    for (const row of rows) {
      const isTooCheap = row === front || ceilingOf(newest(row).fee) < needed;
      if (!dispatch.isOut(row) || lost.has(row)) {
        outcomes.push(...(await dispatch.put(row, head.number)));
      } else if (isStuck && isTooCheap && hasWaited(row)) {
        outcomes.push(...(await dispatch.bump(row, head.number)));
      }
    }
    return outcomes;
  }

  /** Once per block: rows whose bytes the node has forgotten, its pool emptied or itself restarted. */
  async function lostFrom(rows: readonly StoredTransaction[], head: number) {
    const out = rows.filter(dispatch.isOut);
    if (head === lookedUpAt || out.length === 0) return new Set<StoredTransaction>();
    lookedUpAt = head;
    const calls = out.map((row) => ({
      method: 'eth_getTransactionByHash',
      params: [newest(row).hash],
    }));
    const answers = await sendAll(rpc, calls);
    return new Set(out.filter((_, index) => answers[index] === null));
  }

  return {
    account,
    plan,
    store,
    send,
    settle: () => exclusive(settleOnce),
    receiptOf: (task) => table.byTask(task),
  };
}
