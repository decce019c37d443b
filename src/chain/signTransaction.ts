import { computeAddress, getBytes, Signature, SigningKey, Transaction } from 'ethers';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import type { Attempt, Fee } from './transactionTable.ts';

/** A node's key for the chain. `sign` takes a 32-byte digest and gives 65 bytes r ‖ s ‖ v, low s. */
export interface TransactionSigner {
  /** Lower case. */
  readonly account: Hex;
  readonly sign: (digest: Uint8Array) => Hex;
}

/** A signer with a private key of 32 bytes, as hex. */
export function keySigner(privateKey: Hex): TransactionSigner {
  const key = new SigningKey(privateKey);
  return {
    // ethers writes addresses and signatures as hex with 0x.
    account: computeAddress(key).toLowerCase() as Hex,
    sign: (digest) => key.sign(digest).serialized as Hex,
  };
}

export interface UnsignedTransaction {
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Hex;
  readonly data: Hex;
  readonly gas: number;
  readonly fee: Fee;
}

/** Signs: EIP-1559 or, by the kind of its fee, legacy with the chain id (EIP-155). @throws `WrongSigner` */
export function signTransaction(unsigned: UnsignedTransaction, signer: TransactionSigner) {
  const { chainId, nonce, to, data, gas, fee } = unsigned;
  const fees =
    fee.kind === 'legacy'
      ? { type: 0, gasPrice: fee.gasPrice }
      : { type: 2, maxFeePerGas: fee.maxFee, maxPriorityFeePerGas: fee.tip };
  const transaction = Transaction.from({ chainId, nonce, to, data, gasLimit: gas, ...fees });
  transaction.signature = Signature.from(signer.sign(getBytes(transaction.unsignedHash)));
  if (transaction.from?.toLowerCase() !== signer.account) {
    throw new CarelatticeError(
      'WrongSigner',
      'the signature is not of the account it should be of',
      {
        facts: { account: signer.account },
      },
    );
  }
  // ethers writes both as lower-case hex; both are there once a signature is.
  return { hash: transaction.hash as Hex, raw: transaction.serialized as Hex, fee } satisfies Omit<
    Attempt,
    'block'
  >;
}
