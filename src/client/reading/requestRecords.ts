import { kemKeyHash } from '../../crypto/derivations.ts';
import { deriveKemKeyPair } from '../../crypto/hpkeSealing.ts';
import { recoverAccount, signDigest } from '../../crypto/signatures.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import { consentDigest } from '../../wire/consent.ts';
import { MessageType } from '../../wire/envelope.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import {
  readAnswer,
  type ReadAnswer,
  type WireAccessReceipt,
  type WireReadRequest,
} from '../../wire/readMessages.ts';
import { encodeReadPackage, type ReadPackage } from '../../wire/readPackage.ts';
import { accessReceiptDigest, readRequestDigest } from '../../wire/readDigests.ts';
import { ask, type ClientTransport } from '../ask.ts';
import type { GatewayWay } from './gatewayTicket.ts';
import type { TokenClock } from '../inbox/inboxToken.ts';
import { until } from '../until.ts';

/** A reader's signed request under a consent, asked until the holder's receipt stands on chain. */

/** A reader's name and keys: an insurer, a researcher, or a node that reads elsewhere. */
export interface Reader {
  readonly nodeId: Hex;
  readonly network: {
    readonly federationId: Hex;
    readonly networkId: Hex;
    readonly chainId: number;
  };
  readonly signingKey: Uint8Array;
  readonly kemSeed: Uint8Array;
}

export interface ReaderNetwork extends TokenClock {
  readonly transport: ClientTransport;
  readonly gateway: GatewayWay;
  /** All nodes by id, as the chain has them. */
  readonly nodes: ReadonlyMap<Hex, KnownNode>;
  /** Passes some time until the holder's receipt may stand on chain. */
  pause(): Promise<void>;
}

/** A request that this reader signed for one holder. */
export interface SignedRequest {
  readonly question: {
    readonly package: Hex;
    readonly request: WireReadRequest;
    readonly signature: Hex;
  };
  readonly digest: Hex;
}

export async function signedRequest(
  reader: Reader,
  shown: ReadPackage,
  purpose: string,
  holder: KnownNode,
  { now, random }: TokenClock,
  anchors: readonly Hex[],
): Promise<SignedRequest> {
  const { federationId } = reader.network;
  const { publicKey } = await deriveKemKeyPair(HYBRID_SUITE, reader.kemSeed);
  const request = {
    holder: holder.nodeId,
    reader: reader.nodeId,
    basis: consentDigest(federationId, shown.consent),
    purpose,
    anchors: [...anchors],
    kemKeyId: kemKeyHash(publicKey),
    expiry: now() + LIFETIME,
    nonce: BigInt(toHex(random(16))).toString(),
  };
  const digest = readRequestDigest(reader.network, request);
  const signature = signDigest(reader.signingKey, digest);
  return {
    question: { package: toHex(encodeReadPackage(shown)), request, signature },
    digest: toHex(digest),
  };
}

/** Seconds of chain time in which the request may be answered. */
const LIFETIME = 900;

export type Released = Extract<ReadAnswer, { state: 'released' }>;

/** One page of what was granted, with its receipt checked. @throws the holder's refusals, `ReceiptNotAnchored`, `ReceiptForged` */
export async function released(
  reader: Reader,
  holder: KnownNode,
  { question, digest: requestDigest }: SignedRequest,
  network: ReaderNetwork,
  page: number,
): Promise<Released> {
  const body = encodeMessage({ ...question, page });
  const { transport } = network;
  const once = async (): Promise<Released | undefined> => {
    const answer = decodeMessage(
      readAnswer,
      await ask(transport, reader.network.networkId, holder, MessageType.ReadRequest, body),
    );
    return answer.state === 'released' ? answer : undefined;
  };
  const answer = await until(network, once, () => notAnchored(holder));
  const { basis } = question.request;
  checkReceipt(reader.network, holder, { reader: reader.nodeId, basis, requestDigest }, answer);
  return answer;
}

export const notAnchored = ({ name }: KnownNode): CarelatticeError =>
  new CarelatticeError(
    'ReceiptNotAnchored',
    "the holder's receipt does not come to stand on the chain; ask again later",
    { facts: { holder: name }, retryable: true },
  );

/** What a receipt has to be for. */
export type ReceiptExpected = Pick<WireAccessReceipt, 'reader' | 'basis' | 'requestDigest'>;

/** A receipt that the patient could not hold against the holder is none. @throws `ReceiptForged` */
export function checkReceipt(
  network: Reader['network'],
  { nodeId, account, name }: KnownNode,
  expected: ReceiptExpected,
  { receipt, signature }: { readonly receipt: WireAccessReceipt; readonly signature: Hex },
): void {
  const signer = recoverAccount(accessReceiptDigest(network, receipt), signature);
  const isForThis =
    receipt.holder === nodeId &&
    receipt.reader === expected.reader &&
    receipt.basis === expected.basis &&
    receipt.requestDigest === expected.requestDigest;
  if (signer === account && isForThis) return;
  throw new CarelatticeError(
    'ReceiptForged',
    'the receipt is not signed by the holder for this request',
    { facts: { holder: name } },
  );
}
