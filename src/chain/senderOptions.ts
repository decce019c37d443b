import type { Interface } from 'ethers';
import type { CarelatticeError } from '../errors.ts';
import type { Finality } from './finality.ts';
import type { Rpc } from './rpc.ts';
import type { TransactionSigner } from './signTransaction.ts';
import type { Inclusion, StoredTransaction, TransactionTable } from './transactionTable.ts';

/** What happened to a transaction since the last call of `settle`. */
export type SettleOutcome =
  | { readonly kind: 'included' | 'final' | 'bumped'; readonly row: StoredTransaction }
  /** The block of `inclusion` left the chain; the same bytes go out again. */
  | {
      readonly kind: 'vanished';
      readonly row: StoredTransaction;
      readonly inclusion: Inclusion;
    }
  /** It stands in a final block and changed nothing. `error` is `Reverted` with the contract's error. */
  | { readonly kind: 'reverted'; readonly row: StoredTransaction; readonly error: CarelatticeError }
  /** No node will take it; its nonce is being closed. */
  | { readonly kind: 'refused'; readonly row: StoredTransaction; readonly error: CarelatticeError }
  /** It cannot go on for now: `NoFunds`, `FeeLimit`, or an answer nobody expected. */
  | { readonly kind: 'waiting'; readonly row: StoredTransaction; readonly error: CarelatticeError };

/** Points at which a test stops the process. */
export type SenderStep =
  | 'transaction: stored'
  | 'transaction: marked sent'
  | 'transaction: broadcast'
  | 'transaction: inclusion stored';

export interface SenderOptions {
  readonly rpc: Rpc;
  readonly chainId: number;
  readonly signer: TransactionSigner;
  readonly table: TransactionTable;
  readonly finality: Finality;
  /** ABIs that explain reverts. */
  readonly abis: readonly Interface[];
  /** Wei per gas above which no replacement goes. Default: no limit. */
  readonly feeLimit?: bigint;
  readonly reached?: (step: SenderStep) => void | Promise<void>;
}
