import { CarelatticeError } from '../errors.ts';
import { type Hex, toHex, utf8 } from '../hash/bytes.ts';
import { keccak256 } from '../hash/keccak.ts';
import { structHashOf, typedDigest } from './typedData.ts';
import type { Consent, Guardianship, NetworkScope } from './typedData.ts';

/** As `grantee`: every node or reader that the network has admitted. */
export const ANY_ADMITTED_NODE: Hex = toHex(keccak256(utf8('carelattice/any-admitted-node')));

/**
 * What a verifier gets of a document that lists networks: its own scope opened, of all scopes the struct hashes in
 * signing order. Scopes are salted, so that it learns nothing of her other pseudonyms.
 */
type Shown<T extends { readonly networks: unknown }> = Omit<T, 'networks'> & {
  readonly own: NetworkScope;
  readonly scopeHashes: readonly Hex[];
};
export type ShownConsent = Shown<Consent>;
export type ShownGuardianship = Shown<Guardianship>;

const scopeHash = (scope: NetworkScope): Hex => toHex(structHashOf('NetworkScope', scope));

function show<T extends Consent | Guardianship>(document: T, networkId: Hex): Shown<T> {
  const { networks, ...rest } = document;
  const own = networks.find((scope) => scope.networkId === networkId);
  if (own === undefined) {
    throw new CarelatticeError('NotThisNetwork', 'the document does not name this network', {
      facts: { network: networkId },
    });
  }
  return { ...rest, own, scopeHashes: networks.map(scopeHash) };
}

/** A consent as a verifier of `networkId` sees it. @throws `NotThisNetwork` */
export const showConsent = (consent: Consent, networkId: Hex): ShownConsent =>
  show(consent, networkId);

/** A guardianship as a verifier of `networkId` sees it. @throws `NotThisNetwork` */
export const showGuardianship = (guardianship: Guardianship, networkId: Hex): ShownGuardianship =>
  show(guardianship, networkId);

/** Whether the opened scope is one of those that were signed. */
export const showsOwnScope = ({ own, scopeHashes }: ShownConsent | ShownGuardianship): boolean =>
  scopeHashes.includes(scopeHash(own));

function signedForm<T extends Consent | Guardianship>(document: T | Shown<T>): T {
  if ('networks' in document) return document;
  const { scopeHashes, own: _, ...rest } = document;
  // The digest takes the hash of a struct in the struct's place, which the type does not tell.
  return { ...rest, networks: scopeHashes } as unknown as T;
}

/**
 * The EIP-712 digest of a consent, whole or as shown: what her account signs and what the chain keeps. Of a shown one it
 * says nothing about `own`: see `showsOwnScope`.
 * @throws `BadAbi` when a field does not fit its type
 */
export const consentDigest = (federationId: Hex, consent: Consent | ShownConsent): Hex =>
  toHex(typedDigest('Consent', federationId, signedForm<Consent>(consent)));

/** As `consentDigest`, of a guardianship: what a delegate's consent names in `guardianship`. @throws `BadAbi` */
export const guardianshipDigest = (
  federationId: Hex,
  guardianship: Guardianship | ShownGuardianship,
): Hex => toHex(typedDigest('Guardianship', federationId, signedForm<Guardianship>(guardianship)));
