import { CarelatticeError } from '../errors.ts';
import { concat, equalBytes, fromHex, toHex, uint, utf8, type Hex } from '../hash/bytes.ts';
import { labelledHash } from '../hash/labelled.ts';
import type { AllowedSuites } from '../wire/kemSuite.ts';
import { decodeScopePackage, encodeScopePackage } from '../wire/scopePackage.ts';
import type { ScopeEntry, ScopePackage } from '../wire/scopePackage.ts';
import { typedDigest, type Package } from '../wire/typedData.ts';
import { deriveKemKeyPair, openWith, sealTo } from './hpkeSealing.ts';
import type { KemKeyPair, KemPublicKey } from './hpkeSealing.ts';
import { openingFailed } from './openingFailed.ts';
import { recoverAccount } from './signatures.ts';

/** Where a package goes: with its content's patientId and seq, the typed data `Package`. */
export type PackageAddress = Pick<Package, 'networkId' | 'chainId' | 'nodeId'>;

/** A scope package on its way: everything in it is public but what is sealed. */
export interface SealedPackage {
  readonly message: Package;
  /** 65 bytes of the patient's authority over the typed data `Package`. */
  readonly signature: Hex;
  /** suite (1) ‖ HPKE enc ‖ ciphertext. */
  readonly sealed: Uint8Array;
}

const INFO = utf8('carelattice/v1/scope');

/** `packageHash` = H("package", sealed): what is signed is what travels, so that anybody can check it. */
export const packageHashOf = (sealed: Uint8Array): Hex => toHex(labelledHash('package', sealed));

function contextOf(
  message: Omit<Package, 'packageHash'>,
  allowedSuites: AllowedSuites | undefined,
) {
  const aad = labelledHash(
    'scope',
    fromHex(message.networkId, 32),
    fromHex(message.patientId, 32),
    fromHex(message.nodeId, 32),
    uint(message.seq, 8),
  );
  return { info: INFO, aad, allowedSuites };
}

/**
 * Seals a scope package to a node's KEM key and has the patient's authority sign it.
 * @throws `BadAbi`, `PackageMismatch` when the package holds another node's relation, `UnknownSuite`, `SuiteRefused`,
 * `BadKemKey`
 */
export async function sealScopePackage(
  content: ScopePackage,
  address: PackageAddress,
  nodeKey: KemPublicKey,
  sign: (message: Package) => Hex | Promise<Hex>,
  allowedSuites?: AllowedSuites,
): Promise<SealedPackage> {
  assertOwn(content, { ...address, patientId: content.patientId, seq: content.seq });
  const bound = {
    networkId: address.networkId,
    chainId: address.chainId,
    patientId: content.patientId,
    nodeId: address.nodeId,
    seq: content.seq,
  };
  const body = await sealTo(nodeKey, encodeScopePackage(content), contextOf(bound, allowedSuites));
  const sealed = concat(uint(nodeKey.suite, 1), body);
  const message: Package = { ...bound, packageHash: packageHashOf(sealed) };
  return { message, signature: await sign(message), sealed };
}

function assertOwn(
  content: ScopePackage,
  message: Pick<Package, 'patientId' | 'nodeId' | 'seq'>,
): void {
  const fits =
    content.patientId === message.patientId &&
    content.seq === message.seq &&
    content.relation.nodeId === message.nodeId;
  if (!fits) {
    throw new CarelatticeError('PackageMismatch', 'the package was made for another occasion');
  }
}

/** A seed that gives another key than the one named would leave the node with records it cannot open. */
async function assertSeed({ suite, publicKey, privateSeed }: ScopeEntry): Promise<void> {
  if (privateSeed === undefined) return;
  const derived = await deriveKemKeyPair(suite, privateSeed);
  if (!equalBytes(derived.publicKey.bytes, publicKey)) {
    throw new CarelatticeError(
      'ScopeKeyMismatch',
      'a private scope key does not fit its public key',
    );
  }
}

export interface PackageOpening {
  readonly federationId: Hex;
  /** The account that signs for the patient. */
  readonly authority: Hex;
  /** This node: a package for another node, network or chain is refused. */
  readonly address: PackageAddress;
  readonly allowedSuites?: AllowedSuites | undefined;
}

/**
 * Opens a scope package at the node it is for: signature first, then the seal, then what is inside.
 * @throws `PackageMismatch`, `BadPackageSignature`, `OpeningFailed`, `BadScopePackage`, `ScopeKeyMismatch`,
 * `UnknownSuite`, `SuiteRefused`
 */
export async function openScopePackage(
  { message, signature, sealed }: SealedPackage,
  nodeKey: KemKeyPair,
  { federationId, authority, address, allowedSuites }: PackageOpening,
): Promise<ScopePackage> {
  const isMine =
    message.networkId === address.networkId &&
    message.chainId === address.chainId &&
    message.nodeId === address.nodeId &&
    message.packageHash === packageHashOf(sealed);
  if (!isMine) {
    throw new CarelatticeError('PackageMismatch', 'the package was made for another occasion');
  }
  const digest = typedDigest('Package', federationId, message);
  if (recoverAccount(digest, signature) !== authority) {
    throw new CarelatticeError(
      'BadPackageSignature',
      "the package is not signed by the patient's authority",
    );
  }
  if (sealed[0] !== nodeKey.publicKey.suite) throw openingFailed();
  const plain = await openWith(nodeKey, sealed.subarray(1), contextOf(message, allowedSuites));
  const content = decodeScopePackage(plain);
  assertOwn(content, message);
  for (const scope of content.scopes) await assertSeed(scope);
  return content;
}
