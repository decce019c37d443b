import { openRecord, type OpenedRecord } from '../../crypto/openRecord.ts';
import { openAtRest, sealAtRest } from '../../crypto/atRest.ts';
import { openWrap } from '../../crypto/wrap.ts';
import { recordKeyOf } from '../../crypto/derivations.ts';
import { CarelatticeError } from '../../errors.ts';
import { fromHex } from '../../hash/bytes.ts';
import { hkdf } from '../../hash/labelled.ts';
import type { HeldRecord } from '../../journal/holdingTables.ts';
import { collect } from '../../store/byteStream.ts';
import type { ScopeEntry } from '../../wire/scopePackage.ts';
import type { Components } from '../components.ts';
import { accountIn } from '../../domain/knownNode.ts';
import {
  decodeHeldContent,
  encodeHeldContent,
  type HeldContent,
  keyOfHeldContent,
} from './heldContent.ts';
import { keyIdOf, keyPairOf, packageOf } from './patients.ts';

const PURPOSE = 'held-content';

/** Opening a held record with the scope key that the patient gave this node. */

/** The scope key behind a record, of whatever epoch, else the newest of its category. */
function scopeKeyOf(c: Components, record: HeldRecord): ScopeEntry | undefined {
  const patient = c.holding.patient(record.patientId);
  if (patient === undefined) return undefined;
  const keys = packageOf(c, patient).scopes.filter(({ handle }) => handle === record.handle);
  return keys.find((key) => keyIdOf(key) === record.scopeKeyId) ?? keys[0];
}

/** Batch secrets on the way to several records: those of one patient, category and batch share their wrap. */
export type BatchSecrets = Map<string, Promise<Uint8Array>>;

/** The content key of one record, from the wrap and the scope key. @throws as `openHeld` */
async function contentKeyOf(
  c: Components,
  record: HeldRecord,
  scopeKey: ScopeEntry | undefined,
  secrets: BatchSecrets,
): Promise<Uint8Array> {
  if (record.state === 'erased')
    throw new CarelatticeError('RecordErased', 'the patient has had this record erased');
  if (scopeKey?.privateSeed === undefined) {
    throw new CarelatticeError('NoScopeKey', 'the patient gave this node no key to this record');
  }
  if (keyIdOf(scopeKey) !== record.scopeKeyId) {
    throw new CarelatticeError(
      'ScopeKeyMismatch',
      "the record was not sealed to the patient's key",
    );
  }
  // By all that opening depends on: a wrap that is one author's opens nothing that another lists.
  const place = [record.wrapCid, record.wrapSize, record.author, record.scopeKeyId].join();
  const secret = secrets.get(place) ?? batchSecretOf(c, record, scopeKey);
  secrets.set(place, secret);
  return recordKeyOf(await secret, record.recordId, record.recordSalt);
}

async function batchSecretOf(
  c: Components,
  record: HeldRecord,
  scopeKey: ScopeEntry,
): Promise<Uint8Array> {
  const { networkId } = c.self.network;
  const wrap = await collect(
    c.store.get(record.wrapCid, record.wrapSize),
    record.wrapSize,
    () => new CarelatticeError('ContentCorrupt', 'the wrap is longer than its list says'),
  );
  return openWrap(wrap, await keyPairOf(scopeKey), { author: record.author, networkId });
}

/**
 * Opens a record after every check of `openRecord`.
 * @throws `RecordErased`, `NoScopeKey`, `ScopeKeyMismatch` and as `openWrap`, `openRecord`
 */
export const openHeld = async (c: Components, record: HeldRecord): Promise<OpenedRecord> =>
  openWithKey(c, record, await contentKeyOf(c, record, scopeKeyOf(c, record), new Map()));

function openWithKey(
  c: Components,
  record: HeldRecord,
  recordKey: Uint8Array,
): Promise<OpenedRecord> {
  const { networkId, chainId, federationId } = c.self.network;
  const author = c.nodes.byId(record.author);
  return openRecord(() => c.store.get(record.recordCid, record.recordSize), {
    ...record,
    federationId,
    key: { recordKey },
    origin: { networkId, chainId: BigInt(chainId), author: record.author },
    signingAccountOf: (keyEpoch) => author && accountIn(author, keyEpoch),
  });
}

/**
 * What the holder of a key knows of a record besides its bytes: what a consent is compared with, and the content key.
 * Undefined when the patient gave this node no key to it, or one of another epoch: this node may have come later, or her
 * step is under way. @throws as `openHeld` when the record is not what its author signed
 */
export async function contentOf(
  c: Components,
  record: HeldRecord,
  secrets: BatchSecrets = new Map(),
): Promise<HeldContent | undefined> {
  const kept = c.holding.content(record.anchor);
  if (kept !== undefined) return decodeHeldContent(openAtRest(restKeyOf(c, record), PURPOSE, kept));
  const scopeKey = scopeKeyOf(c, record);
  if (scopeKey?.privateSeed === undefined || keyIdOf(scopeKey) !== record.scopeKeyId)
    return undefined;
  const recordKey = await contentKeyOf(c, record, scopeKey, secrets);
  const { message, signature } = await openWithKey(c, record, recordKey);
  return { message, signature, recordKey };
}

/** The content key alone, for which nothing else of the record is decoded. Undefined and @throws as `contentOf`. */
export async function keyOf(c: Components, record: HeldRecord): Promise<Uint8Array | undefined> {
  const kept = c.holding.content(record.anchor);
  if (kept === undefined) return (await contentOf(c, record))?.recordKey;
  return keyOfHeldContent(openAtRest(restKeyOf(c, record), PURPOSE, kept));
}

/** For the journal: sealed to this node. */
export const sealedContent = (
  c: Components,
  record: HeldRecord,
  content: HeldContent,
): Uint8Array => sealAtRest(restKeyOf(c, record), PURPOSE, encodeHeldContent(content));

/** From the record's salt too: with that destroyed, a copy of the sealed content in an old page opens no more. */
const restKeyOf = (c: Components, record: HeldRecord): Uint8Array =>
  hkdf(c.self.journalKey, PURPOSE, fromHex(record.recordSalt, 32));
