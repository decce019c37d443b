import type { Reference, Signature } from '@medplum/fhirtypes';
import type { Hex } from '../../hash/bytes.ts';
import { base64OfHex, codingOf, instantOf } from './identifiers.ts';

/** Purposes of signatures by ASTM E1762-95, as FHIR's value set `signature-type` has them. */
const PURPOSES = {
  author: ['1.2.840.10065.1.12.1.1', "Author's Signature"],
  consent: ['1.2.840.10065.1.12.1.7', 'Consent Signature'],
} as const;

/** Extension that names what was signed: the EIP-712 digest, hex with 0x. */
export const DIGEST_EXTENSION = 'urn:carelattice:fhir:typed-data-digest';

export interface SignedDigest {
  readonly purpose: keyof typeof PURPOSES;
  /** EIP-712 digest that was signed. */
  readonly digest: Hex;
  readonly signature: Hex;
  /** Unix seconds. */
  readonly when: bigint | number;
  readonly who: Signature['who'] & Reference;
}

/** An EIP-712 signature as a FHIR Signature: 65 bytes r ‖ s ‖ v, or what a contract wallet takes. */
export function signatureOf({ purpose, digest, signature, when, who }: SignedDigest): Signature {
  const [code, display] = PURPOSES[purpose];
  return {
    extension: [{ url: DIGEST_EXTENSION, valueString: digest }],
    type: [codingOf('urn:iso-astm:E1762-95:2013', code, display)],
    when: instantOf(when),
    who,
    sigFormat: 'application/octet-stream',
    data: base64OfHex(signature),
  };
}
