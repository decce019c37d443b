import { CarelatticeError } from '../errors.ts';
import { toHex, uint } from '../hash/bytes.ts';
import { labelledHash } from '../hash/labelled.ts';
import type { RandomSource } from './random.ts';

/**
 * The recovery code that a patient prints: 128 random bits and 22 bits of checksum in Crockford's base32, six groups
 * of five: `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`. The checksum tells a typing error from the code of another wallet.
 */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const SECRET = 16;
const CHECK_BITS = 22n;
const SYMBOLS = 30;
const GROUP = 5;

/** The first 22 bits of `H("recovery-code", secret)`. */
function checksumOf(secret: Uint8Array): bigint {
  const [a = 0, b = 0, c = 0] = labelledHash('recovery-code', secret);
  return BigInt((a << 16) | (b << 8) | c) >> 2n;
}

/** The code of 16 bytes. */
export function recoveryCodeOf(secret: Uint8Array): string {
  const value = (BigInt(toHex(secret)) << CHECK_BITS) | checksumOf(secret);
  const symbols = Array.from({ length: SYMBOLS }, (_, i) => {
    const place = 5n * BigInt(SYMBOLS - 1 - i);
    return ALPHABET.charAt(Number((value >> place) & 31n));
  });
  const groups = Array.from({ length: SYMBOLS / GROUP }, (_, i) =>
    symbols.slice(i * GROUP, (i + 1) * GROUP).join(''),
  );
  return groups.join('-');
}

/** A new recovery code. Print it once; only its slot is kept. */
export const newRecoveryCode = (random: RandomSource): string => recoveryCodeOf(random(SECRET));

/**
 * The 16 bytes of a code as a person types it: upper or lower case, any spaces and hyphens, O for 0, I or L for 1.
 * @throws `RecoveryCodeMistyped`
 */
export function readRecoveryCode(code: string): Uint8Array {
  const typed = code.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  const digits = [...typed].map((symbol) => ALPHABET.indexOf(symbol));
  if (digits.length !== SYMBOLS || digits.includes(-1)) throw mistyped(digits);
  const value = digits.reduce((sum, digit) => (sum << 5n) | BigInt(digit), 0n);
  const secret = uint(value >> CHECK_BITS, SECRET);
  if ((value & ((1n << CHECK_BITS) - 1n)) !== checksumOf(secret)) throw mistyped(digits);
  return secret;
}

const mistyped = (digits: readonly number[]): CarelatticeError =>
  new CarelatticeError(
    'RecoveryCodeMistyped',
    'this is no recovery code: look for a typing error, it has six groups of five',
    { facts: { symbols: digits.length, wanted: SYMBOLS } },
  );
