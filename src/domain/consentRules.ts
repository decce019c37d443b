import { CarelatticeError } from '../errors.ts';
import { type Hex, ZERO_32 } from '../hash/bytes.ts';
import { ANY_ADMITTED_NODE, type ShownConsent, type ShownGuardianship } from '../wire/consent.ts';
import { assertConsentForm, assertGuardianshipForm } from '../wire/consentForm.ts';
import { checkStatement } from './consentStatement.ts';

/**
 * What a holder asks of a consent before it serves, one function per check, in the order of security.md 8.4. The codes
 * are the errors of `ConsentRegistry.isAllowed`, which makes the same checks but those of form, text and name.
 */

/** What the holder knows of its own network and of the patient whose records it is asked for. */
export interface OwnNetwork {
  readonly networkId: Hex;
  readonly chainId: bigint;
  /** Address of this network's ConsentRegistry. */
  readonly registry: Hex;
  readonly patientId: Hex;
  /** Who signs for her now; undefined when she was never opened here. */
  readonly authority: Hex | undefined;
  /** A node or reader of the network's registry; undefined when it was never admitted. */
  granteeOf(nodeId: Hex): Grantee | undefined;
}

export interface Grantee {
  readonly name: string;
  readonly state: 'admitted' | 'suspended' | 'removed';
}

/** States of `ConsentRegistry.statusOf`. */
export const CONSENT_STATE = { none: 0, active: 1, revoked: 2 } as const;

/**
 * A delegate's consent has the delegate's epoch. Under the patient's account its status is read with this one, and tells
 * of her own revocation alone.
 */
export const HIGHEST_EPOCH = 2n ** 64n - 1n;

/** As `ConsentRegistry.statusOf` tells it; `state` is one of `CONSENT_STATE`, `grantedAt` in Unix seconds. */
export interface ConsentStatus {
  readonly state: number;
  readonly grantedAt: bigint;
}

/** A guardianship as it is shown, its digest computed by the verifier, and what the patient's own account says. */
export interface ShownGuardian {
  readonly message: ShownGuardianship;
  readonly digest: Hex;
  /** Of the guardianship. */
  readonly status: ConsentStatus;
  /** Of the delegate's consent: she may take that back alone. Read with the highest epoch, for it is not hers. */
  readonly consentStatus: ConsentStatus;
}

/** A request under a consent. */
export interface ConsentUse {
  readonly consent: ShownConsent;
  /** Who signed it, under whose account `status` was read. */
  readonly signer: Hex;
  readonly status: ConsentStatus;
  readonly guardian?: ShownGuardian;
  readonly own: OwnNetwork;
  /** Unix seconds of the newest block; no other clock counts. */
  readonly chainTime: bigint;
  readonly reader: Hex;
  readonly purpose: string;
  readonly action: string;
}

/** What a consent looks at in a record. */
export interface RecordFacts {
  readonly category: string;
  readonly sensitivity: readonly string[];
  readonly anchor: Hex;
  readonly author: Hex;
  /** Unix seconds. */
  readonly eventFrom: bigint;
  readonly eventTo: bigint;
}

type Refusal = CarelatticeError | undefined;
type Document = ShownConsent | ShownGuardianship;

/** Form and text, of which the chain knows nothing. */
function textCheck({ consent, guardian }: ConsentUse): Refusal {
  try {
    assertConsentForm(consent);
    checkStatement(consent);
    if (guardian !== undefined) {
      assertGuardianshipForm(guardian.message);
      checkStatement(guardian.message);
    }
  } catch (error) {
    if (error instanceof CarelatticeError) return error;
    throw error;
  }
  return undefined;
}

function placeRefusal(document: Document, own: OwnNetwork): Refusal {
  const { networkId, chainId, registry, patientId } = document.own;
  if (networkId !== own.networkId || chainId !== own.chainId) {
    return new CarelatticeError('NotThisNetwork', 'it was not signed for this network', {
      facts: { network: own.networkId },
    });
  }
  if (registry !== own.registry) {
    return new CarelatticeError('NotThisRegistry', 'it was signed for another registry', {
      facts: { registry: own.registry },
    });
  }
  if (patientId !== own.patientId) {
    return new CarelatticeError('NotThisPatient', 'it was signed for records of another patient');
  }
  return undefined;
}

const placeCheck = ({ consent, own }: ConsentUse): Refusal => placeRefusal(consent, own);

const notHerSigner = (problem: string): CarelatticeError =>
  new CarelatticeError('NotHerSigner', 'nobody who may sign for the patient signed it', {
    facts: { problem },
  });

/** Depth 1: a guardianship is hers alone, so that a delegate's own guardianship is none. */
function signerCheck({ consent, signer, guardian, own }: ConsentUse): Refusal {
  const { authority } = own;
  if (authority === undefined) {
    return new CarelatticeError('UnknownPatient', 'no such patient was opened in this network');
  }
  if (consent.patient !== authority) return notHerSigner('it names an account that is not hers');
  if (consent.guardianship === ZERO_32) {
    return signer === authority ? undefined : notHerSigner('it names no guardianship');
  }
  if (guardian?.digest !== consent.guardianship) {
    return notHerSigner('its guardianship was not shown');
  }
  const { patient, delegate } = guardian.message;
  if (patient !== authority) return notHerSigner('the guardianship is not hers');
  return delegate === signer ? undefined : notHerSigner('the guardianship names another delegate');
}

function timeRefusal(
  { notBefore, notAfter }: Document,
  chainTime: bigint,
  document: string,
): Refusal {
  if (chainTime < notBefore) {
    return new CarelatticeError('NotYetValid', 'it does not hold yet; the chain’s time counts', {
      facts: { document, notBefore, chainTime },
    });
  }
  if (chainTime > notAfter) {
    return new CarelatticeError('Expired', 'its time is over; ask her for a new one', {
      facts: { document, notAfter, chainTime },
    });
  }
  return undefined;
}

const timeCheck = ({ consent, chainTime }: ConsentUse): Refusal =>
  timeRefusal(consent, chainTime, 'consent');

function grantedInTimeCheck({ consent, status }: ConsentUse): Refusal {
  if (status.grantedAt <= consent.submitBy) return undefined;
  return new CarelatticeError('GrantedTooLate', 'it came to the chain after its submitBy', {
    facts: { submitBy: consent.submitBy, grantedAt: status.grantedAt },
  });
}

const ACTIVE = 1;
const REVOKED = 2;

function statusRefusal({ state }: ConsentStatus, document: string): Refusal {
  if (state === CONSENT_STATE.none) {
    return new CarelatticeError('NotGranted', 'the chain does not know it; bring it there first', {
      facts: { document },
    });
  }
  if (state === ACTIVE) return undefined;
  return new CarelatticeError('Revoked', 'it was taken back; ask for a new one', {
    facts: { document },
  });
}

const statusCheck = ({ status }: ConsentUse): Refusal => statusRefusal(status, 'consent');

/** A delegate's consent lives no longer, and reaches no further, than the guardianship. */
function guardianshipCheck({ consent, guardian, own, chainTime }: ConsentUse): Refusal {
  if (guardian === undefined || consent.guardianship === ZERO_32) return undefined;
  const { message, status, consentStatus } = guardian;
  const isTakenBack = consentStatus.state === REVOKED;
  const early =
    placeRefusal(message, own) ??
    timeRefusal(message, chainTime, 'guardianship') ??
    statusRefusal(status, 'guardianship') ??
    (isTakenBack ? statusRefusal(consentStatus, 'consent') : undefined);
  if (early !== undefined) return early;
  const isWithin =
    consent.categories.every((category) => message.categories.includes(category)) &&
    consent.actions.every((action) => message.actions.includes(action)) &&
    consent.home === message.home;
  if (isWithin) return undefined;
  return new CarelatticeError('OutsideGuardianship', 'the delegate signed for more than she may');
}

function readerCheck({ consent, reader, own }: ConsentUse): Refusal {
  const isNamed = consent.grantee === reader || consent.grantee === ANY_ADMITTED_NODE;
  const isAdmitted = own.granteeOf(reader)?.state === 'admitted';
  if (isNamed && isAdmitted) return undefined;
  return new CarelatticeError('WrongReader', 'the reader is not the one that the consent names', {
    facts: { reader, problem: isNamed ? 'not admitted' : 'not named' },
  });
}

function granteeNameCheck({ consent, own }: ConsentUse): Refusal {
  const { grantee, granteeName } = consent;
  if (grantee === ANY_ADMITTED_NODE || own.granteeOf(grantee)?.name === granteeName) {
    return undefined;
  }
  return new CarelatticeError(
    'GranteeNameMismatch',
    'the consent gives its reader a name that is not registered; sign one with the registered name',
    { facts: { grantee } },
  );
}

function purposeCheck({ consent, purpose }: ConsentUse): Refusal {
  if (purpose === consent.purpose) return undefined;
  return new CarelatticeError('WrongPurpose', 'the consent is for another purpose', {
    facts: { asked: purpose, granted: consent.purpose },
  });
}

function actionCheck({ consent, action }: ConsentUse): Refusal {
  if (consent.actions.includes(action)) return undefined;
  return new CarelatticeError('WrongAction', 'the consent does not allow this', {
    facts: { asked: action },
  });
}

/** Revocations count where the consent is at home; of another network's list nothing is held here yet. */
function homeCheck({ consent, own }: ConsentUse): Refusal {
  if (consent.home === own.networkId) return undefined;
  return new CarelatticeError(
    'HomeUnknown',
    'the consent is at home in another network whose revocations are not known here',
    { facts: { needsHome: consent.home } },
  );
}

/** In this order; the first refusal is the answer. */
export const CONSENT_CHECKS: readonly ((use: ConsentUse) => Refusal)[] = [
  textCheck,
  placeCheck,
  signerCheck,
  timeCheck,
  grantedInTimeCheck,
  statusCheck,
  guardianshipCheck,
  readerCheck,
  granteeNameCheck,
  purposeCheck,
  actionCheck,
  homeCheck,
];

/** Why a consent may not be used so, or undefined when it may. Records are asked for one by one: `recordRefusal`. */
export function consentRefusal(use: ConsentUse): Refusal {
  for (const check of CONSENT_CHECKS) {
    const refusal = check(use);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

const names = (list: readonly string[], value: string): boolean =>
  list.length === 0 || list.includes(value);

const excepts = (consent: ShownConsent, reader: Hex, record: RecordFacts): boolean =>
  consent.except.some(
    ({ readers, categories, sensitivity, anchors }) =>
      names(readers, reader) &&
      names(categories, record.category) &&
      names(anchors, record.anchor) &&
      (sensitivity.length === 0 || sensitivity.some((label) => record.sensitivity.includes(label))),
  );

/** Why one record may not be read under a consent that is in force, or undefined when it may. */
export function recordRefusal(consent: ShownConsent, reader: Hex, record: RecordFacts): Refusal {
  const { categories, sensitivity, anchors, authors, dataFrom, dataTo } = consent;
  const { anchor } = record;
  if (!categories.includes(record.category)) {
    return new CarelatticeError('CategoryNotGranted', 'the consent leaves this category out', {
      facts: { anchor },
    });
  }
  if (!record.sensitivity.every((label) => sensitivity.includes(label))) {
    return new CarelatticeError('SensitivityNotGranted', 'the consent leaves out such labels', {
      facts: { anchor },
    });
  }
  if (!names(anchors, anchor)) {
    return new CarelatticeError('RecordNotNamed', 'the consent is for other records', {
      facts: { anchor },
    });
  }
  if (!names(authors, record.author)) {
    return new CarelatticeError('AuthorNotNamed', 'the consent is for other authors', {
      facts: { anchor },
    });
  }
  if (record.eventTo < dataFrom || (dataTo !== 0n && record.eventFrom > dataTo)) {
    return new CarelatticeError('OutsideDates', 'the consent is for another time', {
      facts: { anchor },
    });
  }
  if (excepts(consent, reader, record)) {
    return new CarelatticeError('Excepted', 'the consent excepts this record', {
      facts: { anchor },
    });
  }
  return undefined;
}
