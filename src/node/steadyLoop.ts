import { CarelatticeError } from '../errors.ts';
import type { AlarmClock } from './alarmClock.ts';

/** How a running node fares. All but `ready` pass by themselves, or are for an operator to look at. */
export type NodeState =
  'starting' | 'ready' | 'chain unreachable' | 'chain behind' | 'failing' | 'stopping';

export interface SteadyLoop {
  readonly signal: AbortSignal;
  readonly clock: AlarmClock;
  /** Milliseconds between two steps that found nothing to do. */
  readonly pollMs: number;
  /** Before the first step and after every fault: is this still our chain? */
  check(): Promise<void>;
  /** One step; says how much was done. */
  step(): Promise<number>;
  /** Chain time in seconds. */
  chainTime(): number;
  /** Told of each change of the state, and of each fault. */
  entered(state: NodeState, error?: unknown): void;
}

/** Faults that waiting does not mend: an operator has to do something. */
const FATAL: ReadonlySet<string> = new Set([
  'WrongChain',
  'StaleManifest',
  'NoContractCode',
  'NotAdmitted',
  'WrongNodeId',
  'WrongRole',
  'TlsKeyNotRegistered',
  'ForeignNonce',
  'ChainRewritten',
  'JournalTooNew',
  'JournalUnreadable',
  'PortInUse',
  'PortRefused',
]);

const UNREACHABLE: ReadonlySet<string> = new Set(['ChainUnreachable', 'RpcMalformed']);

/** Between two steps that both had something to do: a task that waits for its block must not spin. */
const BREATH_MS = 50;
const FIRST_MS = 500;
const MOST_MS = 15_000;
/** Seconds by which the newest block may be older than this machine's clock. */
const BEHIND = 300;

/** Steps until the signal aborts. Faults that may pass are told, waited out with growing breaks and checked after. */
export async function keepTrying(loop: SteadyLoop): Promise<void> {
  const { signal, clock, pollMs } = loop;
  let state: NodeState = 'starting';
  let faults = 0;
  let isChecked = false;
  while (!signal.aborted) {
    try {
      if (!isChecked) await loop.check();
      isChecked = true;
      const done = await loop.step();
      faults = 0;
      const isBehind = Date.now() / 1000 - loop.chainTime() > BEHIND;
      const now = isBehind ? 'chain behind' : 'ready';
      if (now !== state) loop.entered(now);
      state = now;
      await clock.wait(done > 0 ? Math.min(BREATH_MS, pollMs) : pollMs, signal);
    } catch (error) {
      // A chain begun anew is told by its own name, which the check finds.
      if (isFatal(error)) {
        if (isChecked) await loop.check().catch((found: unknown) => rethrowFatal(found));
        throw error;
      }
      isChecked = false;
      faults += 1;
      state = stateOf(error);
      loop.entered(state, error);
      await clock.wait(Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(faults - 1, 6)), signal);
    }
  }
}

const isFatal = (error: unknown): boolean =>
  error instanceof CarelatticeError && FATAL.has(error.code);

function rethrowFatal(error: unknown): void {
  if (isFatal(error)) throw error;
}

const stateOf = (error: unknown): NodeState =>
  error instanceof CarelatticeError && UNREACHABLE.has(error.code)
    ? 'chain unreachable'
    : 'failing';
