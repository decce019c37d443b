import { deriveKemKeyPair } from '../../crypto/hpkeSealing.ts';
import { openRecord, type OpenedRecord } from '../../crypto/openRecord.ts';
import { openWrap } from '../../crypto/wrap.ts';
import { scopeKeyIdOf } from '../../crypto/derivations.ts';
import { CarelatticeError } from '../../errors.ts';
import type { HeldRecord } from '../../journal/holdingTables.ts';
import { collect } from '../../store/byteStream.ts';
import type { ScopeEntry } from '../../wire/scopePackage.ts';
import type { Components } from '../components.ts';
import { accountIn } from './authorSignature.ts';
import { packageOf, publicKeyOf } from './patients.ts';

/** Opening a held record with the scope key that the patient gave this node. */

/** The scope key behind a record, of whatever epoch, else the newest of its category. */
function scopeKeyOf(c: Components, record: HeldRecord): ScopeEntry | undefined {
  const patient = c.holding.patient(record.patientId);
  if (patient === undefined) return undefined;
  const keys = packageOf(c, patient).scopes.filter(({ handle }) => handle === record.handle);
  return keys.find((key) => scopeKeyIdOf(publicKeyOf(key)) === record.scopeKeyId) ?? keys[0];
}

/**
 * Opens a record after every check of `openRecord`.
 * @throws `NoScopeKey`, `ScopeKeyMismatch` and as `openWrap`, `openRecord`
 */
export async function openHeld(c: Components, record: HeldRecord): Promise<OpenedRecord> {
  const scopeKey = scopeKeyOf(c, record);
  const seed = scopeKey?.privateSeed;
  if (scopeKey === undefined || seed === undefined) {
    throw new CarelatticeError('NoScopeKey', 'the patient gave this node no key to this record');
  }
  if (scopeKeyIdOf(publicKeyOf(scopeKey)) !== record.scopeKeyId) {
    throw new CarelatticeError(
      'ScopeKeyMismatch',
      "the record was not sealed to the patient's key",
    );
  }
  const { networkId, chainId, federationId } = c.self.network;
  const wrap = await collect(
    c.store.get(record.wrapCid, record.wrapSize),
    record.wrapSize,
    () => new CarelatticeError('ContentCorrupt', 'the wrap is longer than its list says'),
  );
  const keyPair = await deriveKemKeyPair(scopeKey.suite, seed);
  const batchSecret = await openWrap(wrap, keyPair, { author: record.author, networkId });
  const author = c.nodes.byId(record.author);
  return openRecord(() => c.store.get(record.recordCid, record.recordSize), {
    ...record,
    federationId,
    key: { batchSecret },
    origin: { networkId, chainId: BigInt(chainId), author: record.author },
    signingAccountOf: (keyEpoch) => author && accountIn(author, keyEpoch),
  });
}

/** Who can open a record checks it to the end before settling; who cannot, has nothing more to check. */
export async function checkOpening(c: Components, record: HeldRecord): Promise<void> {
  const scopeKey = scopeKeyOf(c, record);
  // A key of another epoch: this node may have come later, or the patient's step is under way.
  if (
    scopeKey?.privateSeed === undefined ||
    scopeKeyIdOf(publicKeyOf(scopeKey)) !== record.scopeKeyId
  )
    return;
  await openHeld(c, record);
}
