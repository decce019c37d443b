import type { Hex } from '../hash/bytes.ts';
import type { WireAccessReceipt, WireReadRequest } from './readMessages.ts';
import { typedDigest } from './typedData.ts';

/** What is signed of the messages of reading, from the bodies that travel: 32 bytes each. */

/** The network that a signature is for. */
export interface SignedPlace {
  readonly federationId: Hex;
  readonly networkId: Hex;
  readonly chainId: number;
}

const placed = ({ networkId, chainId }: SignedPlace) => ({ networkId, chainId: BigInt(chainId) });

/** By the reader. */
export const readRequestDigest = (place: SignedPlace, request: WireReadRequest): Uint8Array =>
  typedDigest('ReadRequest', place.federationId, {
    ...request,
    ...placed(place),
    expiry: BigInt(request.expiry),
    nonce: BigInt(request.nonce),
  });

/** By the holder. */
export const accessReceiptDigest = (place: SignedPlace, receipt: WireAccessReceipt): Uint8Array =>
  typedDigest('AccessReceipt', place.federationId, {
    ...receipt,
    ...placed(place),
    n: BigInt(receipt.n),
    blockNumber: BigInt(receipt.blockNumber),
  });

/** What a reader's ticket for a gateway says. */
export interface ReaderFetch {
  readonly reader: Hex;
  readonly gateway: Hex;
  readonly requestDigest: Hex;
  readonly expiry: number;
  /** Decimal. */
  readonly nonce: string;
}

/** By the reader, for one gateway. */
export const readerFetchDigest = (place: SignedPlace, fetch: ReaderFetch): Uint8Array =>
  typedDigest('ReaderFetch', place.federationId, {
    ...placed(place),
    reader: fetch.reader,
    gateway: fetch.gateway,
    requestDigest: fetch.requestDigest,
    expiry: BigInt(fetch.expiry),
    nonce: BigInt(fetch.nonce),
  });
