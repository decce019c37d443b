import type { Bundle } from '@medplum/fhirtypes';
import { emitted, type Case } from './cases.ts';

/** What is done to a valid resource: new values by path (`name[0].family`); `null` takes the member out. */
type Break = readonly [name: string, changes: Readonly<Record<string, unknown>>];

const SUBJECT = { reference: 'Patient/p1' };
const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"';
const LATER = '2024-01-08T10:00:00Z';
const EARLIER = '2024-01-07T10:00:00Z';

const patient = {
  resourceType: 'Patient',
  id: 'p1',
  identifier: [{ system: 'urn:oid:2.16.840.1.113883.4.999', value: '42' }],
  name: [{ use: 'official', family: '王', given: ['小明'] }],
  gender: 'female',
  birthDate: '1980-02-29',
};
const PATIENT: readonly Break[] = [
  ['code outside a required value set', { gender: 'woman' }],
  ['day that the calendar does not have', { birthDate: '1980-02-30' }],
  ['date in another form', { birthDate: '29.02.1980' }],
  ['number for a text', { 'name[0].family': 7 }],
  ['text for a truth value', { active: 'true' }],
  ['empty text', { 'name[0].family': '' }],
  ['empty list', { name: [] }],
  ['empty object', { 'name[0]': {} }],
  ['one object for a list', { name: { family: 'Li' } }],
  ['list for one value', { gender: ['female'] }],
  ['null', { gender: undefined, 'name[0].given': [null] }],
  ['unknown member', { nickname: 'Ming' }],
  ['id with a blank', { id: 'p 1' }],
  ['id of 65 characters', { id: 'a'.repeat(65) }],
  ['contact without anything (pat-1)', { contact: [{ gender: 'male' }] }],
  ['two choices of one element', { deceasedBoolean: false, deceasedDateTime: '2020-01-01' }],
  ['reference that is no object', { managingOrganization: 'Organization/1' }],
  ['extension without url', { extension: [{ valueString: 'x' }] }],
  ['extension without value (ext-1)', { extension: [{ url: 'http://example.org/a' }] }],
  [
    'narrative with a script',
    { text: { status: 'generated', div: `<div ${XHTML}><script>1</script></div>` } },
  ],
  [
    'narrative without text (txt-2)',
    { text: { status: 'generated', div: `<div ${XHTML}> </div>` } },
  ],
  ['narrative that is no XHTML', { text: { status: 'generated', div: '<div>x' } }],
  [
    'contained resource that nothing refers to (dom-3)',
    { contained: [{ resourceType: 'Organization', id: 'o1', name: 'x' }] },
  ],
  ['uri with a blank', { 'identifier[0].system': 'urn:a b' }],
  ['telecom without system (cpt-2)', { telecom: [{ value: '1' }] }],
  ['resource type that is none', { resourceType: 'Sufferer' }],
];

const observation = {
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
  subject: SUBJECT,
  effectiveDateTime: '2024-01-08T09:00:00Z',
  valueQuantity: { value: 72, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
};
const OBSERVATION: readonly Break[] = [
  ['required member missing', { status: null }],
  ['required concept missing', { code: null }],
  ['value and reason for none (obs-6)', { dataAbsentReason: { text: 'x' } }],
  ['two values', { valueString: 'x' }],
  ['quantity code without system (qty-3)', { valueQuantity: { value: 1, code: '/min' } }],
  ['text for a decimal', { 'valueQuantity.value': '72' }],
  ['component without code', { component: [{ valueString: 'x' }] }],
  ['reference range without anything (obs-3)', { referenceRange: [{ type: { text: 'x' } }] }],
  ['instant without zone', { issued: '2024-01-08T09:00:00' }],
  ['time without seconds', { effectiveDateTime: '2024-01-08T09:00Z' }],
  ['status in upper case', { status: 'FINAL' }],
  ['code with a blank before it', { status: ' final' }],
  [
    'period that ends before it begins (per-1)',
    {
      effectiveDateTime: null,
      effectivePeriod: { start: LATER, end: EARLIER },
    },
  ],
];

const condition = {
  resourceType: 'Condition',
  clinicalStatus: {
    coding: [
      { system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' },
    ],
  },
  code: { text: 'Asthma' },
  subject: SUBJECT,
};
const CONDITION: readonly Break[] = [
  ['code that a required value set does not have', { 'clinicalStatus.coding[0].code': 'stopped' }],
  ['subject missing', { subject: null }],
  ['number for a date', { onsetDateTime: 5 }],
  ['abated and active (con-4)', { abatementDateTime: '2024-01-01' }],
  ['stage without anything (con-1)', { stage: [{ type: { text: 'x' } }] }],
];

const medication = {
  resourceType: 'MedicationRequest',
  status: 'active',
  intent: 'order',
  medicationCodeableConcept: { text: 'Metformin' },
  subject: SUBJECT,
  dosageInstruction: [{ text: 'daily' }],
};
const timing = (repeat: object): object => ({ 'dosageInstruction[0].timing': { repeat } });
const MEDICATION: readonly Break[] = [
  ['choice missing', { medicationCodeableConcept: null }],
  ['both choices', { medicationReference: { reference: 'Medication/m' } }],
  ['unknown intent', { intent: 'wish' }],
  ['count of zero', { ...timing({ count: 0 }) }],
  ['duration without unit (tim-1)', { ...timing({ duration: 2 }) }],
  ['negative period (tim-5)', { ...timing({ period: -1, periodUnit: 'd' }) }],
];

const encounter = {
  resourceType: 'Encounter',
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
  period: { start: '2024-01-08T09:00:00Z', end: LATER },
};
const ENCOUNTER: readonly Break[] = [
  ['period that ends before it begins (per-1)', { 'period.end': EARLIER }],
  ['class missing', { class: null }],
];

const attached = {
  resourceType: 'DocumentReference',
  status: 'current',
  content: [{ attachment: { contentType: 'text/plain', data: 'aGVsbG8=' } }],
};
const ATTACHED: readonly Break[] = [
  ['data that is no base64', { 'content[0].attachment.data': 'a?b' }],
  ['data without type (att-1)', { 'content[0].attachment.contentType': null }],
  ['negative size', { 'content[0].attachment.size': -1 }],
  ['content missing', { content: null }],
];

const CONSENT: readonly Break[] = [
  ['no policy (ppc-1)', { policy: null }],
  ['unknown status', { status: 'granted' }],
  ['scope missing', { scope: null }],
  ['category missing', { category: null }],
  ['provision of an unknown type', { 'provision.type': 'allow' }],
  ['actor without role', { 'provision.actor[0].role': null }],
  ['verification without verdict', { 'verification[0].verified': null }],
  ['statement that is no base64', { 'sourceAttachment.data': '%%%' }],
];
const PROVENANCE: readonly Break[] = [
  ['target missing', { target: null }],
  ['recorded without zone', { recorded: '2024-01-08T09:00:00' }],
  ['agent missing', { agent: null }],
  ['agent without who', { 'agent[0].who': null }],
  ['signature without time', { 'signature[0].when': null }],
  ['signature that is no base64', { 'signature[0].data': 'not base64!' }],
];
const AUDIT: readonly Break[] = [
  ['source missing', { source: null }],
  ['agent without requestor', { 'agent[0].requestor': null }],
  ['unknown outcome', { outcome: '3' }],
  ['unknown action', { action: 'X' }],
  ['name and query (sev-1)', { 'entity[0].name': 'x', 'entity[0].query': 'eHg=' }],
  ['detail without value', { 'entity[2].detail[0]': { type: 'x' } }],
];
const SUMMARY: readonly Break[] = [
  ['document without identifier (bdl-9)', { identifier: null }],
  ['document without time (bdl-10)', { timestamp: null }],
  ['document that begins with no Composition (bdl-11)', { 'entry[0]': null }],
  [
    'section with neither text nor entry (cmp-1)',
    {
      'entry[0].resource.section[0].text': null,
      'entry[0].resource.section[0].entry': null,
    },
  ],
  [
    'section with entries and a reason for none (cmp-2)',
    {
      'entry[0].resource.section[0].entry': [{ reference: 'Patient/x' }],
      'entry[0].resource.section[0].emptyReason': { text: 'x' },
    },
  ],
  ['composition without author', { 'entry[0].resource.author': null }],
  ['entry of the wrong form within', { 'entry[1].resource.birthDate': 'spring' }],
  ['request in a document (bdl-3)', { 'entry[1].request': { method: 'POST', url: 'Patient' } }],
];

/** One broken resource for each way in which FHIR R4 lets one break that we thought of. */
export function broken(): Case[] {
  const all = emitted();
  const first = (name: string): unknown => all.find((one) => one.name === `${name} 1`)?.resource;
  return [
    ...breaking('Patient', patient, PATIENT),
    ...breaking('Observation', observation, OBSERVATION),
    ...breaking('Condition', condition, CONDITION),
    ...breaking('MedicationRequest', medication, MEDICATION),
    ...breaking('Encounter', encounter, ENCOUNTER),
    ...breaking('DocumentReference', attached, ATTACHED),
    ...breaking('Consent', first('consent'), CONSENT),
    ...breaking('Provenance', first('provenance'), PROVENANCE),
    ...breaking('AuditEvent', first('audit event'), AUDIT),
    ...breaking('Bundle', first('summary'), SUMMARY),
    ...twiceTheSameAddress(first('summary')),
  ];
}

/** Ends the names of cases that are not broken. */
export const WHOLE = ', whole';

/** What the broken ones are before they are broken. */
export const whole = (): Case[] =>
  [patient, observation, condition, medication, encounter, attached].map((resource) => ({
    name: resource.resourceType + WHOLE,
    resource,
  }));

function breaking(type: string, resource: unknown, breaks: readonly Break[]): Case[] {
  return breaks.map(([name, changes]) => {
    const copy = structuredClone(resource);
    for (const [path, value] of Object.entries(changes)) change(copy, path, value);
    return { name: `${type}: ${name}`, resource: copy };
  });
}

function change(root: unknown, path: string, value: unknown): void {
  const steps = path.match(/[^.[\]]+/g) ?? [];
  const last = steps.pop() ?? '';
  // Paths name members that the resources above have.
  let place = root as Record<string, unknown>;
  for (const step of steps) place = place[step] as Record<string, unknown>;
  if (value !== null) place[last] = value;
  else if (Array.isArray(place)) place.splice(Number(last), 1);
  else delete place[last];
}

function twiceTheSameAddress(summary: unknown): Case[] {
  const copy = structuredClone(summary) as Bundle;
  copy.entry = [...(copy.entry ?? []), ...(copy.entry ?? []).slice(-1)];
  return [{ name: 'Bundle: two entries of one address (bdl-7)', resource: copy }];
}
