import type { Coding } from '@medplum/fhirtypes';
import { codingOf, shownText } from './identifiers.ts';

const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

/** HL7 v3 purposes of use that our consents and requests name. */
const PURPOSES: Readonly<Record<string, string>> = {
  TREAT: 'treatment',
  ETREAT: 'Emergency Treatment',
  HPAYMT: 'healthcare payment',
  COVERAGE: 'coverage under policy or program',
  HOPERAT: 'healthcare operations',
  HRESCH: 'healthcare research',
  PATRQT: 'patient requested',
  PUBHLTH: 'public health',
  HMARKT: 'healthcare marketing',
  BTG: 'break the glass',
};

/** Emergency treatment: access by break-glass. */
export const EMERGENCY = 'ETREAT';

/** The purpose as HL7 codes it; one that HL7 does not know is told as text alone. */
export function purposeCoding(purpose: string): Coding {
  const display = Object.hasOwn(PURPOSES, purpose) ? PURPOSES[purpose] : undefined;
  return display === undefined
    ? { display: shownText(purpose) }
    : codingOf(ACT_REASON, purpose, display);
}
