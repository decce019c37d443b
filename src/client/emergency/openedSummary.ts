import { scopeKeyIdOf } from '../../crypto/derivations.ts';
import type { KemKeyPair } from '../../crypto/hpkeSealing.ts';
import { openRecordBytes } from '../../crypto/openRecord.ts';
import { openWrap } from '../../crypto/wrap.ts';
import { accountIn, type KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import type { GatewayTicket, OwnRecord } from '../../wire/readMessages.ts';
import { fetchAll, ticketGateway } from '../reading/gatewayTicket.ts';
import type { ReadRecord } from '../reading/readRecords.ts';
import type { Reader, ReaderNetwork } from '../reading/requestRecords.ts';

/**
 * The newest summary that the custodians' key opens, fetched from its holder with the wrap.
 * @throws `NoSummary`, `ContentNotFound` after the emergency's end, and as `openWrap`, `openRecordBytes`
 */
export async function openedSummary(
  records: readonly OwnRecord[],
  keyPair: KemKeyPair,
  holder: KnownNode,
  { nodes, gateway: way, network }: ReaderNetwork & { readonly network: Reader['network'] },
  ticket: () => Promise<GatewayTicket>,
): Promise<ReadRecord> {
  const keyId = scopeKeyIdOf(keyPair.publicKey);
  const record = records.find(({ scopeKeyId }) => scopeKeyId === keyId);
  if (record === undefined)
    throw new CarelatticeError(
      'NoSummary',
      "the holder has no summary under the key of this card; ask the patient's hospital",
    );
  const { anchor: owner, recordCid, recordSize, wrapCid, wrapSize } = record;
  const contents = [
    { owner, cid: recordCid, size: recordSize },
    { owner, cid: wrapCid, size: wrapSize },
  ];
  const got: Uint8Array[] = [];
  for (const content of contents) {
    const shown = await ticket();
    got.push(
      ...(await fetchAll(
        ticketGateway(way, holder, () => shown),
        [content],
      )),
    );
  }
  const [object, wrap] = got;
  if (object === undefined || wrap === undefined) throw new Error('fetchAll gives each, or throws');
  const { federationId, networkId, chainId } = network;
  const author = nodes.get(record.author);
  const origin = { networkId, author: record.author };
  const { message, plaintext } = await openRecordBytes(object, {
    ...record,
    federationId,
    key: { batchSecret: await openWrap(wrap, keyPair, origin) },
    origin: { ...origin, chainId: BigInt(chainId) },
    signingAccountOf: (keyEpoch) => author && accountIn(author, keyEpoch),
  });
  return { anchor: owner, recordId: record.recordId, message, body: plaintext };
}
