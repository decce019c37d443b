import { scopeKeyIdOf } from '../../crypto/derivations.ts';
import { openWrap, sealWrap } from '../../crypto/wrap.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { HeldRecord } from '../../journal/holdingTables.ts';
import { collect } from '../../store/byteStream.ts';
import type { Components } from '../components.ts';
import { keyPairOf, packageOf, publicKeyOf } from './patients.ts';

/**
 * Seals the secrets of a patient's records to her newest scope keys. The records and their CIDs stay, and so does the
 * wrap that their lists name: other holders ask for it. The new one lies beside it, for her.
 */

/** What sealing anew needs of a node. */
type Keeper = Pick<Components, 'self' | 'holding' | 'store' | 'db'>;

export interface Rewrapped {
  /** Records that were sealed anew now. */
  readonly done: number;
  /** Records that are still to be. */
  readonly left: number;
}

/** Up to `most` records. What this node was given no key to stays as it is. @throws as `openWrap`, `sealWrap` */
export async function rewrapHeld(c: Keeper, patientId: Hex, most: number): Promise<Rewrapped> {
  const patient = c.holding.patient(patientId);
  const scopes = patient === undefined ? [] : packageOf(c, patient).scopes;
  const due = heldOf(c, patientId).flatMap((record) => {
    const ofHandle = scopes.filter(({ handle }) => handle === record.handle);
    const [newest] = ofHandle;
    const old = ofHandle.find((scope) => scopeKeyIdOf(publicKeyOf(scope)) === record.scopeKeyId);
    if (newest === undefined || old?.privateSeed === undefined || old === newest) return [];
    const scopeKeyId = scopeKeyIdOf(publicKeyOf(newest));
    return record.rewrap?.scopeKeyId === scopeKeyId ? [] : [{ record, old, newest, scopeKeyId }];
  });
  const now = due.slice(0, most);
  // Records of one category and batch share their wrap: it is opened and sealed once.
  const blocks = new Map<string, Uint8Array>();
  const items: { owner: Hex; source: Uint8Array }[] = [];
  for (const { record, old, newest } of now) {
    const origin = { author: record.author, networkId: c.self.network.networkId };
    let block = blocks.get(record.wrapCid);
    if (block === undefined) {
      const secret = await openWrap(await wrapOf(c, record), await keyPairOf(old), origin);
      block = await sealWrap(secret, publicKeyOf(newest), origin);
      blocks.set(record.wrapCid, block);
    }
    items.push({ owner: record.anchor, source: block });
  }
  const stored = await c.store.putMany(items);
  c.db.transaction(() => {
    for (const [index, { record, scopeKeyId }] of now.entries()) {
      const wrap = stored[index];
      // Read again: it may have been erased meanwhile.
      const present = c.holding.held(record.anchor);
      if (wrap !== undefined && present?.state === 'held')
        c.holding.updateHeld({ ...present, rewrap: { ...wrap, scopeKeyId } });
    }
  });
  return { done: now.length, left: due.length - now.length };
}

const PAGE = 1000;

function heldOf(c: Keeper, patientId: Hex): HeldRecord[] {
  const all: HeldRecord[] = [];
  for (;;) {
    const page = c.holding.page(patientId, PAGE, all.at(-1)?.anchor);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

const wrapOf = (c: Keeper, { wrapCid, wrapSize }: HeldRecord): Promise<Uint8Array> =>
  collect(
    c.store.get(wrapCid, wrapSize),
    wrapSize,
    () => new CarelatticeError('ContentCorrupt', 'the wrap is longer than its list says'),
  );
