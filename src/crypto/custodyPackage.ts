import type { Hex } from '../hash/bytes.ts';
import { type CustodyContent, custodyContent } from '../wire/emergencyMessages.ts';
import { decodeMessage, encodeMessage } from '../wire/messages.ts';
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

/** What a patient gives a custodian of her emergency card. */

const CUSTODY = { label: 'custody', hashLabel: 'custody' };

/** @throws `UnknownSuite`, `SuiteRefused`, `BadKemKey` */
export async function sealCustody(
  content: CustodyContent,
  address: PackageAddress,
  nodeKey: KemPublicKey,
  sign: (message: Package) => Hex,
): Promise<SealedPackage> {
  const bound = { ...address, patientId: content.patientId, seq: BigInt(content.cardEpoch) };
  return sealPackage(CUSTODY, encodeMessage(content), bound, nodeKey, sign);
}

export interface CustodyOpening {
  readonly federationId: Hex;
  /** The account that signs for the patient. */
  readonly authority: Hex;
}

/**
 * Opens it at the custodian that the message names: signature first, then the seal.
 * @throws `BadPackageSignature`, `OpeningFailed`, `MalformedBody`, `PackageMismatch`
 */
export async function openCustody(
  sealed: Uint8Array,
  signature: Hex,
  address: PackageBinding,
  nodeKey: KemKeyPair,
  { federationId, authority: account }: CustodyOpening,
): Promise<CustodyContent> {
  const signer = { federationId, account, called: "the patient's authority" };
  const plain = await openPackage(CUSTODY, { sealed, signature }, address, nodeKey, signer);
  const content = decodeMessage(custodyContent, plain);
  if (content.patientId !== address.patientId || BigInt(content.cardEpoch) !== address.seq)
    throw packageMismatch();
  return content;
}
