import { kemPublicKeyOf, sealTo } from '../../crypto/hpkeSealing.ts';
import { concat, fromHex, type Hex, toHex, utf8 } from '../../hash/bytes.ts';
import { RELEASE_INFO, type ReleasedRecord } from '../../wire/readMessages.ts';
import type { Components } from '../components.ts';
import { keyOf } from '../holding/openHeld.ts';

/** Content keys of these records and nothing else, sealed to a KEM key and bound to the receipt. */

export interface Release {
  readonly records: ReleasedRecord[];
  /** HPKE: anchor ‖ content key of each record. */
  readonly sealed: Hex;
}

/** Records that were erased or lost since are left out. @param digest of the receipt, 32 bytes */
export async function releaseKeys(
  c: Components,
  anchors: readonly Hex[],
  kemKey: Hex,
  digest: Uint8Array,
): Promise<Release> {
  const records: ReleasedRecord[] = [];
  const keys: Uint8Array[] = [];
  for (const anchor of anchors) {
    const held = c.holding.held(anchor);
    if (held?.state !== 'held') continue;
    const key = await keyOf(c, held);
    if (key === undefined) continue;
    const { recordId, recordSalt, scopeKeyId, recordCid, recordSize, author } = held;
    records.push({ anchor, recordId, recordSalt, scopeKeyId, recordCid, recordSize, author });
    keys.push(fromHex(anchor, 32), key);
  }
  const context = { info: utf8(RELEASE_INFO), aad: digest };
  return { records, sealed: toHex(await sealTo(kemPublicKeyOf(kemKey), concat(...keys), context)) };
}
