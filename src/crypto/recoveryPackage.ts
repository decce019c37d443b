import type { Hex } from '../hash/bytes.ts';
import { decodeMessage, encodeMessage } from '../wire/messages.ts';
import { type RecoveryContent, recoveryContent } from '../wire/recoveryMessages.ts';
import type { Package } from '../wire/typedData.ts';
import type { KemKeyPair, KemPublicKey } from './hpkeSealing.ts';
import {
  openPackage,
  type PackageAddress,
  type PackageBinding,
  packageMismatch,
  type SealedPackage,
  sealPackage,
} from './signedPackage.ts';

/** What a node gives back to a patient: sealed to her inbox key, signed by the node. */

const RECOVERY = { label: 'recovery', hashLabel: 'recovery' };

/** @throws `UnknownSuite`, `SuiteRefused`, `BadKemKey` */
export async function sealRecovery(
  content: RecoveryContent,
  address: PackageAddress,
  inboxKey: KemPublicKey,
  sign: (message: Package) => Hex,
): Promise<SealedPackage> {
  const bound = { ...address, patientId: content.patientId, seq: BigInt(content.seq) };
  return sealPackage(RECOVERY, encodeMessage(content), bound, inboxKey, sign);
}

/**
 * Opens what the node of the address gave: signature first, then the seal.
 * @param account of the node's signing key
 * @throws `BadPackageSignature`, `OpeningFailed`, `MalformedBody`, `PackageMismatch`
 */
export async function openRecovery(
  sealed: Uint8Array,
  signature: Hex,
  address: PackageBinding,
  inboxKey: KemKeyPair,
  { federationId, account }: { federationId: Hex; account: Hex },
): Promise<RecoveryContent> {
  const signer = { federationId, account, called: 'the node' };
  const plain = await openPackage(RECOVERY, { sealed, signature }, address, inboxKey, signer);
  const content = decodeMessage(recoveryContent, plain);
  if (content.patientId !== address.patientId || BigInt(content.seq) !== address.seq)
    throw packageMismatch();
  return content;
}
