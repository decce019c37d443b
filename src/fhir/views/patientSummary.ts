import type {
  Bundle,
  BundleEntry,
  Composition,
  CompositionSection,
  Device,
  Resource,
} from '@medplum/fhirtypes';
import { eventTimeOf } from '../eventTime.ts';
import { stringifyExact } from '../exactJson.ts';
import { objectsOf, textOf, type JsonObject } from '../json.ts';
import { patientName } from '../patient.ts';
import { copyOf, derivedUuid, documentEntries } from './documentEntries.ts';
import type { DocumentEntries, FoundResource } from './documentEntries.ts';
import { conceptOf, identifierOf, instantOf, plainText, uriIdentifier } from './identifiers.ts';
import { paragraphs, table, type Language } from './narrative.ts';
import { conceptText, HEAD, rowOf } from './summaryRows.ts';
import { SECTIONS, type SummarySection } from './summarySections.ts';

export interface SummaryOptions {
  /** Unix seconds at which the summary is put together. */
  readonly composedAt: number;
  readonly language: Language;
  /** Names her where no record holds her Patient resource: her pseudonym. */
  readonly pseudonym?: string;
}

const LOINC = 'http://loinc.org';
const TITLE: Readonly<Record<Language, string>> = {
  en: 'International Patient Summary',
  'zh-CN': '国际患者摘要',
};

/**
 * An International Patient Summary (FHIR R4 document Bundle in the form of HL7 IPS 2.0.0) from the current versions
 * of a patient's records, newest first. It holds copies of what the records say and claims nothing beyond: where
 * they say nothing, a required section says that the information is not available.
 */
export function patientSummary(records: readonly Bundle[], options: SummaryOptions): Bundle {
  const { composedAt, language } = options;
  const document = documentEntries(records);
  const known = document.patient;
  const patientUrl = known?.url ?? `urn:uuid:${derivedUuid('patient', options.pseudonym ?? '')}`;
  const device = deviceEntry();
  const chosen = SECTIONS.map((section) => ({ section, entries: entriesOf(section, document) }));
  const entries = document.entriesFor([
    ...(known === undefined ? [] : [known]),
    ...chosen.flatMap((one) => one.entries),
  ]);
  const composition: Composition = {
    resourceType: 'Composition',
    language,
    text: paragraphs(
      language,
      `${TITLE[language]}\n${patientName({ resourceType: 'Bundle', type: 'collection', entry: entries })}`,
    ),
    status: 'final',
    type: conceptOf(LOINC, '60591-5', 'Patient summary Document'),
    subject: { reference: patientUrl },
    date: instantOf(composedAt),
    author: [{ reference: device.fullUrl }],
    title: TITLE[language],
    section: chosen.flatMap(({ section, entries: own }) =>
      sectionOf(section, own, document, language),
    ),
  };
  const id = derivedUuid(
    'summary',
    stringifyExact(composition),
    ...entries.map(({ fullUrl = '' }) => fullUrl),
  );
  const compositionUrl = `urn:uuid:${derivedUuid('composition', id)}`;
  return {
    resourceType: 'Bundle',
    language,
    identifier: uriIdentifier(`urn:uuid:${id}`),
    type: 'document',
    timestamp: instantOf(composedAt),
    entry: [
      { fullUrl: compositionUrl, resource: copyOf(composition, compositionUrl) },
      ...(known === undefined ? [unknownPatient(patientUrl, options.pseudonym)] : []),
      ...entries,
      device,
    ],
  };
}

/** No record holds her Patient resource: only her pseudonym names her. */
const unknownPatient = (fullUrl: string, pseudonym?: string): BundleEntry => ({
  fullUrl,
  resource: {
    resourceType: 'Patient',
    id: fullUrl.slice('urn:uuid:'.length),
    ...(pseudonym === undefined ? {} : { identifier: [identifierOf('patient', pseudonym)] }),
  },
});

/** A program put it together, no clinician. */
function deviceEntry(): BundleEntry<Device> & { readonly fullUrl: string } {
  const id = derivedUuid('device', 'carelattice');
  return {
    fullUrl: `urn:uuid:${id}`,
    resource: {
      resourceType: 'Device',
      id,
      deviceName: [{ name: 'Carelattice', type: 'user-friendly-name' }],
      type: { text: 'Software that brings the records of a patient together' },
    },
  };
}

/** The section's resources, each once, newest first. */
function entriesOf(section: SummarySection, { found }: DocumentEntries): FoundResource[] {
  const byUrl = new Map(
    found.filter(({ resource }) => section.holds(resource)).map((one) => [one.url, one]),
  );
  const sorted = [...byUrl.values()]
    .map((one) => ({ one, time: eventTimeOf([one.resource]).eventTo }))
    .sort((a, b) => b.time - a.time)
    .map(({ one }) => one);
  if (section.newestOfEach !== true) return sorted;
  const kinds = new Set<string>();
  return sorted.filter(({ resource }) => {
    const kind = kindOf(resource);
    const isFirst = kind === '' || !kinds.has(kind);
    kinds.add(kind);
    return isFirst;
  });
}

/** What is measured: system and code, else the text. */
function kindOf(resource: Resource): string {
  const { code } = resource as unknown as JsonObject; // members differ by type
  const [coding] = objectsOf(objectsOf(code)[0]?.['coding']);
  const value = textOf(coding?.['code']);
  return value === undefined ? conceptText(code) : `${textOf(coding?.['system']) ?? ''}|${value}`;
}

function sectionOf(
  { code, display, title, none }: SummarySection,
  entries: readonly FoundResource[],
  document: DocumentEntries,
  language: Language,
): CompositionSection[] {
  const head = { title: title[language], code: conceptOf(LOINC, code, display) };
  if (entries.length === 0) {
    if (none === undefined) return [];
    const text = none[language];
    return [{ ...head, text: paragraphs(language, text), emptyReason: emptyReason(text) }];
  }
  const rows = entries.map((one) =>
    rowOf(one.resource, (reference) => {
      const literal = textOf(objectsOf(reference)[0]?.['reference']);
      return literal === undefined ? undefined : document.resolve(literal, one)?.resource;
    }),
  );
  return [
    {
      ...head,
      text: table(language, HEAD[language], rows),
      entry: entries.map(({ url }) => ({ reference: url })),
    },
  ];
}

const emptyReason = (text: string) => ({
  ...conceptOf(
    'http://terminology.hl7.org/CodeSystem/list-empty-reason',
    'unavailable',
    'Unavailable',
  ),
  text: plainText(text),
});
