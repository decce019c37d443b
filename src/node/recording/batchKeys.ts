import { sealWrap } from '../../crypto/wrap.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { ScopeEntry } from '../../wire/scopePackage.ts';
import type { Components } from '../components.ts';
import { keyIdOf, publicKeyOf } from '../holding/patients.ts';

/** One secret and one wrap for all records of a patient and category that are sealed between two storage requests. */
export interface BatchKey {
  /** 32 bytes; every record's own key follows from it and from the record's salt. */
  readonly batchSecret: Uint8Array;
  /** The block that holds the secret, sealed to the scope key. */
  readonly wrap: Uint8Array;
}

/** By node and scope key; in memory alone, so that a restart begins new ones. */
const open = new WeakMap<object, Map<Hex, BatchKey>>();

/** @throws as `sealWrap` */
export async function batchKeyOf(c: Components, scopeKey: ScopeEntry): Promise<BatchKey> {
  const keys = open.get(c.author) ?? new Map<Hex, BatchKey>();
  open.set(c.author, keys);
  const scopeKeyId = keyIdOf(scopeKey);
  const known = keys.get(scopeKeyId);
  if (known !== undefined) return known;
  const batchSecret = c.random(32);
  const origin = { author: c.self.nodeId, networkId: c.self.network.networkId };
  const key = {
    batchSecret,
    wrap: await sealWrap(batchSecret, publicKeyOf(scopeKey), origin, c.random),
  };
  keys.set(scopeKeyId, key);
  return key;
}

/** What is sealed from now on is of another batch. */
export const endBatchKeys = (c: Components): void => {
  open.delete(c.author);
};
