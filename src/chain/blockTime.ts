import { headOf } from './blocks.ts';
import { fieldsOf, numberOf } from './quantity.ts';
import type { Rpc } from './rpc.ts';

/** Reads chain time, in seconds. */
export type ReadTime = () => Promise<number>;

/** The time of the newest block: what everybody on the chain agrees on. */
export const headTime =
  (rpc: Rpc): ReadTime =>
  async () =>
    (await headOf(rpc)).time;

/**
 * The time that the next block would have, at least the newest block's. On a development chain that makes a
 * block per transaction the newest block's time stands still while nobody sends, and no window would ever
 * close; a transaction sent now is judged by this one. Only for chains of one machine: on others the
 * pending block is what one node supposes.
 */
export const pendingTime =
  (rpc: Rpc): ReadTime =>
  async () => {
    const [head, pending] = await Promise.all([
      headOf(rpc),
      rpc.send('eth_getBlockByNumber', ['pending', false]),
    ]);
    if (pending === null) return head.time;
    return Math.max(head.time, numberOf(fieldsOf(pending, 'block')['timestamp'], 'timestamp'));
  };
