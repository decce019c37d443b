import { hasCode } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import type { Components } from './components.ts';

/**
 * Sends the transaction of a task. A contract that would refuse it now (somebody else was faster, too many are open) is
 * no fault of this node: it is logged, and the next step sees the chain as it is then.
 */
export async function post(
  c: Pick<Components, 'sender' | 'log'>,
  task: string,
  to: Hex,
  data: Hex,
): Promise<void> {
  try {
    await c.sender.send(task, to, data);
  } catch (error) {
    if (!hasCode(error, 'Reverted')) throw error;
    c.log('the contract refuses for now', { task, reason: error.message });
  }
}
