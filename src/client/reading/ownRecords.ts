import { recordKeyOf, scopeKeyIdOf } from '../../crypto/derivations.ts';
import { deriveKemKeyPair, type KemKeyPair } from '../../crypto/hpkeSealing.ts';
import { openRecordBytes } from '../../crypto/openRecord.ts';
import { openWrap } from '../../crypto/wrap.ts';
import { accountIn, type KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, ZERO_32 } from '../../hash/bytes.ts';
import { MessageType } from '../../wire/envelope.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import {
  type OwnRecord,
  type PatientRecordsAnswer,
  patientRecordsAnswer,
} from '../../wire/readMessages.ts';
import { encodeRecordHeader } from '../../wire/recordHeader.ts';
import { decodeWrapBlock } from '../../wire/wrapBlock.ts';
import { ask, type ClientTransport } from '../ask.ts';
import { fetchAll, type GatewayWay, ticketGateway } from './gatewayTicket.ts';
import { inboxToken, patientFetch, type TokenClock } from '../inbox/inboxToken.ts';
import type { ReadRecord } from './readRecords.ts';
import { handleIn, scopeSeed, type Wallet, type WalletNetwork } from '../wallet/wallet.ts';

/** The patient's own door: all her records at a node, opened with her own keys. No receipt is needed, no node may refuse. */

export interface OwnDoor extends TokenClock {
  readonly transport: ClientTransport;
  readonly gateway: GatewayWay;
  readonly nodes: ReadonlyMap<Hex, KnownNode>;
  readonly categories: readonly string[];
}

/** A record of hers with what proves it to others, once she shows it. */
export interface OwnReadRecord extends ReadRecord {
  readonly proof: {
    readonly listed: OwnRecord;
    /** Of this record alone, 32 bytes. */
    readonly recordKey: Uint8Array;
    /** The clear header, 137 bytes. */
    readonly header: Uint8Array;
    /** Of `message`, by the author's node. */
    readonly signature: Hex;
  };
}

const PAGE = 200;

/** Her records at this node, newest first, a page at a time. @throws `Unauthorized`, and what opening a record throws */
export async function* ownRecords(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  door: OwnDoor,
): AsyncGenerator<OwnReadRecord> {
  const keys = scopeKeys(wallet, network, door.categories);
  for await (const page of ownList(wallet, network, node, door)) {
    const gateway = ticketGateway(door.gateway, node, () => ({
      kind: 'patient',
      ...patientFetch(wallet, network, node.nodeId, ZERO_32, door),
    }));
    const objects = await fetchAll(
      gateway,
      page.map((record) => ({
        owner: record.anchor,
        cid: record.recordCid,
        size: record.recordSize,
      })),
    );
    const wraps = await fetchAll(
      gateway,
      page.map((record) => ({ owner: record.anchor, cid: record.wrapCid, size: record.wrapSize })),
    );
    for (const [index, record] of page.entries()) {
      const [object, wrap] = [objects[index], wraps[index]];
      if (object === undefined || wrap === undefined) continue; // fetchAll gives one for each, or throws
      const keyPair = await keys(record, decodeWrapBlock(wrap).scopeKeyId);
      yield await opened(network, door, record, keyPair, object, wrap);
    }
  }
}

/** The list alone, as the node holds it. */
export async function* ownList(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  door: ListDoor,
): AsyncGenerator<OwnRecord[]> {
  let after: Hex | undefined;
  for (;;) {
    const { records } = await listPage(wallet, network, node, door, { after, limit: PAGE });
    if (records.length > 0) yield records;
    if (records.length < PAGE) return;
    after = records.at(-1)?.anchor;
  }
}

/** How long the node knows her history to be by handle, and what of it is erased or still on its way. */
export async function ownHistories(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  door: ListDoor,
): Promise<Omit<PatientRecordsAnswer, 'records'>> {
  const { histories, absent } = await listPage(wallet, network, node, door, { limit: 1 });
  return { histories, absent };
}

type ListDoor = Pick<OwnDoor, 'transport' | 'now' | 'random'>;

async function listPage(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  door: ListDoor,
  page: { readonly after?: Hex | undefined; readonly limit: number },
): Promise<PatientRecordsAnswer> {
  const token = inboxToken(wallet, network, node.nodeId, door);
  const body = encodeMessage({ token, ...page });
  const { networkId } = network;
  return decodeMessage(
    patientRecordsAnswer,
    await ask(door.transport, networkId, node, MessageType.PatientRecords, body),
  );
}

/** Her key pair behind a record, of whatever epoch. @throws `NotHerKey` */
function scopeKeys(wallet: Wallet, network: WalletNetwork, categories: readonly string[]) {
  const known = new Map<Hex, Promise<KemKeyPair>>();
  async function pairs(handle: Hex): Promise<void> {
    const category = categories.find((one) => handleIn(wallet, network, one) === handle);
    if (category === undefined) return;
    for (let epoch = network.epochs[category] ?? 0; epoch >= 0; epoch--) {
      const pair = await deriveKemKeyPair(
        HYBRID_SUITE,
        scopeSeed(wallet, network, category, epoch),
      );
      known.set(scopeKeyIdOf(pair.publicKey), Promise.resolve(pair));
    }
  }
  // A wrap may be sealed anew to a later key than the record names.
  return async ({ handle, recordId }: OwnRecord, scopeKeyId: Hex): Promise<KemKeyPair> => {
    if (!known.has(scopeKeyId)) await pairs(handle);
    const pair = known.get(scopeKeyId);
    if (pair !== undefined) return pair;
    throw new CarelatticeError('NotHerKey', 'the record was sealed to no key of this patient', {
      facts: { recordId },
    });
  };
}

async function opened(
  { federationId, networkId, chainId }: WalletNetwork,
  { nodes }: OwnDoor,
  record: OwnRecord,
  keyPair: KemKeyPair,
  object: Uint8Array,
  wrap: Uint8Array,
): Promise<OwnReadRecord> {
  const author = nodes.get(record.author);
  const origin = { networkId, author: record.author };
  const { recordId, recordSalt } = record;
  const recordKey = recordKeyOf(await openWrap(wrap, keyPair, origin), recordId, recordSalt);
  const { message, signature, header, plaintext } = await openRecordBytes(object, {
    ...record,
    federationId,
    key: { recordKey },
    origin: { ...origin, chainId: BigInt(chainId) },
    signingAccountOf: (keyEpoch) => author && accountIn(author, keyEpoch),
  });
  const proof = { listed: record, recordKey, header: encodeRecordHeader(header), signature };
  return { anchor: record.anchor, recordId, message, body: plaintext, proof };
}
