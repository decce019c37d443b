import { recoverAccount, signDigest } from '../../crypto/signatures.ts';
import { checkStatement } from '../../domain/consentStatement.ts';
import { CarelatticeError } from '../../errors.ts';
import { fromHex, type Hex } from '../../hash/bytes.ts';
import {
  consentDigest,
  guardianshipDigest,
  showConsent,
  showGuardianship,
} from '../../wire/consent.ts';
import { assertConsentForm, assertGuardianshipForm } from '../../wire/consentForm.ts';
import type { PatientMessage } from '../../wire/messages.ts';
import type { ReadPackage } from '../../wire/readPackage.ts';
import {
  type Consent,
  type Guardianship,
  typedDataOf,
  type WalletTypedData,
} from '../../wire/typedData.ts';
import { jsonOf } from '../../wire/typedDataJson.ts';
import {
  consentIn,
  guardianshipIn,
  type KeptConsent,
  keepConsent,
  keptConsentOf,
} from './keptConsents.ts';
import { grantMessage } from '../patientMessages.ts';
import { authorityOf, type Wallet } from '../wallet/wallet.ts';

/** A consent or guardianship ready to be signed: its exact text, and what a wallet is asked to sign. */
export interface SigningTask {
  readonly statement: string;
  readonly language: string;
  readonly typedData: WalletTypedData;
  readonly digest: Hex;
  /** The account that has to sign. */
  readonly signer: Hex;
}

type Document = Consent | Guardianship;

const isGuardianship = (document: Document): document is Guardianship => 'delegate' in document;

/**
 * What is shown before `signer` signs.
 * @throws `MalformedConsent`, `StatementMismatch`, `UnknownTemplate`: nobody is asked to sign what no holder takes
 */
export function signingTask(document: Document, federationId: Hex, signer: Hex): SigningTask {
  checkStatement(document);
  const { statement, language } = document;
  if (isGuardianship(document)) {
    assertGuardianshipForm(document);
    const typedData = typedDataOf('Guardianship', federationId, document);
    const digest = guardianshipDigest(federationId, document);
    return { statement, language, typedData, digest, signer };
  }
  assertConsentForm(document);
  const typedData = typedDataOf('Consent', federationId, document);
  return { statement, language, typedData, digest: consentDigest(federationId, document), signer };
}

/** @throws `BadSignature` unless `signer` signed it, 65 bytes with low s and v 27 or 28 */
export function requireSignature({ digest, signer }: SigningTask, signature: Hex): void {
  if (recoverAccount(fromHex(digest, 32), signature) === signer) return;
  throw new CarelatticeError(
    'BadSignature',
    'the signature is not of the account that has to sign; take the wallet with that account',
    { facts: { signer } },
  );
}

/** A signed consent, and the message that brings it to the chain. */
export interface SignedConsent {
  readonly kept: KeptConsent;
  readonly grant: PatientMessage;
}

/**
 * Signs with the wallet's own key, or takes a signature made elsewhere, and remembers it in the wallet.
 * @throws `BadSignature`, and as `signingTask`
 */
export function signConsent(
  wallet: Wallet,
  federationId: Hex,
  document: Document,
  signature?: Hex,
): SignedConsent {
  const task = signingTask(document, federationId, authorityOf(wallet));
  const { digest, signer } = task;
  const made = signature ?? signDigest(fromHex(wallet.authorityKey, 32), fromHex(digest, 32));
  requireSignature(task, made);
  const message = messageOf(document);
  const shared = { message, digest, federationId, signer, signature: made, revoked: false };
  const kept: KeptConsent = isGuardianship(document)
    ? { struct: 'Guardianship', ...shared }
    : { struct: 'Consent', ...shared, ...guardianshipOf(document) };
  keepConsent(wallet, kept);
  return { kept, grant: grantMessage(patientIdOf(document), signer, digest, made) };
}

/**
 * Takes a guardianship that a patient signed for this wallet's account, so that consents can be signed under it.
 * @throws `BadSignature`, `NotHerSigner` when another account is the delegate, and as `signingTask`
 */
export function takeGuardianship(
  wallet: Wallet,
  federationId: Hex,
  guardianship: Guardianship,
  signature: Hex,
): KeptConsent {
  const task = signingTask(guardianship, federationId, guardianship.patient);
  requireSignature(task, signature);
  if (guardianship.delegate !== authorityOf(wallet)) {
    throw new CarelatticeError('NotHerSigner', 'the guardianship is for another account', {
      facts: { delegate: guardianship.delegate },
    });
  }
  const kept: KeptConsent = {
    struct: 'Guardianship',
    message: messageOf(guardianship),
    digest: task.digest,
    federationId,
    signer: task.signer,
    signature,
    revoked: false,
  };
  keepConsent(wallet, kept);
  return kept;
}

// A document is an object of fields.
const messageOf = (document: Document) => jsonOf(document) as Record<string, unknown>;

const guardianshipOf = ({ guardianship }: Consent): { guardianship?: Hex } =>
  /^0x0*$/.test(guardianship) ? {} : { guardianship };

/** Her id at home: whose message it is for the consensus node. */
function patientIdOf({ home, networks }: Document): Hex {
  const scope = networks.find(({ networkId }) => networkId === home);
  if (scope === undefined) throw new Error('home is one of the networks, by its form');
  return scope.patientId;
}

/**
 * What the patient hands a reader, for one network and one holder.
 * @throws `NotThisNetwork`, `ConsentUnknown` when the wallet has not the consent or its guardianship
 */
export function readPackageFor(
  wallet: Wallet,
  digest: Hex,
  { networkId, serving }: { networkId: Hex; serving: Hex },
): ReadPackage {
  const kept = keptConsentOf(wallet, digest);
  const consent = showConsent(consentIn(kept), networkId);
  const above = kept.struct === 'Consent' ? kept.guardianship : undefined;
  return {
    consent,
    signer: kept.signer,
    signature: kept.signature,
    ...(above === undefined ? {} : { guardianship: shownGuardian(wallet, above, networkId) }),
    network: { networkId, chainId: consent.own.chainId },
    serving,
  };
}

function shownGuardian(wallet: Wallet, digest: Hex, networkId: Hex) {
  const kept = keptConsentOf(wallet, digest);
  return {
    message: showGuardianship(guardianshipIn(kept), networkId),
    signature: kept.signature,
  };
}
