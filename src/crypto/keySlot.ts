import { aeadOpen, aeadSeal } from '#aead';
import { argon2id } from '#argon2';
import { CarelatticeError, hasCode } from '../errors.ts';
import { fromHex, type Hex, toHex, uint, utf8 } from '../hash/bytes.ts';
import { hkdf, labelledHash } from '../hash/labelled.ts';
import { ARGON2_COST, type Argon2Cost, assertArgon2Cost } from './argon2Cost.ts';
import { combineShares, type GuardianShare, splitAmongGuardians } from './guardianShares.ts';
import type { KeySlot } from './keySlotForm.ts';
import { randomBytes, type RandomSource } from './random.ts';
import { readRecoveryCode } from './recoveryCode.ts';

/**
 * One slot: AES-256-GCM of the root key under the slot's key; additional data is
 * `H("key-slot", rootKeyId, kind, parameters...)`.
 */

/** A slot to be made. */
export type SlotRequest =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | { readonly kind: 'recoveryCode'; readonly code: string }
  | { readonly kind: 'guardians'; readonly threshold: number; readonly guardians: number };

/** What opens a slot. */
export type SlotSecret =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | { readonly kind: 'recoveryCode'; readonly code: string }
  | { readonly kind: 'guardians'; readonly shares: readonly GuardianShare[] };

export interface KeySlotOptions {
  /** Of new passphrase slots. Default `ARGON2_COST`. */
  readonly argon2?: Argon2Cost;
  /** Cheaper slots are neither made nor opened. Default `ARGON2_COST`; only tests give less. */
  readonly leastArgon2?: Argon2Cost;
  /** Of everything but Shamir's polynomials, which their library draws itself. */
  readonly random?: RandomSource;
}

/** What NIST SP 800-63B-4 wants of a password that stands alone. */
const LEAST_CHARACTERS = 15;

type SlotParameters<T = KeySlot> = T extends KeySlot ? Omit<T, 'nonce' | 'sealed'> : never;

/** A slot's parameters and key, and the shares to be given out. */
interface SlotKey {
  readonly parameters: SlotParameters;
  readonly key: Uint8Array;
  readonly shares: readonly GuardianShare[];
}

/** @throws `PassphraseTooShort`, `WeakKeySlot`, `RecoveryCodeMistyped`, `BadGuardians` */
export async function makeSlot(
  rootKey: Uint8Array,
  rootKeyId: Hex,
  request: SlotRequest,
  options: KeySlotOptions,
): Promise<{ slot: KeySlot; shares: readonly GuardianShare[] }> {
  const { random = randomBytes } = options;
  const { parameters, key, shares } = await newSlotKey(rootKeyId, request, options, random);
  const nonce = random(12);
  const sealed = aeadSeal(key, nonce, aadOf(rootKeyId, parameters), rootKey);
  return { slot: { ...parameters, nonce: toHex(nonce), sealed: toHex(sealed) }, shares };
}

/**
 * What the slot holds.
 * @throws `WrongPassphrase`, `WeakKeySlot`, `RecoveryCodeMistyped`, `WrongRecoveryCode`, `KeySlotDamaged` and what
 * `combineShares` throws
 */
export async function openSlot(
  rootKeyId: Hex,
  slot: KeySlot,
  secret: SlotSecret,
  { leastArgon2 = ARGON2_COST }: KeySlotOptions,
): Promise<Uint8Array> {
  const key = await slotKeyOf(rootKeyId, slot, secret, leastArgon2);
  try {
    return aeadOpen(key, fromHex(slot.nonce), aadOf(rootKeyId, slot), fromHex(slot.sealed));
  } catch (error) {
    if (!hasCode(error, 'OpeningFailed')) throw error;
    throw wrongSecret(secret.kind);
  }
}

async function newSlotKey(
  rootKeyId: Hex,
  request: SlotRequest,
  { argon2 = ARGON2_COST, leastArgon2 = ARGON2_COST }: KeySlotOptions,
  random: RandomSource,
): Promise<SlotKey> {
  const { kind } = request;
  switch (kind) {
    case 'passphrase': {
      assertArgon2Cost(argon2, leastArgon2);
      assertLongEnough(request.passphrase);
      const salt = random(32);
      const { memoryKiB, passes, lanes } = argon2;
      const parameters: SlotParameters = {
        kind,
        kdf: 'argon2id',
        memoryKiB,
        passes,
        lanes,
        salt: toHex(salt),
      };
      return { parameters, key: await passphraseKey(request.passphrase, salt, argon2), shares: [] };
    }
    case 'recoveryCode': {
      const salt = random(32);
      const key = recoveryKey(request.code, salt);
      return { parameters: { kind, salt: toHex(salt) }, key, shares: [] };
    }
    case 'guardians': {
      const { threshold, guardians } = request;
      const key = random(32);
      const among = { patient: rootKeyId, threshold, guardians };
      const { shares, shareSet } = await splitAmongGuardians(key, among, random);
      return { parameters: { kind, ...shareSet }, key, shares };
    }
  }
}

/** The key of a slot from what its kind needs. */
async function slotKeyOf(
  rootKeyId: Hex,
  slot: KeySlot,
  secret: SlotSecret,
  leastArgon2: Argon2Cost,
): Promise<Uint8Array> {
  if (slot.kind === 'passphrase' && secret.kind === 'passphrase') {
    assertArgon2Cost(slot, leastArgon2);
    if (secret.passphrase === '') throw wrongSecret(slot.kind); // hash-wasm takes no empty password
    return passphraseKey(secret.passphrase, fromHex(slot.salt), slot);
  }
  if (slot.kind === 'recoveryCode' && secret.kind === 'recoveryCode')
    return recoveryKey(secret.code, fromHex(slot.salt));
  if (slot.kind === 'guardians' && secret.kind === 'guardians')
    return combineShares(rootKeyId, slot, secret.shares);
  throw new Error('a slot is opened by a secret of its own kind');
}

/** Composed as NFC, so that one passphrase gives the same bytes from every keyboard. */
const passphraseKey = (passphrase: string, salt: Uint8Array, cost: Argon2Cost) =>
  argon2id(utf8(passphrase.normalize('NFC')), salt, cost);

const recoveryKey = (code: string, salt: Uint8Array): Uint8Array =>
  hkdf(readRecoveryCode(code), 'recovery-slot', salt);

function aadOf(rootKeyId: Hex, slot: SlotParameters): Uint8Array {
  const bound = (...parts: readonly (Uint8Array | string)[]): Uint8Array =>
    labelledHash('key-slot', fromHex(rootKeyId, 32), slot.kind, ...parts);
  switch (slot.kind) {
    case 'passphrase': {
      const cost = [slot.memoryKiB, slot.passes, slot.lanes].map((value) => uint(value, 4));
      return bound(slot.kdf, ...cost, fromHex(slot.salt));
    }
    case 'recoveryCode':
      return bound(fromHex(slot.salt));
    case 'guardians': {
      const digests = slot.shareDigests.map((digest) => fromHex(digest));
      return bound(fromHex(slot.set), uint(slot.threshold, 1), ...digests);
    }
  }
}

function assertLongEnough(passphrase: string): void {
  const characters = [...passphrase.normalize('NFC')].length;
  if (characters >= LEAST_CHARACTERS) return;
  throw new CarelatticeError(
    'PassphraseTooShort',
    `a passphrase that stands alone needs ${LEAST_CHARACTERS} characters; take some words`,
  );
}

function wrongSecret(kind: SlotSecret['kind']): CarelatticeError {
  switch (kind) {
    case 'passphrase':
      return new CarelatticeError(
        'WrongPassphrase',
        'the passphrase does not open these slots; type it again, or use another slot',
      );
    case 'recoveryCode':
      return new CarelatticeError(
        'WrongRecoveryCode',
        'the code is typed rightly, but it belongs to another wallet or was replaced',
      );
    case 'guardians': // the shares are those that were given out: each has its digest in the slot
      return slotDamaged();
  }
}

export const slotDamaged = (): CarelatticeError =>
  new CarelatticeError(
    'KeySlotDamaged',
    'this slot was damaged or changed; use another slot, or a backup of the wallet',
  );
