import { CarelatticeError } from '../errors.ts';
import { concat, fromHex, type Hex, toHex, uint, utf8 } from '../hash/bytes.ts';
import { labelledHash } from '../hash/labelled.ts';
import type { AllowedSuites } from '../wire/kemSuite.ts';
import { type Package, typedDigest } from '../wire/typedData.ts';
import { type KemKeyPair, type KemPublicKey, openWith, sealTo } from './hpkeSealing.ts';
import { openingFailed } from './openingFailed.ts';
import { recoverAccount } from './signatures.ts';

/** What is sealed to one key and signed as the typed data `Package`; the kinds differ in labels and in what is inside. */

/** Where a package goes: with its content's patientId and seq, the typed data `Package`. */
export type PackageAddress = Pick<Package, 'networkId' | 'chainId' | 'nodeId'>;

/** What a package is bound to before it is sealed. */
export type PackageBinding = Omit<Package, 'packageHash'>;

/** A package on its way: everything in it is public but what is sealed. */
export interface SealedPackage {
  readonly message: Package;
  /** 65 bytes over the typed data `Package`. */
  readonly signature: Hex;
  /** suite (1) ‖ HPKE enc ‖ ciphertext. */
  readonly sealed: Uint8Array;
}

export interface PackageKind {
  /** Of the HPKE info `carelattice/v1/<label>` and of the additional data. */
  readonly label: string;
  /** Of `packageHash`; another for each kind, so that no signature serves for two. */
  readonly hashLabel: string;
  readonly allowedSuites?: AllowedSuites | undefined;
}

/** `packageHash` = H(label, sealed): what is signed is what travels, so that anybody can check it. */
export const packageHash = ({ hashLabel }: PackageKind, sealed: Uint8Array): Hex =>
  toHex(labelledHash(hashLabel, sealed));

const contextOf = ({ label, allowedSuites }: PackageKind, bound: PackageBinding) => ({
  info: utf8(`carelattice/v1/${label}`),
  aad: labelledHash(
    label,
    fromHex(bound.networkId, 32),
    fromHex(bound.patientId, 32),
    fromHex(bound.nodeId, 32),
    uint(bound.seq, 8),
  ),
  allowedSuites,
});

/** @throws `UnknownSuite`, `SuiteRefused`, `BadKemKey` */
export async function sealPackage(
  kind: PackageKind,
  plain: Uint8Array,
  bound: PackageBinding,
  key: KemPublicKey,
  sign: (message: Package) => Hex | Promise<Hex>,
): Promise<SealedPackage> {
  const sealed = concat(uint(key.suite, 1), await sealTo(key, plain, contextOf(kind, bound)));
  const message: Package = { ...bound, packageHash: packageHash(kind, sealed) };
  return { message, signature: await sign(message), sealed };
}

export interface PackageSigner {
  readonly federationId: Hex;
  readonly account: Hex;
  /** As the error calls it. */
  readonly called: string;
}

/** The plaintext, signature first, then the seal. @throws `BadPackageSignature`, `OpeningFailed`, `UnknownSuite`, `SuiteRefused` */
export async function openPackage(
  kind: PackageKind,
  { sealed, signature }: Pick<SealedPackage, 'sealed' | 'signature'>,
  bound: PackageBinding,
  keyPair: KemKeyPair,
  { federationId, account, called }: PackageSigner,
): Promise<Uint8Array> {
  const message = { ...bound, packageHash: packageHash(kind, sealed) };
  if (recoverAccount(typedDigest('Package', federationId, message), signature) !== account) {
    throw new CarelatticeError('BadPackageSignature', `the package is not signed by ${called}`);
  }
  if (sealed[0] !== keyPair.publicKey.suite) throw openingFailed();
  return openWith(keyPair, sealed.subarray(1), contextOf(kind, bound));
}

/** A package that says inside something else than outside. */
export const packageMismatch = (): CarelatticeError =>
  new CarelatticeError('PackageMismatch', 'the package was made for another occasion');
