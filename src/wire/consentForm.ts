import { CarelatticeError } from '../errors.ts';
import { type Hex, utf8, ZERO_32 } from '../hash/bytes.ts';
import {
  ANY_ADMITTED_NODE,
  type ShownConsent,
  type ShownGuardianship,
  showsOwnScope,
} from './consent.ts';
import type { Consent, Exception, Guardianship } from './typedData.ts';

/** The form of consents and guardianships: what is wrong whatever network, chain or hour it is shown to. */

/** HL7 v3 ActReason codes that a consent may be for (value set GeneralPurposeOfUse). */
export const PURPOSES = [
  'TREAT',
  'ETREAT',
  'HPAYMT',
  'COVERAGE',
  'HOPERAT',
  'HRESCH',
  'PATRQT',
  'PUBHLTH',
  'HMARKT',
] as const;

export type Purpose = (typeof PURPOSES)[number];

/** The one action there is: to read. */
export const ACCESS = 'access';

const MAX_NETWORKS = 32;
/** The last second of the year 9999. */
const LAST_SECOND = 253_402_300_799n;
const MAX_NAME_BYTES = 128;

/**
 * One line between 1 and 128 bytes of UTF-8, as `NodeRegistry` has them, without control characters, writing-direction
 * marks or the quotation marks in which statements put it: a name cannot pose as a sentence of the statement.
 */
export const isPlainName = (name: string): boolean =>
  /^(?! )[^\p{C}\p{Zl}\p{Zp}“”"「」]+(?<! )$/u.test(name) && utf8(name).length <= MAX_NAME_BYTES;

/** A code of a category, label or role: visible ASCII without quotation marks and blanks. */
const isCode = (code: string): boolean => /^[!#-~]{1,200}$/.test(code);

type Rule = readonly [holds: boolean, place: string, problem: string];
type Document = Consent | ShownConsent | Guardianship | ShownGuardianship;

export const malformedConsent = (place: string, problem: string): CarelatticeError =>
  new CarelatticeError('MalformedConsent', 'the consent is malformed', {
    facts: { place, problem },
  });

const all = (
  items: readonly string[],
  place: string,
  holds: (item: string) => boolean,
  problem: string,
): Rule[] => items.map((item, index) => [holds(item), `${place}[${index}]`, problem]);

const codes = (items: readonly string[], place: string): Rule[] =>
  all(items, place, isCode, 'is no code');

const isDate = (second: bigint): boolean => second <= LAST_SECOND;

function networkRules(document: Document): Rule[] {
  const { home } = document;
  if ('networks' in document) {
    const ids = document.networks.map(({ networkId }) => networkId);
    return [
      [new Set(ids).size === ids.length, 'networks', 'a network is named twice'],
      [ids.includes(home), 'home', 'HomeNotListed: it is none of the networks'],
    ];
  }
  return [
    [showsOwnScope(document), 'own', 'it is none of the scopes that were signed'],
    [
      home === document.own.networkId || document.scopeHashes.length > 1,
      'home',
      'HomeNotListed: it is none of the networks',
    ],
  ];
}

function sharedRules(document: Document): Rule[] {
  const { statement, actions, categories, notBefore, notAfter, networkNames } = document;
  const { length } = 'networks' in document ? document.networks : document.scopeHashes;
  return [
    [statement !== '', 'statement', 'is empty'],
    [actions.length === 1 && actions[0] === ACCESS, 'actions', 'has to be ["access"]'],
    [categories.length > 0, 'categories', 'names none; a consent names what may be read'],
    ...codes(categories, 'categories'),
    [isDate(notBefore), 'notBefore', 'is after the year 9999'],
    [isDate(notAfter), 'notAfter', 'is after the year 9999'],
    [notBefore < notAfter, 'notAfter', 'is not after notBefore'],
    [length >= 1 && length <= MAX_NETWORKS, 'networks', `has to list 1 to ${MAX_NETWORKS}`],
    [networkNames.length === length, 'networkNames', 'has not a name for each network'],
    ...all(networkNames, 'networkNames', isPlainName, 'is no name of one plain line'),
    ...networkRules(document),
  ];
}

function exceptionRules(except: readonly Exception[]): Rule[] {
  return except.flatMap(({ readers, categories, sensitivity, anchors }, index): Rule[] => {
    const place = `except[${index}]`;
    const size = readers.length + categories.length + sensitivity.length + anchors.length;
    return [
      [size > 0, place, 'is empty; it would except everything'],
      ...codes(categories, `${place}.categories`),
      ...codes(sensitivity, `${place}.sensitivity`),
    ];
  });
}

/** Codes are compared as texts: what the list does not know is no purpose. */
const isPurpose = (code: string): boolean => PURPOSES.some((purpose) => purpose === code);

const isNameOf = (grantee: Hex, name: string): boolean =>
  grantee === ANY_ADMITTED_NODE ? name === '' : isPlainName(name);

function assertRules(at: string, rules: readonly Rule[]): void {
  for (const [holds, place, problem] of rules)
    if (!holds) throw malformedConsent(`${at}${place}`, problem);
}

/** @param at Put before the place. @throws `MalformedConsent` with the first place that is wrong */
export function assertConsentForm(consent: Consent | ShownConsent, at = ''): void {
  const { grantee, granteeName, purpose, sensitivity, dataFrom, dataTo, submitBy } = consent;
  assertRules(at, [
    ...sharedRules(consent),
    [grantee !== ZERO_32, 'grantee', 'is zero'],
    [isNameOf(grantee, granteeName), 'granteeName', 'is no name of one plain line'],
    [isPurpose(purpose), 'purpose', `is none of ${PURPOSES.join(', ')}`],
    ...codes(sensitivity, 'sensitivity'),
    [isDate(dataFrom), 'dataFrom', 'is after the year 9999'],
    [isDate(dataTo), 'dataTo', 'is after the year 9999'],
    [dataTo === 0n || dataFrom <= dataTo, 'dataTo', 'is before dataFrom'],
    [submitBy <= consent.notAfter, 'submitBy', 'is after notAfter'],
    ...exceptionRules(consent.except),
  ]);
}

/** @param at Put before the place. @throws `MalformedConsent` with the first place that is wrong */
export function assertGuardianshipForm(
  guardianship: Guardianship | ShownGuardianship,
  at = '',
): void {
  const { patient, delegate, role } = guardianship;
  assertRules(at, [
    ...sharedRules(guardianship),
    [isCode(role), 'role', 'is no code'],
    [!/^0x0*$/.test(delegate), 'delegate', 'is zero'],
    [delegate !== patient, 'delegate', 'is the patient herself'],
  ]);
}
