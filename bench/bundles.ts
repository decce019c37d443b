import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import { utf8 } from '../src/hash/bytes.ts';
import { type SeededRandom, seededRandom } from '../src/fhir/generator/random.ts';

/** What the records of a batch are spread over: each bundle is one of these and becomes one record. */
export const BUNDLE_CATEGORIES = ['result', 'medication', 'problem', 'procedure'] as const;
export type BundleCategory = (typeof BUNDLE_CATEGORIES)[number];

export const BUNDLE_RESOURCES = 10;
export const BUNDLE_BYTES = 10_000;

const NATIONAL = 'urn:oid:2.16.840.1.113883.4.999';
const CODED = { system: 'http://snomed.info/sct', code: '404684003', display: 'Clinical finding' };

/** By what the hospitals know patient `index`. */
export const bundleIdentifiers = (index: number) => [{ system: NATIONAL, value: numberOf(index) }];

const numberOf = (index: number): string => String(10_000_000 + index);

/**
 * A valid transaction bundle of one patient, one practitioner and eight resources of one category:
 * 10 resources, 10 KB of UTF-8 JSON, different text in each.
 */
export function bundleOf(patient: number, category: BundleCategory, serial: number): Uint8Array {
  const random = seededRandom(`${patient}/${category}/${serial}`);
  const bytes = (note: number): Uint8Array =>
    utf8(JSON.stringify(bundle(patient, category, random, note)));
  // The notes fill up what is missing; ids and numbers have a fixed length.
  const bare = bytes(0).length;
  return bytes(Math.floor((BUNDLE_BYTES - bare) / (BUNDLE_RESOURCES - 2)));
}

function bundle(
  patient: number,
  category: BundleCategory,
  random: SeededRandom,
  note: number,
): Bundle {
  const entries: BundleEntry[] = [];
  const add = (resource: Resource): { reference: string } => {
    const id = random.uuid();
    const fullUrl = `urn:uuid:${id}`;
    entries.push({
      fullUrl,
      resource: { ...resource, id },
      request: { method: 'POST', url: resource.resourceType },
    });
    return { reference: fullUrl };
  };
  const subject = add({
    resourceType: 'Patient',
    identifier: [{ system: NATIONAL, value: numberOf(patient) }],
    name: [{ family: 'Example', given: ['Ada'] }],
    gender: 'female',
    birthDate: '1970-01-01',
  });
  const author = add({
    resourceType: 'Practitioner',
    name: [{ family: 'Example', given: ['Grace'] }],
  });
  for (let i = entries.length; i < BUNDLE_RESOURCES; i++) {
    add(contentOf(category, subject, author, noteOf(random, note)));
  }
  return { resourceType: 'Bundle', type: 'transaction', entry: entries };
}

/** Words as a person writes them, so that a compressor or a cache has no easy game. */
function noteOf(random: SeededRandom, length: number): string {
  let text = '';
  while (text.length < length) text += `${random.uuid().slice(0, 8)} `;
  return `.${text.slice(0, length)}.`;
}

function contentOf(
  category: BundleCategory,
  subject: { reference: string },
  author: { reference: string },
  text: string,
): Resource {
  const code = { coding: [CODED] };
  const at = '2026-01-05T09:00:00Z';
  switch (category) {
    case 'result':
      return {
        resourceType: 'Observation',
        status: 'final',
        code,
        subject,
        performer: [author],
        effectiveDateTime: at,
        valueQuantity: {
          value: 5.4,
          unit: 'mmol/L',
          system: 'http://unitsofmeasure.org',
          code: 'mmol/L',
        },
        note: [{ text }],
      };
    case 'medication':
      return {
        resourceType: 'MedicationRequest',
        status: 'active',
        intent: 'order',
        medicationCodeableConcept: code,
        subject,
        requester: author,
        authoredOn: at,
        note: [{ text }],
      };
    case 'problem':
      return {
        resourceType: 'Condition',
        code,
        subject,
        recorder: author,
        recordedDate: at,
        note: [{ text }],
      };
    case 'procedure':
      return {
        resourceType: 'Procedure',
        status: 'completed',
        code,
        subject,
        performedDateTime: at,
        performer: [{ actor: author }],
        note: [{ text }],
      };
  }
}
