import { deriveKemKeyPair, openWith } from '../../crypto/hpkeSealing.ts';
import { openRecordBytes } from '../../crypto/openRecord.ts';
import { signDigest } from '../../crypto/signatures.ts';
import { accountIn, type KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import { equalBytes, fromHex, type Hex, toHex, utf8 } from '../../hash/bytes.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import {
  RELEASE_INFO,
  type ReleasedRecord,
  type WireAccessReceipt,
} from '../../wire/readMessages.ts';
import { accessReceiptDigest, readerFetchDigest } from '../../wire/readDigests.ts';
import type { ReadPackage } from '../../wire/readPackage.ts';
import type { RecordMessage } from '../../wire/typedData.ts';
import { fetchAll, ticketGateway } from './gatewayTicket.ts';
import type { TokenClock } from '../inbox/inboxToken.ts';
import {
  type Reader,
  type ReaderNetwork,
  type Released,
  released,
  signedRequest,
} from './requestRecords.ts';

/** What a reader does with a consent: a signed request, the holder's receipt, then records and their keys. */

/** A record that was handed over, opened and checked to its author's signature. */
export interface ReadRecord {
  readonly anchor: Hex;
  readonly recordId: Hex;
  /** What its author signed. */
  readonly message: RecordMessage;
  /** A FHIR bundle, as its media type says. */
  readonly body: Uint8Array;
}

export interface Reading {
  /** The holder's signed receipt: the patient finds the same one in its log. */
  readonly receipt: WireAccessReceipt;
  readonly receiptSignature: Hex;
  readonly records: readonly ReadRecord[];
}

/** A holder grants 100,000 records at most, 1,000 on a page. */
const MOST_PAGES = 100;

/** @param anchors the records wanted; none: all that the consent allows
 * @throws the holder's refusals (`Revoked`, `Expired`, `WrongReader`, `NothingAllowed`, ...), `ReceiptNotAnchored`,
 * `ReceiptForged`, and as `openRecordBytes` */
export async function readRecords(
  reader: Reader,
  shown: ReadPackage,
  purpose: string,
  network: ReaderNetwork,
  anchors: readonly Hex[] = [],
): Promise<Reading> {
  const holder = network.nodes.get(shown.serving);
  if (holder === undefined)
    throw new CarelatticeError('NodeUnknown', 'the package names a node that was never admitted', {
      facts: { serving: shown.serving },
    });
  const asked = await signedRequest(reader, shown, purpose, holder, network, anchors);
  const first = await released(reader, holder, asked, network, 0);
  const pages = [first];
  for (let page = 1; page < Math.min(first.pages, MOST_PAGES); page++)
    pages.push(await released(reader, holder, asked, network, page));
  const records: ReadRecord[] = [];
  for (const page of pages)
    records.push(...(await fetched(reader, holder, asked.digest, page, network)));
  return { receipt: first.receipt, receiptSignature: first.signature, records };
}

async function fetched(
  reader: Reader,
  holder: KnownNode,
  requestDigest: Hex,
  { receipt, records, sealed }: Released,
  network: ReaderNetwork,
): Promise<ReadRecord[]> {
  if (records.length === 0) return [];
  const keys = await contentKeys(reader, receipt, fromHex(sealed), records);
  const gateway = ticketGateway(network.gateway, holder, () =>
    readerTicket(reader, holder, requestDigest, network),
  );
  const contents = records.map(({ anchor, recordCid, recordSize }) => ({
    owner: anchor,
    cid: recordCid,
    size: recordSize,
  }));
  const got = await fetchAll(gateway, contents);
  const opened: ReadRecord[] = [];
  for (const [index, record] of records.entries()) {
    const [object, recordKey] = [got[index], keys[index]];
    if (object === undefined || recordKey === undefined) throw missing(record);
    opened.push(await opening(reader, network, record, recordKey, object));
  }
  return opened;
}

const missing = ({ recordId }: ReleasedRecord): CarelatticeError =>
  new CarelatticeError('ContentNotFound', 'the holder gave a record without its key or block', {
    facts: { recordId },
  });

/** The content keys in the order of the records. @throws `OpeningFailed`, `KeysMismatch` */
export async function contentKeys(
  reader: Reader,
  receipt: WireAccessReceipt,
  sealed: Uint8Array,
  records: readonly ReleasedRecord[],
): Promise<Uint8Array[]> {
  const keyPair = await deriveKemKeyPair(HYBRID_SUITE, reader.kemSeed);
  const context = { info: utf8(RELEASE_INFO), aad: accessReceiptDigest(reader.network, receipt) };
  const plain = await openWith(keyPair, sealed, context);
  return records.map(({ anchor }, index) => {
    const at = index * 64;
    if (!equalBytes(plain.subarray(at, at + 32), fromHex(anchor, 32)))
      throw new CarelatticeError(
        'KeysMismatch',
        'the keys belong to other records than are listed',
      );
    return plain.slice(at + 32, at + 64);
  });
}

async function opening(
  { network: { federationId, networkId, chainId } }: Reader,
  { nodes }: ReaderNetwork,
  record: ReleasedRecord,
  recordKey: Uint8Array,
  object: Uint8Array,
): Promise<ReadRecord> {
  const author = nodes.get(record.author);
  const { message, plaintext } = await openRecordBytes(object, {
    ...record,
    federationId,
    key: { recordKey },
    origin: { networkId, chainId: BigInt(chainId), author: record.author },
    signingAccountOf: (keyEpoch) => author && accountIn(author, keyEpoch),
  });
  return { anchor: record.anchor, recordId: record.recordId, message, body: plaintext };
}

function readerTicket(
  { nodeId: reader, signingKey, network }: Reader,
  { nodeId: gateway }: KnownNode,
  requestDigest: Hex,
  { now, random }: TokenClock,
) {
  const expiry = now() + 300;
  const nonce = BigInt(toHex(random(16))).toString();
  const digest = readerFetchDigest(network, { reader, gateway, requestDigest, expiry, nonce });
  const signature = signDigest(signingKey, digest);
  return { kind: 'reader', reader, requestDigest, expiry, nonce, signature } as const;
}
