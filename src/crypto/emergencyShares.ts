import { combine, split } from 'shamir-secret-sharing';
import { CarelatticeError } from '../errors.ts';
import { fromHex, type Hex, toHex } from '../hash/bytes.ts';
import { HYBRID_SUITE } from '../wire/kemSuite.ts';
import { CUSTODIANS, CUSTODIANS_NEEDED } from '../wire/emergencyMessages.ts';
import { scopeKeyIdOf } from './derivations.ts';
import { SHARE_SIZE } from './guardianShares.ts';
import { deriveKemKeyPair, type KemKeyPair } from './hpkeSealing.ts';

/** The seed of the summary's scope key, 2 of 3 among custodians (Shamir over GF(2^8)): one share tells nothing. */

/** @returns three shares of 33 bytes, the point of the polynomial behind the key */
export const splitSummaryKey = async (seed: Uint8Array): Promise<Hex[]> =>
  (await split(seed, CUSTODIANS, CUSTODIANS_NEEDED)).map(toHex);

/**
 * The summary's key pair from shares of which some may be false: a pair of them gives the key with this id, or does not.
 * @throws `TooFewCustodians`, `SummaryKeyMismatch`
 */
export async function joinSummaryKey(shares: readonly Hex[], scopeKeyId: Hex): Promise<KemKeyPair> {
  const distinct = [...new Set(shares)];
  if (distinct.length < CUSTODIANS_NEEDED) throw tooFewCustodians(distinct.length);
  for (const [index, one] of distinct.entries())
    for (const other of distinct.slice(index + 1)) {
      const pair = await pairOf(one, other);
      if (pair !== undefined && scopeKeyIdOf(pair.publicKey) === scopeKeyId) return pair;
    }
  throw new CarelatticeError(
    'SummaryKeyMismatch',
    "the custodians' shares do not give the key of this summary; ask the third one",
    { facts: { shares: distinct.length } },
  );
}

async function pairOf(one: Hex, other: Hex): Promise<KemKeyPair | undefined> {
  // Two values at one point of the polynomial give no key.
  if (one.slice(-2) === other.slice(-2)) return undefined;
  const seed = await combine([fromHex(one, SHARE_SIZE), fromHex(other, SHARE_SIZE)]);
  return deriveKemKeyPair(HYBRID_SUITE, seed);
}

/** @param custodians what came of each: name, and code of its refusal */
export const tooFewCustodians = (
  shares: number,
  custodians: readonly string[] = [],
): CarelatticeError =>
  new CarelatticeError(
    'TooFewCustodians',
    'fewer than two custodians released their share; the summary stays closed',
    { facts: { shares, ...(custodians.length === 0 ? {} : { custodians }) } },
  );
