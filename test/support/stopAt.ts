import type { Reached, Step } from '../../src/domain/steps.ts';
import { CarelatticeError, hasCode } from '../../src/errors.ts';
import type { LocalNetwork } from '../../src/localnet/network.ts';

/** Ends a node's step at a named place, as if the process were killed there. */

const STOPPED = 'StoppedByTest';

export interface Stop {
  readonly reached: Reached;
  readonly wasReached: boolean;
}

/** Throws at the `time`-th passing of the step, then never again. */
export function stopAt(step: Step, time = 1): Stop {
  let passed = 0;
  return {
    reached(at) {
      if (at !== step) return;
      passed += 1;
      if (passed === time) throw new CarelatticeError(STOPPED, `stopped at ${step}`);
    },
    get wasReached() {
      return passed >= time;
    },
  };
}

export const isStop = (error: unknown): boolean => hasCode(error, STOPPED);

/** Runs `work`; false when it was ended by a stop. */
export async function survives(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (isStop(error)) return false;
    throw error;
  }
}

/** Settles; a node that is stopped on the way is started anew on its directory. */
export async function settleThroughStop(
  network: LocalNetwork,
  name: string,
  restart: () => Promise<void> = () => network.node(name).start(),
): Promise<void> {
  while (!(await survives(() => network.settle()))) {
    await network.node(name).stop();
    await restart();
  }
}
