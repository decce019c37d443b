import { GUARDIANSHIP_TEMPLATE, statementOf } from '../../../src/domain/consentStatement.ts';
import { type Hex, toHex, utf8, ZERO_32 } from '../../../src/hash/bytes.ts';
import { keccak256 } from '../../../src/hash/keccak.ts';
import type { Consent, Guardianship, NetworkScope } from '../../../src/wire/typedData.ts';

/** Consents and guardianships that are in order, for tests to spoil. */

export const idOf = (text: string): Hex => toHex(keccak256(utf8(text)));
export const accountNamed = (text: string): Hex => `0x${idOf(text).slice(26)}`;

export const federationId = idOf('federation');
export const networkId = idOf('network');
export const reader = idOf('Westside Clinic');
export const patient = accountNamed('patient');
export const delegate = accountNamed('delegate');

/** Unix seconds in the middle of the sample's time. */
export const DURING = 1_790_000_000n;

export const scopeOf = (name: string): NetworkScope => ({
  chainId: 31_337n,
  networkId: idOf(name),
  registry: accountNamed(`registry of ${name}`),
  patientId: idOf(`patient in ${name}`),
  salt: idOf(`salt of ${name}`),
});

/** With its statement filled in, unless `change` gives one. */
export function sampleConsent(change: Partial<Consent> = {}): Consent {
  const consent: Consent = {
    statement: '',
    language: 'en',
    template: 1,
    patient,
    guardianship: ZERO_32,
    grantee: reader,
    granteeName: 'Westside Clinic',
    purpose: 'TREAT',
    actions: ['access'],
    categories: ['result', 'medication'],
    sensitivity: [],
    anchors: [],
    authors: [],
    dataFrom: 0n,
    dataTo: 0n,
    except: [],
    notBefore: DURING - 1000n,
    notAfter: DURING + 1000n,
    submitBy: DURING,
    epoch: 0n,
    nonce: 7n,
    home: networkId,
    networkNames: ['Riverside'],
    networks: [scopeOf('network')],
    ...change,
  };
  return { ...consent, statement: change.statement ?? statementOf(consent) };
}

export function sampleGuardianship(change: Partial<Guardianship> = {}): Guardianship {
  const guardianship: Guardianship = {
    statement: '',
    language: 'en',
    template: GUARDIANSHIP_TEMPLATE,
    patient,
    delegate,
    role: 'PRN',
    categories: ['result', 'medication'],
    actions: ['access'],
    notBefore: DURING - 500n,
    notAfter: DURING + 500n,
    epoch: 0n,
    nonce: 9n,
    home: networkId,
    networkNames: ['Riverside'],
    networks: [scopeOf('network')],
    ...change,
  };
  return { ...guardianship, statement: change.statement ?? statementOf(guardianship) };
}
