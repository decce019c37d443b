import type { Resource } from '@medplum/fhirtypes';
import { objectsOf, textOf, type JsonObject } from '../json.ts';
import type { Language } from './narrative.ts';

type Texts = Readonly<Record<Language, string>>;

/** A section of the International Patient Summary. */
export interface SummarySection {
  /** LOINC, as the IPS implementation guide 2.0.0 fixes it. */
  readonly code: string;
  readonly display: string;
  readonly title: Texts;
  /** What the section says when it has no entry; only the sections that IPS requires say it. */
  readonly none?: Texts;
  /** Only the newest of each code is told: measurements are many. */
  readonly newestOfEach?: true;
  holds(resource: Resource): boolean;
}

/** Codes of a CodeableConcept or of a list of them. */
const codesOf = (value: unknown): string[] =>
  objectsOf(value).flatMap(({ coding }) => objectsOf(coding).map(({ code }) => textOf(code) ?? ''));

const members = (resource: Resource): JsonObject => resource as unknown as JsonObject; // members differ by type

/** Types to hold, and which of them: entered in error, refuted, not done are no part of a summary. */
function holding(
  types: string,
  fits: (resource: JsonObject) => boolean = () => true,
): (resource: Resource) => boolean {
  const wanted = new Set(types.split(' '));
  return (resource) => {
    const fields = members(resource);
    return wanted.has(resource.resourceType) && isValid(fields) && fits(fields);
  };
}

const VOID = new Set([
  'entered-in-error',
  'not-done',
  'cancelled',
  'draft',
  'refuted',
  'registered',
]);

const isValid = ({ status, verificationStatus, doNotPerform }: JsonObject): boolean =>
  doNotPerform !== true &&
  !VOID.has(textOf(status) ?? '') &&
  !codesOf(verificationStatus).some((code) => VOID.has(code));

const PAST = new Set(['inactive', 'remission', 'resolved']);
const ENDED = new Set(['stopped', 'completed']);

const isPast = ({ clinicalStatus }: JsonObject): boolean =>
  codesOf(clinicalStatus).some((code) => PAST.has(code));
const inCategory = (category: string) => (fields: JsonObject) =>
  codesOf(fields['category']).includes(category);

/** In the order in which the guide lists them, the three required ones first. */
export const SECTIONS: readonly SummarySection[] = [
  {
    code: '10160-0',
    display: 'History of Medication use Narrative',
    title: { en: 'Medication Summary', 'zh-CN': '用药摘要' },
    none: {
      en: 'The records hold no information about current medication.',
      'zh-CN': '记录中没有当前用药的信息。',
    },
    holds: holding(
      'MedicationRequest MedicationStatement',
      ({ status }) => !ENDED.has(textOf(status) ?? ''),
    ),
  },
  {
    code: '48765-2',
    display: 'Allergies and adverse reactions Document',
    title: { en: 'Allergies and Intolerances', 'zh-CN': '过敏与不耐受' },
    none: {
      en: 'The records hold no information about allergies or intolerances.',
      'zh-CN': '记录中没有过敏或不耐受的信息。',
    },
    holds: holding('AllergyIntolerance'),
  },
  {
    code: '11450-4',
    display: 'Problem list - Reported',
    title: { en: 'Problem List', 'zh-CN': '问题列表' },
    none: {
      en: 'The records hold no information about current problems.',
      'zh-CN': '记录中没有当前健康问题的信息。',
    },
    holds: holding('Condition', (fields) => !isPast(fields)),
  },
  {
    code: '47519-4',
    display: 'History of Procedures Document',
    title: { en: 'History of Procedures', 'zh-CN': '手术与操作史' },
    holds: holding('Procedure'),
  },
  {
    code: '11369-6',
    display: 'History of Immunization note',
    title: { en: 'Immunizations', 'zh-CN': '免疫接种' },
    holds: holding('Immunization'),
  },
  {
    code: '30954-2',
    display: 'Relevant diagnostic tests/laboratory data note',
    title: { en: 'Results', 'zh-CN': '检验结果' },
    newestOfEach: true,
    holds: holding('Observation', inCategory('laboratory')),
  },
  {
    code: '8716-3',
    display: 'Vital signs note',
    title: { en: 'Vital Signs', 'zh-CN': '生命体征' },
    newestOfEach: true,
    holds: holding('Observation', inCategory('vital-signs')),
  },
  {
    code: '11348-0',
    display: 'History of Past illness note',
    title: { en: 'History of Past Problems', 'zh-CN': '既往病史' },
    holds: holding('Condition', isPast),
  },
  {
    code: '29762-2',
    display: 'Social history note',
    title: { en: 'Social History', 'zh-CN': '社会史' },
    newestOfEach: true,
    holds: holding('Observation', inCategory('social-history')),
  },
  {
    code: '18776-5',
    display: 'Plan of care note',
    title: { en: 'Plan of Care', 'zh-CN': '照护计划' },
    holds: holding('CarePlan', ({ status }) => !ENDED.has(textOf(status) ?? '')),
  },
];
