import { CarelatticeError } from '../errors.ts';
import { equalBytes, type Hex } from '../hash/bytes.ts';
import type { AllowedSuites } from '../wire/kemSuite.ts';
import { decodeScopePackage, encodeScopePackage } from '../wire/scopePackage.ts';
import type { ScopeEntry, ScopePackage } from '../wire/scopePackage.ts';
import type { Package } from '../wire/typedData.ts';
import { deriveKemKeyPair } from './hpkeSealing.ts';
import type { KemKeyPair, KemPublicKey } from './hpkeSealing.ts';
import {
  openPackage,
  packageHash,
  type PackageAddress,
  type PackageBinding,
  packageMismatch,
  type SealedPackage,
  sealPackage,
} from './signedPackage.ts';

export type { PackageAddress, SealedPackage } from './signedPackage.ts';

const SCOPE = { label: 'scope', hashLabel: 'package' };

/** `packageHash` of a scope package. */
export const packageHashOf = (sealed: Uint8Array): Hex => packageHash(SCOPE, sealed);

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
  const bound: PackageBinding = {
    networkId: address.networkId,
    chainId: address.chainId,
    patientId: content.patientId,
    nodeId: address.nodeId,
    seq: content.seq,
  };
  assertOwn(content, bound);
  return sealPackage(
    { ...SCOPE, allowedSuites },
    encodeScopePackage(content),
    bound,
    nodeKey,
    sign,
  );
}

function assertOwn(
  content: ScopePackage,
  message: Pick<Package, 'patientId' | 'nodeId' | 'seq'>,
): void {
  const fits =
    content.patientId === message.patientId &&
    content.seq === message.seq &&
    content.relation.nodeId === message.nodeId;
  if (!fits) throw packageMismatch();
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
  if (!isMine) throw packageMismatch();
  const signer = { federationId, account: authority, called: "the patient's authority" };
  const kind = { ...SCOPE, allowedSuites };
  const plain = await openPackage(kind, { sealed, signature }, message, nodeKey, signer);
  const content = decodeScopePackage(plain);
  assertOwn(content, message);
  for (const scope of content.scopes) await assertSeed(scope);
  return content;
}
