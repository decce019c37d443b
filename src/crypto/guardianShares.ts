import { combine, split } from 'shamir-secret-sharing';
import { CarelatticeError } from '../errors.ts';
import { fromHex, type Hex, toHex, uint } from '../hash/bytes.ts';
import { labelledHash } from '../hash/labelled.ts';
import type { RandomSource } from './random.ts';

/** Shamir's shares (GF(2^8)) of a slot key among guardians: any `threshold` of them give it, fewer tell nothing. */

export interface GuardianShare {
  /** Of whom: the id of her root key. */
  readonly patient: Hex;
  /** Which giving-out of shares, 16 random bytes: those of another one do not fit. */
  readonly set: Hex;
  /** From 1 to `guardians`. */
  readonly index: number;
  readonly threshold: number;
  readonly guardians: number;
  /** 32 bytes and the point of the polynomial. */
  readonly share: Hex;
  /** The first 8 bytes of the hash over the others: tells damage, not malice. */
  readonly checksum: Hex;
}

/** What her slot keeps of the shares. */
export interface ShareSet {
  readonly set: Hex;
  readonly threshold: number;
  /** By index, from 1: tells which guardian gives another share than the one given out. */
  readonly shareDigests: readonly Hex[];
}

/** Bytes of a share: key and point. */
export const SHARE_SIZE = 33;

export const checksumOf = (share: Omit<GuardianShare, 'checksum'>): Hex =>
  toHex(
    labelledHash(
      'guardian-share-text',
      fromHex(share.patient, 32),
      fromHex(share.set, 16),
      Uint8Array.of(share.index, share.threshold, share.guardians),
      fromHex(share.share, SHARE_SIZE),
    ).subarray(0, 8),
  );

const digestOf = ({ set, index, share }: GuardianShare): Hex =>
  toHex(labelledHash('guardian-share', fromHex(set, 16), uint(index, 1), fromHex(share)));

/** @throws `BadGuardians` unless 2 <= threshold <= guardians <= 255 */
export async function splitAmongGuardians(
  key: Uint8Array,
  { patient, threshold, guardians }: Pick<GuardianShare, 'patient' | 'threshold' | 'guardians'>,
  random: RandomSource,
): Promise<{ shares: GuardianShare[]; shareSet: ShareSet }> {
  const whole = Number.isInteger(threshold) && Number.isInteger(guardians);
  if (!whole || threshold < 2 || threshold > guardians || guardians > 255) {
    throw new CarelatticeError(
      'BadGuardians',
      'at least two guardians have to agree, at most all of them, at most 255',
      { facts: { threshold, guardians } },
    );
  }
  const set = toHex(random(16));
  const parts = await split(key, guardians, threshold);
  const shares = parts.map((part, i) => {
    const share = { patient, set, index: i + 1, threshold, guardians, share: toHex(part) };
    return { ...share, checksum: checksumOf(share) };
  });
  return { shares, shareSet: { set, threshold, shareDigests: shares.map(digestOf) } };
}

/**
 * The key, from shares that are all in order.
 * @throws `ShareDamaged`, `ShareOfAnotherPatient`, `ShareOfAnotherSet`, `ShareForged`, `ShareTwice`, `TooFewShares`
 */
export async function combineShares(
  patient: Hex,
  { set, threshold, shareDigests }: ShareSet,
  shares: readonly GuardianShare[],
): Promise<Uint8Array> {
  const seen = new Set<number>();
  for (const share of shares) {
    const { index } = share;
    if (checksumOf(share) !== share.checksum) throw shareDamaged(index);
    if (share.patient !== patient) throw ofAnotherPatient(index);
    if (share.set !== set) throw ofAnotherSet(index);
    if (shareDigests[index - 1] !== digestOf(share)) throw forged(index);
    if (seen.has(index)) throw givenTwice(index);
    seen.add(index);
  }
  if (seen.size < threshold) {
    throw new CarelatticeError(
      'TooFewShares',
      'too few guardians gave their shares; ask more of them',
      { facts: { shares: seen.size, threshold } },
    );
  }
  return combine(shares.slice(0, threshold).map(({ share }) => fromHex(share)));
}

const shareDamaged = (index: number): CarelatticeError =>
  new CarelatticeError('ShareDamaged', 'this share is damaged; ask its guardian for it again', {
    facts: { index },
  });

const ofAnotherPatient = (index: number): CarelatticeError =>
  new CarelatticeError(
    'ShareOfAnotherPatient',
    'this share belongs to another patient, or to an earlier root key',
    { facts: { index } },
  );

const ofAnotherSet = (index: number): CarelatticeError =>
  new CarelatticeError(
    'ShareOfAnotherSet',
    'the guardians were changed since; ask those who have the newer shares',
    { facts: { index } },
  );

const forged = (index: number): CarelatticeError =>
  new CarelatticeError(
    'ShareForged',
    'this guardian gives another share than the one that was given out; ask other guardians',
    { facts: { index } },
  );

const givenTwice = (index: number): CarelatticeError =>
  new CarelatticeError('ShareTwice', 'one share was given twice; each guardian counts once', {
    facts: { index },
  });
