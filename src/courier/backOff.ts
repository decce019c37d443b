import type { Random } from '../domain/random.ts';

const FIRST_MS = 500;
const MOST_MS = 60_000;

/** A random number of 0 to below 1. */
const fraction = (random: Random): number => {
  const bytes = random(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
};

/**
 * Milliseconds to wait after the `attempts`-th failure: exponential with full jitter, so that nodes which lost the same
 * peer do not come back in step.
 */
export const backOff = (attempts: number, random: Random): number =>
  Math.ceil(fraction(random) * Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 16)));
