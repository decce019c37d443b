import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { headOf } from './blocks.ts';
import { broadcast } from './broadcast.ts';
import { bumpedFee, ceilingOf, feeNow } from './fees.ts';
import type { SenderOptions, SettleOutcome } from './senderOptions.ts';
import { signTransaction } from './signTransaction.ts';
import { newest } from './transactionTable.ts';
import type { Attempt, Fee, StoredTransaction } from './transactionTable.ts';

/** Brings stored transactions to the node; every change of a row is stored before the node sees it. */
export interface Dispatch {
  /** Broadcasts the newest attempt of a row, for the first time or again. */
  put(row: StoredTransaction, head: number): Promise<readonly SettleOutcome[]>;
  /** Replaces it at the same nonce with a higher fee. */
  bump(row: StoredTransaction, head: number): Promise<readonly SettleOutcome[]>;
  /** Whether this process has broadcast the newest attempt. */
  readonly isOut: (row: StoredTransaction) => boolean;
}

type Settings = Pick<
  SenderOptions,
  'rpc' | 'chainId' | 'signer' | 'table' | 'feeLimit' | 'reached'
>;

export function createDispatch(settings: Settings): Dispatch {
  const { rpc, chainId, signer, table, feeLimit, reached } = settings;
  // After a restart this is empty, so that everything open goes out once more.
  const out = new Set<Hex>();

  async function put(row: StoredTransaction, head: number): Promise<readonly SettleOutcome[]> {
    let sent = row;
    if (row.state === 'stored') {
      sent = { ...row, state: 'sent', attempts: [{ ...row.attempts[0], block: head }] };
      table.update(sent);
      await reached?.('transaction: marked sent');
    }
    const verdict = await broadcast(rpc, newest(sent).raw);
    await reached?.('transaction: broadcast');
    switch (verdict.kind) {
      case 'accepted':
        out.add(newest(sent).hash);
        return [];
      case 'underpriced':
        return await bump(sent, head);
      case 'noFunds':
        return waiting(sent, noFunds(verdict.error));
      case 'refused':
        return sent.state === 'closing'
          ? waiting(sent, verdict.error)
          : await close(sent, verdict.error, head);
      case 'unclear':
        // A nonce that is used up shows in the receipts; a simulated chain tells of a revert here.
        return waiting(sent, verdict.error);
    }
  }

  async function bump(row: StoredTransaction, head: number): Promise<readonly SettleOutcome[]> {
    const fee = bumpedFee(newest(row).fee, await feeNow(rpc, await headOf(rpc)));
    if (feeLimit !== undefined && ceilingOf(fee) > feeLimit) {
      return waiting(row, feeLimited(ceilingOf(fee), feeLimit));
    }
    const bumped = withAttempt(row, fee, head);
    table.update(bumped);
    const verdict = await broadcast(rpc, newest(bumped).raw);
    if (verdict.kind === 'accepted') out.add(newest(bumped).hash);
    const error = verdict.kind === 'noFunds' ? noFunds(verdict.error) : verdict.error;
    return [
      { kind: 'bumped', row: bumped },
      ...(error === undefined ? [] : waiting(bumped, error)),
    ];
  }

  /** A refused transaction would hold up every later nonce: we send ourselves nothing in its place. */
  async function close(row: StoredTransaction, error: CarelatticeError, head: number) {
    const fee = bumpedFee(newest(row).fee, await feeNow(rpc, await headOf(rpc)));
    const reason = String(error.facts['answer'] ?? error.code);
    const closing = withAttempt({ ...row, state: 'closing', reason }, fee, head);
    table.update(closing);
    const refused: SettleOutcome = { kind: 'refused', row: closing, error };
    return [refused, ...(await put(closing, head))];
  }

  function withAttempt(row: StoredTransaction, fee: Fee, block: number): StoredTransaction {
    const { nonce, to, data, gas } = row;
    const signed =
      row.state === 'closing'
        ? signTransaction(
            { chainId, nonce, to: signer.account, data: '0x', gas: 21_000, fee },
            signer,
          )
        : signTransaction({ chainId, nonce, to, data, gas, fee }, signer);
    const attempt: Attempt = { ...signed, block };
    return { ...row, attempts: [...row.attempts, attempt] };
  }

  const noFunds = (cause: unknown): CarelatticeError =>
    new CarelatticeError('NoFunds', 'the account cannot pay for its transactions; send it funds', {
      facts: { account: signer.account },
      cause,
      retryable: true,
    });

  return {
    put,
    bump,
    isOut: (row) => out.has(newest(row).hash),
  };
}

const waiting = (row: StoredTransaction, error: CarelatticeError): readonly SettleOutcome[] => [
  { kind: 'waiting', row, error },
];

const feeLimited = (wanted: bigint, limit: bigint): CarelatticeError =>
  new CarelatticeError(
    'FeeLimit',
    'the chain asks for more than the fee limit of this node; wait, or raise the limit',
    { facts: { wanted, limit }, retryable: true },
  );
