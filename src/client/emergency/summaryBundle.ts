import type { Bundle } from '@medplum/fhirtypes';
import { parseExact, stringifyExact } from '../../fhir/exactJson.ts';
import type { Language } from '../../fhir/views/narrative.ts';
import { patientSummary } from '../../fhir/views/patientSummary.ts';
import { utf8 } from '../../hash/bytes.ts';
import { SUMMARY_CATEGORY } from '../../wire/emergencyMessages.ts';
import { currentRecords } from '../export/exportViews.ts';
import type { ReadRecord } from '../reading/readRecords.ts';

/** What goes into her emergency summary. */
export interface SummaryWish {
  /** Chain time, seconds. */
  readonly composedAt: number;
  readonly language: Language;
  /** Labels of sensitive matters that it may tell; a labelled record needs each of its labels here. */
  readonly sensitivity: readonly string[];
}

/**
 * Her emergency summary as a FHIR document, made by her own program of records that she has read (`ownRecords`). A
 * hospital where she is enrolled hands it in as any other bundle (`submit`, at the operator's door): a document with a
 * patient summary's Composition is one record of category emergency-summary. Nobody else has to read her records for it.
 * @param records newest first, of all the nodes that she asked
 */
export function summaryBundle(
  records: readonly ReadRecord[],
  { composedAt, language, sensitivity }: SummaryWish,
): Uint8Array {
  const bundles = currentRecords([...records].reverse())
    .filter(({ message }) => message.category !== SUMMARY_CATEGORY)
    .filter(({ message }) => message.sensitivity.every((label) => sensitivity.includes(label)))
    .flatMap(({ message, body }) =>
      message.mediaType === 'application/fhir+json' ? [bundleOf(body)] : [],
    );
  return utf8(stringifyExact(patientSummary(bundles, { composedAt, language })));
}

/** Its author's node validated it before it was sealed. */
const bundleOf = (body: Uint8Array): Bundle => parseExact(new TextDecoder().decode(body)) as Bundle;
