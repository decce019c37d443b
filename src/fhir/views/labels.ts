import type { Coding } from '@medplum/fhirtypes';
import { codingOf, shownText, SYSTEMS } from './identifiers.ts';
import type { SensitivityLabel } from '../sensitivityCodes.ts';

const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

/** Our labels as the sensitivity codes that IHE PCF asks for. */
const OF_LABEL: Readonly<Record<SensitivityLabel, string>> = {
  hiv: 'HIV',
  'mental-health': 'PSY',
  'sexual-reproductive': 'SEX',
  'substance-use': 'ETH',
};

/** Sensitivity codes of v3-ActCode in FHIR R4 that a source may have labelled a record with. */
const KNOWN = new Set(
  'ETH GDIS HIV MST SCA SDV SEX SPI BH COGN DVD EMOTDIS MH PSY PSYTHPN SUD ETHUD OPIOIDUD STD TBOO VIO SICKLE DEMO DOB GENDER LIVARG MARST RACE REL B EMPL LOCIS SSP ADOL CEL DIA DRGIS EMP PDS PHY PRS COMPT'.split(
    ' ',
  ),
);

/** What has no label: FHIR calls it of normal confidentiality. */
export const UNLABELLED: Coding = codingOf(CONFIDENTIALITY, 'N', 'normal');

/** A label of ours, of HL7, or `system|code` of a source's own, as the security label it came from. */
export function labelCoding(label: string): Coding {
  if (Object.hasOwn(OF_LABEL, label)) {
    return codingOf(ACT_CODE, OF_LABEL[label as SensitivityLabel]); // just looked up
  }
  if (label === 'R' || label === 'V') return codingOf(CONFIDENTIALITY, label);
  if (KNOWN.has(label)) return codingOf(ACT_CODE, label);
  const [system = '', code = ''] = split(label);
  return isUri(system) && isCode(code)
    ? codingOf(system, code)
    : { system: SYSTEMS.sensitivity, display: shownText(label) };
}

/** Before and behind the last bar. */
function split(label: string): readonly [string, string] | readonly [] {
  const bar = label.lastIndexOf('|');
  return bar < 0 ? [] : [label.slice(0, bar), label.slice(bar + 1)];
}

const isUri = (text: string): boolean => /^(https?:\/\/[^\s]+|urn:[a-z0-9-]+:[^\s]+)$/i.test(text);
const isCode = (text: string): boolean => /^[!-~]+( [!-~]+)*$/.test(text);
