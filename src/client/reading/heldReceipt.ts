import { recoverAccount } from '../../crypto/signatures.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import {
  type AnchoredLog,
  type LogVerdict,
  mayWait,
  type ShownReceipt,
} from '../../domain/receiptLog.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import { consentDigest, showsOwnScope } from '../../wire/consent.ts';
import type { ShownReceiptFile } from '../../wire/receiptFile.ts';
import { type AccessReceipt, typedDigest } from '../../wire/typedData.ts';

/** A receipt that a reader shows, held against the log of the node that signed it. */

/** Whose records, and where. */
export interface ReceiptPlace {
  readonly federationId: Hex;
  readonly networkId: Hex;
  readonly chainId: number;
  readonly patientId: Hex;
}

/**
 * That a receipt was given over records of this patient. Numbers count for each patient anew: the receipt of another one
 * would look like a second one of hers.
 * @throws `NotHerReceipt`
 */
export function requireHers(place: ReceiptPlace, { receipt, shown }: ShownReceiptFile): void {
  const { own } = shown.consent;
  const isHers =
    receipt.networkId === place.networkId &&
    receipt.chainId === BigInt(place.chainId) &&
    receipt.basis === consentDigest(place.federationId, shown.consent) &&
    showsOwnScope(shown.consent) &&
    own.networkId === place.networkId &&
    own.patientId === place.patientId;
  if (isHers) return;
  throw new CarelatticeError(
    'NotHerReceipt',
    'the receipt was not given over records of this patient in this network; take one of hers',
    { facts: { network: receipt.networkId, patient: own.patientId, basis: receipt.basis } },
  );
}

/** That the node that it names signed it, with one of these accounts. @throws `ReceiptForged` */
export function requireSigned(
  { federationId }: Pick<ReceiptPlace, 'federationId'>,
  { receipt, signature }: ShownReceipt,
  accounts: readonly (Hex | undefined)[],
  { name }: Pick<KnownNode, 'name'>,
): void {
  const signer = recoverAccount(typedDigest('AccessReceipt', federationId, receipt), signature);
  if (signer !== undefined && accounts.includes(signer)) return;
  throw new CarelatticeError(
    'ReceiptForged',
    'the node that it names never signed this receipt: it says nothing of that node',
    { facts: { holder: name } },
  );
}

/** How a receipt fares in a log. */
export type Held =
  /** Under a root that the node anchored. */
  | 'stands'
  /** The node shows it behind its newest anchor. */
  | 'waiting'
  /** The newest root that is known is older than the receipt. */
  | 'later'
  | 'missing';

export interface HeldAgainst {
  readonly federationId: Hex;
  readonly verdict: LogVerdict;
  /** What the node shows as hers, proven or not. */
  readonly openings: readonly Pick<ShownReceipt, 'receipt'>[];
  readonly anchored: readonly AnchoredLog[];
}

export function heldIn(
  { federationId, verdict, openings, anchored }: HeldAgainst,
  { receipt }: Pick<ShownReceipt, 'receipt'>,
): Held {
  const digestOf = (one: AccessReceipt): Hex =>
    toHex(typedDigest('AccessReceipt', federationId, one));
  const digest = digestOf(receipt);
  const isIt = (one: Pick<ShownReceipt, 'receipt'>): boolean => digestOf(one.receipt) === digest;
  if (verdict.receipts.some(isIt)) return 'stands';
  if (openings.some(isIt) && mayWait(receipt, anchored)) return 'waiting';
  return anchored.some(({ block }) => BigInt(block) >= receipt.blockNumber) ? 'missing' : 'later';
}

/** In a sentence. */
export function heldText(
  held: Held,
  { n, blockNumber }: ShownReceiptFile['receipt'],
  reader: string,
  holder: string,
): string {
  const it = `Receipt ${n} that ${reader} has`;
  switch (held) {
    case 'stands':
      return `${it} stands in the log of ${holder}, under a root on the chain.`;
    case 'waiting':
      return `${it} is shown by ${holder} without a root on the chain yet. Look again later.`;
    case 'later':
      return `${it} was given at block ${blockNumber}, after the newest root of ${holder} that is known here. Look again later.`;
    case 'missing':
      return `${it}, signed by ${holder} at block ${blockNumber}, DOES NOT STAND IN ITS LOG. Keep both; they are evidence.`;
  }
}
