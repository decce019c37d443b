import { hasCode } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import type { Components } from './components.ts';

/** sent: stored and on its way; later: the contract would refuse it now; failed: it stands on chain and changed nothing. */
export type Posted = 'sent' | 'later' | 'failed';

/**
 * Sends the transaction of a task. A contract that would refuse it now (somebody else was faster, too many are open) is
 * no fault of this node: it is logged, and the next step sees the chain as it is then.
 */
export async function post(
  c: Pick<Components, 'sender' | 'log'>,
  task: string,
  to: Hex,
  data: Hex,
): Promise<Posted> {
  try {
    const { state } = await c.sender.send(task, to, data);
    return state === 'reverted' || state === 'refused' ? 'failed' : 'sent';
  } catch (error) {
    if (!hasCode(error, 'Reverted')) throw error;
    c.log('the contract refuses for now', { task, reason: error.message });
    return 'later';
  }
}
