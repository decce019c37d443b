import { recoverAccount } from '../../crypto/signatures.ts';
import { checkStatement } from '../../domain/consentStatement.ts';
import { CarelatticeError } from '../../errors.ts';
import { fromHex, type Hex, ZERO_32 } from '../../hash/bytes.ts';
import { consentDigest, guardianshipDigest } from '../../wire/consent.ts';
import { assertConsentForm, assertGuardianshipForm } from '../../wire/consentForm.ts';
import { itemsOf, type ExportHead, type ExportItem, type ItemOf } from './exportItems.ts';
import { at, type Notes } from './findings.ts';

type ExportedConsent = ItemOf<'consent'>;

/** Each consent: form, text, whose it is, signature; its status is the chain's to say. */
export function verifyConsents(head: ExportHead, items: readonly ExportItem[], notes: Notes): void {
  for (const one of itemsOf(items, 'consent')) verifyConsent(head, one, notes);
}

function verifyConsent(head: ExportHead, one: ExportedConsent, notes: Notes): void {
  const { consent, signer, status } = one;
  const digest = consentDigest(head.federationId, consent);
  const place = at('consent', digest);
  wellFormed(place, notes, () => {
    assertConsentForm(consent);
    checkStatement(consent);
  });
  if (!isOfHers(head, consent)) {
    notes.find('NotHerConsent', place, 'it names another patient, network or registry');
  }
  if (consent.guardianship === ZERO_32) {
    if (signer !== consent.patient) notes.find('NotHerConsent', place, 'another account signed it');
  } else verifyGuardianship(head, one, place, notes);
  signedBy({ signer, digest, signature: one.signature, by: one.signedBy }, place, notes);
  const { epoch } = consent;
  notes.claim({ kind: 'status', signer, digest, epoch, ...status });
}

function wellFormed(place: string, notes: Notes, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof CarelatticeError)) throw error;
    notes.find('StatementMismatch', place, error.message);
  }
}

function isOfHers(
  head: ExportHead,
  { patient, own }: Pick<ExportedConsent['consent'], 'patient' | 'own'>,
): boolean {
  return (
    head.accounts.includes(patient) &&
    own.patientId === head.patientId &&
    own.networkId === head.networkId &&
    own.chainId === BigInt(head.chainId) &&
    own.registry === head.contracts.ConsentRegistry
  );
}

/** A delegate signed: under a guardianship that is shown, hers, and for this delegate. */
function verifyGuardianship(
  head: ExportHead,
  { consent, signer, guardianship }: ExportedConsent,
  place: string,
  notes: Notes,
): void {
  if (guardianship === undefined) {
    notes.find('NotHerConsent', place, 'the guardianship it was signed under is not shown');
    return;
  }
  const { message, signature } = guardianship;
  const digest = guardianshipDigest(head.federationId, message);
  wellFormed(place, notes, () => {
    assertGuardianshipForm(message);
    checkStatement(message);
  });
  const isIts =
    digest === consent.guardianship && message.delegate === signer && isOfHers(head, message);
  if (!isIts) notes.find('NotHerConsent', place, 'it was signed under another guardianship');
  signedBy({ signer: message.patient, digest, signature, by: 'account' }, place, notes);
}

interface Signed {
  readonly signer: Hex;
  readonly digest: Hex;
  readonly signature: Hex;
  readonly by: ExportedConsent['signedBy'];
}

function signedBy({ signer, digest, signature, by }: Signed, place: string, notes: Notes): void {
  if (by === 'contract') {
    notes.claim({ kind: 'contractSignature', signer, digest, signature });
    return;
  }
  if (recoverAccount(fromHex(digest), signature) !== signer) {
    notes.find('SignatureWrong', place, `account ${signer} did not sign it`);
  }
}
