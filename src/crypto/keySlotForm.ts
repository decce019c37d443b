import { z } from 'zod';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { type Argon2Cost, MOST_ARGON2_COST } from './argon2Cost.ts';
import { type GuardianShare, SHARE_SIZE, type ShareSet } from './guardianShares.ts';

/** AES-256-GCM of the root key: nonce 12 bytes, sealed 48. */
interface Sealed {
  readonly nonce: Hex;
  readonly sealed: Hex;
}

/** Opens with a passphrase, NFC, through Argon2id. */
export interface PassphraseSlot extends Sealed, Argon2Cost {
  readonly kind: 'passphrase';
  readonly kdf: 'argon2id';
  readonly salt: Hex;
}

/** Opens with the printed code, of full entropy. */
export interface RecoveryCodeSlot extends Sealed {
  readonly kind: 'recoveryCode';
  readonly salt: Hex;
}

/** Opens with the shares of so many guardians. */
export interface GuardiansSlot extends Sealed, ShareSet {
  readonly kind: 'guardians';
}

/** One way to the root key. None is made from a wallet's signature: whoever gets that signature would have the key. */
export type KeySlot = PassphraseSlot | RecoveryCodeSlot | GuardiansSlot;

/** All ways to one root key, at most one of a kind. */
export interface KeySlots {
  /** `H("root-key", rootKey)`: says which one, tells nothing of it. */
  readonly rootKeyId: Hex;
  readonly slots: readonly KeySlot[];
}

const hexOf = (bytes: number) =>
  z.custom<Hex>(
    (value) =>
      typeof value === 'string' && value.length === 2 + 2 * bytes && /^0x[0-9a-f]*$/.test(value),
    `0x and ${2 * bytes} lower-case digits`,
  );
const upTo = (most: number) => z.int().min(1).max(most);
const sealed = { nonce: hexOf(12), sealed: hexOf(48) };

const keySlot: z.ZodType<KeySlot> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('passphrase'),
    kdf: z.literal('argon2id'),
    memoryKiB: upTo(MOST_ARGON2_COST.memoryKiB),
    passes: upTo(MOST_ARGON2_COST.passes),
    lanes: upTo(MOST_ARGON2_COST.lanes),
    salt: hexOf(32),
    ...sealed,
  }),
  z.strictObject({ kind: z.literal('recoveryCode'), salt: hexOf(32), ...sealed }),
  z.strictObject({
    kind: z.literal('guardians'),
    set: hexOf(16),
    threshold: upTo(255).min(2),
    shareDigests: z.array(hexOf(32)).min(2).max(255),
    ...sealed,
  }),
]);

const keySlots: z.ZodType<KeySlots> = z.strictObject({
  rootKeyId: hexOf(32),
  slots: z.array(keySlot).min(1),
});

/**
 * Key slots read from JSON. One slot is enough to be read: what is left still opens.
 * @throws `BadKeySlots`, `TwoSlotsOfOneKind`
 */
export function readKeySlots(value: unknown): KeySlots {
  const parsed = keySlots.safeParse(value);
  if (parsed.success) {
    assertOneOfAKind(parsed.data.slots);
    return parsed.data;
  }
  throw new CarelatticeError('BadKeySlots', 'these are no key slots; take a backup of the wallet', {
    facts: { at: parsed.error.issues.map(({ path }) => path.join('.')) },
  });
}

/** @throws `TwoSlotsOfOneKind` */
export function assertOneOfAKind(slots: readonly { readonly kind: string }[]): void {
  const kinds = slots.map(({ kind }) => kind);
  const twice = kinds.find((kind, i) => kinds.indexOf(kind) !== i);
  if (twice !== undefined) throw twoOfOneKind(twice);
}

export const twoOfOneKind = (kind: string): CarelatticeError =>
  new CarelatticeError(
    'TwoSlotsOfOneKind',
    'there is one slot of a kind: what loses one would lose the other; replace it, or take another kind',
    { facts: { kind } },
  );

const guardianShare: z.ZodType<GuardianShare & { about?: string | undefined }> = z.strictObject({
  about: z.string().optional(),
  patient: hexOf(32),
  set: hexOf(16),
  index: upTo(255),
  threshold: upTo(255),
  guardians: upTo(255),
  share: hexOf(SHARE_SIZE),
  checksum: hexOf(8),
});

/** The text that a guardian keeps, JSON. */
export function guardianShareText(share: GuardianShare): string {
  const { index, guardians, threshold } = share;
  const about =
    `Share ${index} of ${guardians} of the key to a patient's medical records (Carelattice). ` +
    `Any ${threshold} shares open it. Keep it secret, and give it to nobody but her.`;
  return `${JSON.stringify({ about, ...share }, undefined, 2)}\n`;
}

/** @throws `BadShare`; whether it is damaged is seen when it is used */
export function readGuardianShare(text: string): GuardianShare {
  try {
    const { about: _, ...share } = guardianShare.parse(JSON.parse(text));
    return share;
  } catch {
    // What the parsers say may quote the share.
    throw new CarelatticeError('BadShare', "the text is no guardian's share; take the right file");
  }
}
