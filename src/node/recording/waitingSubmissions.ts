import { openAtRest, sealAtRest } from '../../crypto/atRest.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import { waitingTable } from '../../journal/waitingTable.ts';
import type { Components } from '../components.ts';
import type { ReadSubmission } from './readSubmission.ts';
import { type Accepted, submit } from './submit.ts';

/**
 * The patient has stepped a scope key and this node has not got the new one yet: what is handed in for her waits here,
 * visibly, and is sealed as soon as her client has sent the key. Nothing is sealed to a key that she gave up.
 */

export type HandedIn = Accepted | { readonly waiting: string };

const PURPOSE = 'waiting-submission';

/** As `submit`, but waits where only her new key is missing. @throws as `submit` */
export async function handInOrWait(
  c: Components,
  read: ReadSubmission,
  bundle: Uint8Array,
  key: string,
): Promise<HandedIn> {
  try {
    return await submit(c, read, bundle, key);
  } catch (error) {
    if (!hasCode(error, 'ScopeKeyOutdated')) throw error;
    const sealed = sealAtRest(c.self.journalKey, PURPOSE, bundle);
    waitingTable(c.db).add({ key, sealed, reason: error.code, since: c.now() });
    c.log('submission waits', { reason: error.code });
    return { waiting: error.code };
  }
}

/** Tries what waits; says how many were sealed now. What is refused for good is reported and dropped. */
export async function retryWaiting(c: Components, read: ReadSubmission): Promise<number> {
  const table = waitingTable(c.db);
  let done = 0;
  for (const { key, sealed } of table.all()) {
    try {
      await submit(c, read, openAtRest(c.self.journalKey, PURPOSE, sealed), key);
    } catch (error) {
      if (!(error instanceof CarelatticeError) || error.code === 'OpeningFailed') throw error;
      if (error.retryable) continue;
      c.holding.addAlarm('waitingRefused', 0, `${key}: ${error.code}`, c.self.nodeId);
    }
    table.remove(key);
    done += 1;
  }
  return done;
}
