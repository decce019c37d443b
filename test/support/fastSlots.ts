import type { KeySlotOptions } from '../../src/crypto/keySlot.ts';

const cheap = { memoryKiB: 8, passes: 1, lanes: 1 };

/** Passphrase slots that cost nothing to guess: for tests alone, and refused where this is not given. */
export const FAST_SLOTS: KeySlotOptions = { argon2: cheap, leastArgon2: cheap };
