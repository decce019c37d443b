import type {
  Attachment,
  Consent as FhirConsent,
  ConsentProvision,
  ConsentProvisionActor,
  ConsentProvisionData,
  ConsentVerification,
  Group,
  Organization,
  Patient,
  Reference,
  RelatedPerson,
} from '@medplum/fhirtypes';
import { sha1 } from '@noble/hashes/legacy.js';
import { utf8, ZERO_32, type Hex } from '../../hash/bytes.ts';
import { ANY_ADMITTED_NODE } from '../../wire/consent.ts';
import type { Consent, Exception, NetworkScope } from '../../wire/typedData.ts';
import {
  accountIdentifier,
  base64Of,
  codingOf,
  conceptOf,
  identifierOf,
  instantOf,
  periodOf,
  plainText,
  referenceTo,
  shownText,
  SYSTEMS,
} from './identifiers.ts';
import { labelCoding, UNLABELLED } from './labels.ts';
import { paragraphs, type Language } from './narrative.ts';
import { purposeCoding } from './purposes.ts';
import { signatureOf } from './signature.ts';

/** What `ConsentRegistry` says of a consent. */
export interface ConsentStatus {
  /** 0 none, 1 active, 2 revoked. */
  readonly state: number;
  /** Unix seconds of the block, 0 when it was never granted. */
  readonly grantedAt: number;
}

/** A consent, whole or as a verifier was shown it. */
type Text = Omit<Consent, 'networks'>;

export interface ConsentToShow {
  readonly consent: Text;
  /** EIP-712 digest of `consent`. */
  readonly digest: Hex;
  /** Account that signed: the patient's authority, or her delegate. */
  readonly signer: Hex;
  readonly signature: Hex;
  readonly status: ConsentStatus;
  /** Her scope in the network whose view this is. */
  readonly network: NetworkScope;
  /** Chain time of the view, Unix seconds. */
  readonly at: number;
  /** How the surrounding Bundle names her; else she is named by her pseudonym. */
  readonly patient?: Reference<Patient>;
}

const SIGNATURE_EXTENSION = 'urn:carelattice:fhir:signature';
const RECIPIENT = codingOf(
  'http://terminology.hl7.org/CodeSystem/v3-ParticipationType',
  'IRCP',
  'information recipient',
);
const AUTHOR = codingOf('http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'AUT');
const CONSENT_ACTIONS = new Set(['collect', 'access', 'use', 'disclose', 'correct']);

/**
 * A signed consent as a FHIR R4 Consent: IHE PCF basic, intermediate and its security labels. What a consent of
 * ours says and PCF does not (categories, action, who verified) stands in the elements that FHIR has for it:
 * leaving it out would widen the permission.
 */
export function consentView(view: ConsentToShow): FhirConsent {
  const { consent, digest, network, status } = view;
  const patient =
    view.patient ?? referenceTo('Patient', identifierOf('patient', network.patientId));
  return {
    resourceType: 'Consent',
    text: paragraphs(languageOf(consent), consent.statement),
    identifier: [identifierOf('consent', digest)],
    status: statusOf(view),
    scope: conceptOf('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
    category: [conceptOf('http://loinc.org', '59284-0', 'Consent Document')],
    patient,
    ...(status.grantedAt === 0 ? {} : { dateTime: instantOf(status.grantedAt) }),
    performer: [performerOf(view)],
    organization: organizationsOf(view),
    sourceAttachment: statementOf(consent),
    policy: [{ uri: `urn:carelattice:consent-template:${consent.template}` }],
    verification: [verificationOf(view)],
    provision: provisionOf(consent),
  };
}

function statusOf({ consent, status, at }: ConsentToShow): FhirConsent['status'] {
  if (status.state === 2) return status.grantedAt === 0 ? 'rejected' : 'inactive';
  if (status.state !== 1) return 'proposed';
  return BigInt(at) > consent.notAfter ? 'inactive' : 'active';
}

const languageOf = ({ language }: Text): Language => (language === 'en' ? 'en' : 'zh-CN');

const isDelegated = ({ guardianship }: Text): boolean => guardianship !== ZERO_32;

/** Who signed, by the account: the patient, or who acts for her. */
function performerOf({ consent, signer, network }: ConsentToShow): Reference<Patient> {
  const account = accountIdentifier(network.chainId, signer);
  return isDelegated(consent)
    ? // FHIR allows both; the declared type of the list names Patient among them.
      (referenceTo<RelatedPerson>('RelatedPerson', account) as Reference<never>)
    : referenceTo<Patient>('Patient', account);
}

/** The networks that enforce it: its own with its id, the others by name, which is all that is shown of them. */
function organizationsOf({ consent, network }: ConsentToShow): Reference<Organization>[] {
  const own = referenceTo<Organization>('Organization', identifierOf('network', network.networkId));
  const named = consent.networkNames
    .map((name) => plainText(name).trim())
    .filter((name) => name !== '')
    .map((display): Reference<Organization> => ({ type: 'Organization', display }));
  return [own, ...named];
}

/** The text she read. FHIR R4 fixes SHA-1 for `hash`; what binds it is the consent's digest. */
function statementOf({ statement, language }: Text): Attachment {
  const bytes = utf8(statement);
  return {
    contentType: 'text/plain; charset=utf-8',
    ...(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(language) ? { language } : {}),
    ...(bytes.length === 0 ? {} : { data: base64Of(bytes) }),
    size: bytes.length,
    hash: base64Of(sha1(bytes)),
    title: 'Consent',
  };
}

function verificationOf(view: ConsentToShow): ConsentVerification {
  const { digest, signature, status, consent } = view;
  const who = performerOf(view);
  // The chain's block is the time it was seen; before that only the text's own beginning is known.
  const when = status.grantedAt === 0 ? consent.notBefore : status.grantedAt;
  return {
    extension: [
      {
        url: SIGNATURE_EXTENSION,
        valueSignature: signatureOf({ purpose: 'consent', digest, signature, when, who }),
      },
    ],
    // The registry takes a grant only with a valid signature.
    verified: status.grantedAt !== 0,
    verifiedWith: who,
    ...(status.grantedAt === 0 ? {} : { verificationDate: instantOf(status.grantedAt) }),
  };
}

function provisionOf(consent: Text): ConsentProvision {
  const { grantee, granteeName, notBefore, notAfter, dataFrom, dataTo } = consent;
  const dataPeriod = periodOf(dataFrom, dataTo);
  const data = dataOf(consent);
  return {
    type: 'permit',
    period: { start: instantOf(notBefore), end: instantOf(notAfter) },
    actor: [recipientOf(grantee, granteeName), ...authorsOf(consent)],
    action: consent.actions.map((action) => actionOf(action)),
    securityLabel: [UNLABELLED, ...consent.sensitivity.map(labelCoding)],
    purpose: [purposeCoding(consent.purpose)],
    class: consent.categories.map(categoryCoding),
    ...(dataPeriod === undefined ? {} : { dataPeriod }),
    ...(data.length === 0 ? {} : { data }),
    ...(consent.except.length === 0 ? {} : { provision: consent.except.map(exceptionOf) }),
  };
}

/** An exception refuses when each of its non-empty lists matches, as the elements of a FHIR provision do. */
function exceptionOf({ readers, categories, sensitivity, anchors }: Exception): ConsentProvision {
  return {
    type: 'deny',
    ...(readers.length === 0 ? {} : { actor: readers.map((id) => recipientOf(id)) }),
    ...(sensitivity.length === 0 ? {} : { securityLabel: sensitivity.map(labelCoding) }),
    ...(categories.length === 0 ? {} : { class: categories.map(categoryCoding) }),
    ...(anchors.length === 0 ? {} : { data: anchors.map(recordData) }),
  };
}

function recipientOf(nodeId: Hex, name?: string): ConsentProvisionActor {
  const reference =
    nodeId === ANY_ADMITTED_NODE
      ? referenceTo<Group>('Group', identifierOf('node', nodeId), name ?? 'any admitted node')
      : nodeReference(nodeId, name);
  // FHIR allows a Group here; the library's type names the other targets only.
  return { role: { coding: [RECIPIENT] }, reference: reference };
}

const nodeReference = (nodeId: Hex, name?: string): Reference<Organization> =>
  referenceTo<Organization>('Organization', identifierOf('node', nodeId), name);

const recordData = (anchor: Hex): ConsentProvisionData => ({
  meaning: 'instance',
  reference: referenceTo('Bundle', identifierOf('anchor', anchor)),
});

/** Items of `data` are alternatives, so authors stand there only when no records are named. */
function dataOf({ anchors, authors }: Text): ConsentProvisionData[] {
  return anchors.length > 0
    ? anchors.map(recordData)
    : authors.map((id) => ({ meaning: 'authoredby', reference: nodeReference(id) }));
}

/** Records and authors both named: both must fit, so the authors are actors of their own role. */
function authorsOf({ anchors, authors }: Text): ConsentProvisionActor[] {
  if (anchors.length === 0) return [];
  return authors.map((id) => ({ role: { coding: [AUTHOR] }, reference: nodeReference(id) }));
}

const categoryCoding = (category: string) => ({
  system: SYSTEMS.category,
  ...(/^[!-~]+$/.test(category) ? { code: category } : { display: shownText(category) }),
});

const actionOf = (action: string) =>
  CONSENT_ACTIONS.has(action)
    ? conceptOf('http://terminology.hl7.org/CodeSystem/consentaction', action)
    : { text: shownText(action) };
