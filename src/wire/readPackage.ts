import { z } from 'zod';
import type { Hex } from '../hash/bytes.ts';
import type { ShownConsent, ShownGuardianship } from './consent.ts';
import { jsonIn, parsedAs } from './consentFile.ts';
import { assertConsentForm, assertGuardianshipForm } from './consentForm.ts';
import { decodeMessage, encodeMessage } from './messages.ts';
import {
  accountJson,
  fieldsJson,
  hex32Json,
  hexJson,
  jsonOf,
  typedDataJson,
  uintJson,
} from './typedDataJson.ts';

/** What a patient gives a reader once, and the reader shows a holder with every request. */
export interface ReadPackage {
  readonly consent: ShownConsent;
  /** Who signed the consent: her authority, or the delegate of the guardianship. */
  readonly signer: Hex;
  readonly signature: Hex;
  /** Under which a delegate signed; the signature is hers. */
  readonly guardianship?: { readonly message: ShownGuardianship; readonly signature: Hex };
  /** Where it is to be used. */
  readonly network: { readonly networkId: Hex; readonly chainId: bigint };
  /** Node id of the holder that is to serve. */
  readonly serving: Hex;
}

const shownFields = (name: 'Consent' | 'Guardianship'): Record<string, z.ZodType> => {
  const { networks: _, ...fields } = fieldsJson(name);
  return {
    ...fields,
    own: typedDataJson('NetworkScope'),
    scopeHashes: z.array(hex32Json).min(1).max(32),
  };
};

// Both are built from the declaration of the structs, which the types are made of as well.
const shownConsent = z.strictObject(shownFields('Consent')) as unknown as z.ZodType<ShownConsent>;
const shownGuardianship = z.strictObject(
  shownFields('Guardianship'),
) as unknown as z.ZodType<ShownGuardianship>;

/** The package as JSON, and as CBOR with its hex as byte strings; see `typedDataJson` for numbers. */
export const readPackageJson = z.strictObject({
  consent: shownConsent,
  signer: accountJson,
  signature: hexJson,
  guardianship: z.strictObject({ message: shownGuardianship, signature: hexJson }).exactOptional(),
  network: z.strictObject({ networkId: hex32Json, chainId: uintJson(256) }),
  serving: hex32Json,
}) satisfies z.ZodType<ReadPackage>;

function checked(value: ReadPackage): ReadPackage {
  const { consent, guardianship } = value;
  assertConsentForm(consent, 'consent.');
  if (guardianship !== undefined) {
    assertGuardianshipForm(guardianship.message, 'guardianship.message.');
  }
  return value;
}

/** Reads an opened JSON value. @throws `MalformedConsent` with the place */
export const readPackageOf = (value: unknown): ReadPackage =>
  checked(parsedAs(readPackageJson, value));

/** The file that she hands a reader. */
export const readPackageText = (value: ReadPackage): string =>
  `${JSON.stringify(jsonOf(value), undefined, 2)}\n`;

/** Reads such a file, edited by hand or not. @throws `MalformedConsent` with the place */
export const parseReadPackage = (text: string): ReadPackage => readPackageOf(jsonIn(text));

/** As the body of a message. */
export const encodeReadPackage = (value: ReadPackage): Uint8Array =>
  encodeMessage(Object(jsonOf(value)) as object);

/** @throws `MalformedBody`, `MalformedConsent` with the place */
export const decodeReadPackage = (body: Uint8Array): ReadPackage =>
  readPackageOf(decodeMessage(z.unknown(), body));
