import { curve } from '#secp256k1';
import { CarelatticeError } from '../errors.ts';
import { concat, fromHex, toHex, type Hex } from '../hash/bytes.ts';
import { keccak256 } from '../hash/keccak.ts';

/**
 * ECDSA over secp256k1 as Ethereum has it: 65 bytes r ‖ s ‖ v with v = 27 or 28 and s in the lower half of the order
 * (EIP-2), deterministic by RFC 6979.
 */

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
const SIGNATURE = /^0x([0-9a-f]{64})([0-9a-f]{64})(1b|1c)$/;

const accountOfPublicKey = (publicKey: Uint8Array): Hex =>
  toHex(keccak256(publicKey.subarray(1)).subarray(12));

function assertPrivateKey(privateKey: Uint8Array): void {
  if (!curve.isPrivateKey(privateKey)) {
    throw new CarelatticeError('BadPrivateKey', 'this is no secp256k1 private key of 32 bytes');
  }
}

function assertDigest(digest: Uint8Array): void {
  if (digest.length !== 32) {
    throw new CarelatticeError('BadDigest', 'a digest has 32 bytes', {
      facts: { bytes: digest.length },
    });
  }
}

/** The account, lower case, of a 32-byte private key. @throws `BadPrivateKey` */
export function accountOf(privateKey: Uint8Array): Hex {
  assertPrivateKey(privateKey);
  return accountOfPublicKey(curve.publicKeyOf(privateKey));
}

/** Signs a 32-byte digest: 65 bytes r ‖ s ‖ v. @throws `BadPrivateKey`, `BadDigest` */
export function signDigest(privateKey: Uint8Array, digest: Uint8Array): Hex {
  assertPrivateKey(privateKey);
  assertDigest(digest);
  const { signature, recovery } = curve.sign(digest, privateKey);
  return toHex(concat(signature, Uint8Array.of(27 + recovery)));
}

function recoverPublicKey(
  digest: Uint8Array,
  signature: Uint8Array,
  recovery: number,
): Uint8Array | undefined {
  try {
    return curve.recover(digest, signature, recovery);
  } catch {
    return undefined; // r or s out of range, or no point of the curve: nobody signed this
  }
}

/**
 * The account that signed a 32-byte digest, lower case, or undefined when the signature is none: a wrong length (the
 * 64-byte form of EIP-2098 too), v other than 27 and 28, s in the upper half, upper-case hex, r or s out of range.
 * @throws `BadDigest`
 */
export function recoverAccount(digest: Uint8Array, signature: string): Hex | undefined {
  assertDigest(digest);
  const [, r, s, v] = SIGNATURE.exec(signature) ?? [];
  if (r === undefined || s === undefined || BigInt(`0x${s}`) > HALF_ORDER) return undefined;
  const bytes = fromHex(`0x${r}${s}`);
  const publicKey = recoverPublicKey(digest, bytes, v === '1b' ? 0 : 1);
  return publicKey === undefined ? undefined : accountOfPublicKey(publicKey);
}
