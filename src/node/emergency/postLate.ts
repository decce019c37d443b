import type { Components } from '../components.ts';
import { post } from '../post.ts';
import { isOnChain } from './admitEmergency.ts';
import { emergencyTime } from './chainClock.ts';

/** The chain is back: emergencies that were granted while it stood still are brought to it, before any receipt. */
export async function postLate(c: Components): Promise<number> {
  const waiting = c.emergencies.toPost();
  if (waiting.length === 0 || (await emergencyTime(c)).standsStill) return 0;
  let done = 0;
  for (const id of waiting) {
    // The asking hospital brings it too: who is first makes it stand.
    if (await isOnChain(c, id)) {
      c.emergencies.setPosted(id);
      done += 1;
    } else {
      const { ledger } = c.contracts;
      await post(c, `emergency ${id}`, ledger.address, ledger.encode('requestEmergency', [id]));
    }
  }
  return done;
}
