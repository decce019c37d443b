const FIRST_MS = 500;
const MOST_MS = 60_000;

/**
 * Milliseconds to wait after the `attempts`-th failure: exponential with full jitter, so that nodes which lost the same
 * peer do not come back in step. `fraction` is random, 0 to below 1.
 */
export const backOff = (attempts: number, fraction: number): number =>
  Math.ceil(fraction * Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 16)));
