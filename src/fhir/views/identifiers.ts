import type { CodeableConcept, Coding, Identifier, Period, Reference } from '@medplum/fhirtypes';
import { fromHex, type Hex } from '../../hash/bytes.ts';

/** How our names stand in FHIR. Each is opaque: a digest, a pseudonym, an account. */
export const SYSTEMS = {
  /** EIP-712 digest of a consent. */
  consent: 'urn:carelattice:consent',
  /** Salted id of an emergency request. */
  emergency: 'urn:carelattice:emergency',
  /** Signed digest of a patient's relations, by which a holder opens what it holds itself. */
  relations: 'urn:carelattice:relations',
  /** Digest of an access receipt, and of the request it answers. */
  receipt: 'urn:carelattice:receipt',
  request: 'urn:carelattice:request',
  /** Node or reader, by its id in `NodeRegistry`. */
  node: 'urn:carelattice:node',
  network: 'urn:carelattice:network',
  /** A patient's pseudonym in one network. */
  patient: 'urn:carelattice:patient',
  record: 'urn:carelattice:record',
  anchor: 'urn:carelattice:anchor',
  category: 'urn:carelattice:category',
  sensitivity: 'urn:carelattice:sensitivity',
} as const;

/** FHIR's system of identifiers that are URIs. */
const URI_SYSTEM = 'urn:ietf:rfc:3986';

export const identifierOf = (system: keyof typeof SYSTEMS, value: string): Identifier => ({
  system: SYSTEMS[system],
  value,
});

/** A reference by identifier: what it names lies with no FHIR server. */
export function referenceTo<T extends NonNullable<Reference['resource']>>(
  type: T['resourceType'],
  identifier: Identifier,
  display?: string,
): Reference<T> {
  return { type, identifier, ...named(display) };
}

/** A display where there is one: FHIR has no empty texts and none of blanks alone. */
const named = (display: string | undefined): { display?: string } => {
  const text = plainText(display ?? '').trim();
  return text === '' ? {} : { display: text };
};

/** What a signed text says of a code that no system knows; its digest has the rest. */
export const shownText = (text: string): string => plainText(text).trim() || 'unknown';

/** A wallet account as a did:pkh over its CAIP-10 name. */
export const accountIdentifier = (chainId: bigint, account: Hex): Identifier => ({
  system: URI_SYSTEM,
  value: `did:pkh:eip155:${chainId}:${account}`,
});

export const uriIdentifier = (uri: string): Identifier => ({ system: URI_SYSTEM, value: uri });

export const codingOf = (system: string, code: string, display?: string): Coding => ({
  system,
  code,
  ...named(display),
});

export const conceptOf = (system: string, code: string, display?: string): CodeableConcept => ({
  coding: [codingOf(system, code, display)],
});

/** The last second that FHIR's four-digit years can say. */
const LAST_SECOND = 253_402_300_799n;

/** Unix seconds as a FHIR instant in UTC; a time beyond the year 9999 is the last second of that. */
export function instantOf(seconds: bigint | number): string {
  const whole = BigInt(seconds);
  const told = whole > LAST_SECOND ? LAST_SECOND : whole;
  return new Date(Number(told) * 1000).toISOString().replace('.000Z', 'Z');
}

/** A period of Unix seconds; zero at either end is open. Undefined when both are. */
export function periodOf(from: bigint, to: bigint): Period | undefined {
  if (from === 0n && to === 0n) return undefined;
  return {
    ...(from === 0n ? {} : { start: instantOf(from) }),
    ...(to === 0n ? {} : { end: instantOf(to) }),
  };
}

export function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export const base64OfHex = (hex: Hex): string => base64Of(fromHex(hex));

/** What neither XML nor a FHIR string may hold becomes the replacement character; tab and line ends stay. */
export const plainText = (text: string): string =>
  text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
