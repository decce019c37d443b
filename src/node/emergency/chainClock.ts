import type { BlockHeader } from '../../chain/blocks.ts';
import type { Components } from '../components.ts';

/** What time it is in an emergency: chain time, unless the chain stands still. */

/** Seconds without a block after which a chain stands still. */
export const STANDSTILL = 600;

export interface EmergencyTime {
  readonly block: BlockHeader;
  /** The chain has made no block for `STANDSTILL` seconds of this node's own clock. */
  readonly standsStill: boolean;
  /** Seconds: chain time; while the chain stands still, of this node's own clock. */
  readonly now: number;
}

/** @throws of the transport: a chain that does not answer is not one that stands still */
export async function emergencyTime(
  c: Pick<Components, 'head' | 'now' | 'ownClock' | 'chainMovedAt'>,
): Promise<EmergencyTime> {
  const block = await c.head();
  const chainTime = Math.max(block.time, c.now());
  const own = c.ownClock();
  // A clock that is wrong does not make a chain stand still that this node has seen moving.
  const movedAt = Math.max(chainTime, c.chainMovedAt() ?? 0);
  const standsStill = own - movedAt > STANDSTILL;
  return { block, standsStill, now: standsStill ? own : chainTime };
}
