import { CarelatticeError } from '../errors.ts';
import { type Hex, toHex } from '../hash/bytes.ts';
import { labelledHash } from '../hash/labelled.ts';
import type { GuardianShare } from './guardianShares.ts';
import {
  type KeySlotOptions,
  makeSlot,
  openSlot,
  slotDamaged,
  type SlotRequest,
  type SlotSecret,
} from './keySlot.ts';
import { assertOneOfAKind, type KeySlot, type KeySlots, twoOfOneKind } from './keySlotForm.ts';

/** A patient's root key in slots of different kinds, so that no single loss loses it. */

/** The slots, and what is to be given out to guardians where they were asked for. */
export interface SealedRootKey {
  readonly keySlots: KeySlots;
  readonly shares: readonly GuardianShare[];
}

/** Names a root key and tells nothing of it. @throws `BadRootKey` */
export function rootKeyIdOf(rootKey: Uint8Array): Hex {
  if (rootKey.length !== 32) throw new CarelatticeError('BadRootKey', 'a root key has 32 bytes');
  return toHex(labelledHash('root-key', rootKey));
}

/** @throws `TooFewSlots`, `TwoSlotsOfOneKind` */
export function assertTwoKinds(slots: readonly { readonly kind: string }[]): void {
  assertOneOfAKind(slots);
  if (slots.length >= 2) return;
  throw tooFewSlots(slots.map(({ kind }) => kind));
}

export const tooFewSlots = (kinds: readonly string[]): CarelatticeError =>
  new CarelatticeError(
    'TooFewSlots',
    'the root key needs two slots of different kinds, so that one loss does not lose it; add one',
    { facts: { kinds } },
  );

/** That these slots hold this root key (32 bytes), as far as can be told without a secret. @throws `RootKeyMismatch`, `BadRootKey` */
export function assertSlotsOf(rootKey: Uint8Array, { rootKeyId }: KeySlots): void {
  if (rootKeyIdOf(rootKey) === rootKeyId) return;
  throw new CarelatticeError('RootKeyMismatch', 'the slots belong to another root key');
}

/**
 * Seals a root key (32 bytes) into slots.
 * @throws `TooFewSlots`, `TwoSlotsOfOneKind`, `BadRootKey`, `PassphraseTooShort`, `WeakKeySlot`, `RecoveryCodeMistyped`,
 * `BadGuardians`
 */
export async function sealRootKey(
  rootKey: Uint8Array,
  requests: readonly SlotRequest[],
  options: KeySlotOptions = {},
): Promise<SealedRootKey> {
  assertTwoKinds(requests);
  const rootKeyId = rootKeyIdOf(rootKey);
  const slots: KeySlot[] = [];
  const given: GuardianShare[] = [];
  for (const request of requests) {
    const { slot, shares } = await makeSlot(rootKey, rootKeyId, request, options);
    slots.push(slot);
    given.push(...shares);
  }
  return { keySlots: { rootKeyId, slots }, shares: given };
}

/**
 * The root key, 32 bytes.
 * @throws `NoSuchSlot`, `WrongPassphrase`, `WeakKeySlot`, `RecoveryCodeMistyped`, `WrongRecoveryCode`,
 * `KeySlotDamaged`, `ShareDamaged`, `ShareOfAnotherPatient`, `ShareOfAnotherSet`, `ShareForged`, `ShareTwice`,
 * `TooFewShares`
 */
export async function openRootKey(
  { rootKeyId, slots }: KeySlots,
  secret: SlotSecret,
  options: KeySlotOptions = {},
): Promise<Uint8Array> {
  const slot = slots.find(({ kind }) => kind === secret.kind);
  if (slot === undefined) throw noSuchSlot(secret.kind, slots);
  const rootKey = await openSlot(rootKeyId, slot, secret, options);
  // AES-GCM alone lets one ciphertext open under two keys; the id does not.
  if (rootKeyIdOf(rootKey) !== rootKeyId) throw slotDamaged();
  return rootKey;
}

/** Puts a slot of a new kind beside the others. @throws `TwoSlotsOfOneKind`, `RootKeyMismatch` and as `sealRootKey` */
export async function addSlot(
  keySlots: KeySlots,
  rootKey: Uint8Array,
  request: SlotRequest,
  options: KeySlotOptions = {},
): Promise<SealedRootKey> {
  if (keySlots.slots.some(({ kind }) => kind === request.kind)) throw twoOfOneKind(request.kind);
  return putSlot(keySlots, rootKey, request, options);
}

/**
 * Makes a slot anew. Its old secret opens it no longer, but still opens copies made before.
 * @throws `NoSuchSlot`, `RootKeyMismatch` and as `sealRootKey`
 */
export async function replaceSlot(
  keySlots: KeySlots,
  rootKey: Uint8Array,
  request: SlotRequest,
  options: KeySlotOptions = {},
): Promise<SealedRootKey> {
  const { slots } = keySlots;
  if (!slots.some(({ kind }) => kind === request.kind)) throw noSuchSlot(request.kind, slots);
  return putSlot(keySlots, rootKey, request, options);
}

/** @throws `NoSuchSlot`, `TooFewSlots`: two kinds stay */
export function removeSlot(keySlots: KeySlots, kind: KeySlot['kind']): KeySlots {
  const { slots } = keySlots;
  const left = slots.filter((slot) => slot.kind !== kind);
  if (left.length === slots.length) throw noSuchSlot(kind, slots);
  assertTwoKinds(left);
  return { ...keySlots, slots: left };
}

async function putSlot(
  keySlots: KeySlots,
  rootKey: Uint8Array,
  request: SlotRequest,
  options: KeySlotOptions,
): Promise<SealedRootKey> {
  assertSlotsOf(rootKey, keySlots);
  const { rootKeyId, slots } = keySlots;
  const { slot, shares } = await makeSlot(rootKey, rootKeyId, request, options);
  const others = slots.filter(({ kind }) => kind !== slot.kind);
  return { keySlots: { rootKeyId, slots: [...others, slot] }, shares };
}

const noSuchSlot = (kind: string, slots: readonly KeySlot[]): CarelatticeError =>
  new CarelatticeError('NoSuchSlot', 'there is no slot of this kind; use one of those there are', {
    facts: { kind, there: slots.map((slot) => slot.kind) },
  });
