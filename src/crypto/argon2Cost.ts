import { CarelatticeError } from '../errors.ts';

/** What one guess of a passphrase costs: Argon2id (RFC 9106, version 0x13) with these parameters. */
export interface Argon2Cost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** 64 MiB and three passes: memory and passes of RFC 9106's second recommendation; one lane, as in a browser. */
export const ARGON2_COST: Argon2Cost = { memoryKiB: 65_536, passes: 3, lanes: 1 };

/** Above this a file from elsewhere would only exhaust the machine: 1 GiB. */
export const MOST_ARGON2_COST: Argon2Cost = { memoryKiB: 1_048_576, passes: 16, lanes: 16 };

/** @throws `WeakKeySlot` when `cost` is cheaper than `least` */
export function assertArgon2Cost(cost: Argon2Cost, least: Argon2Cost): void {
  const strong = cost.memoryKiB >= least.memoryKiB && cost.passes >= least.passes;
  // RFC 9106: at least 8 KiB for a lane.
  if (strong && cost.memoryKiB >= 8 * cost.lanes) return;
  throw new CarelatticeError(
    'WeakKeySlot',
    'a passphrase with these parameters is guessed too cheaply; make the slot anew',
    { facts: { ...cost, leastMemoryKiB: least.memoryKiB, leastPasses: least.passes } },
  );
}
