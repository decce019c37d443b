import type { Bundle } from '@medplum/fhirtypes';
import { expect } from 'chai';
import type { ReadRecord } from '../../../../src/client/reading/readRecords.ts';
import { summaryBundle } from '../../../../src/client/emergency/summaryBundle.ts';
import { generatePatients } from '../../../../src/fhir/generator/generatePatients.ts';
import { patientIdentifiers } from '../../../../src/fhir/patient.ts';
import { type FhirRecord, groupRecords } from '../../../../src/fhir/records.ts';
import { validateBundle } from '../../../../src/fhir/validate.ts';
import { type Hex, toHex, uint } from '../../../../src/hash/bytes.ts';
import { fhirReader } from '../../../../src/node/recording/fhirReader.ts';
import type { RecordMessage } from '../../../../src/wire/typedData.ts';

const NONE: Hex = `0x${'00'.repeat(16)}`;
const WISH = { composedAt: 1_790_000_000, language: 'en', sensitivity: [] } as const;

/** As her program reads it at a node; newest first means the last one handed in comes first. */
function readRecord(
  source: FhirRecord,
  place: number,
  change: Partial<RecordMessage> = {},
): ReadRecord {
  const recordId = toHex(uint(place, 16));
  const { category, sensitivity, resourceTypes, mediaType, body } = source;
  const zero = `0x${'00'.repeat(32)}` as const;
  const message: RecordMessage = {
    ...{ networkId: zero, chainId: 1n, author: zero, keyEpoch: 1, recordId, headerHash: zero },
    ...{ bodyRoot: zero, category, sensitivity, resourceTypes, mediaType, status: 'current' },
    ...{ recordedAt: BigInt(place), eventFrom: 0n, eventTo: 0n, previousVersion: NONE },
    bodyLength: BigInt(body.length),
    ...change,
  };
  return { anchor: zero, recordId, message, body };
}

const parsed = (bytes: Uint8Array): Bundle => JSON.parse(Buffer.from(bytes).toString()) as Bundle; // as summaryBundle writes it
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('the emergency summary that her own program makes', () => {
  const bundle = generatePatients({ seed: 7, patients: 1, hospitals: ['North'] })[0]?.bundles[0]
    ?.bundle;
  if (bundle === undefined) throw new Error('the generator gave nothing');
  const sources = groupRecords(bundle);
  const records = sources.map((source, place) => readRecord(source, place + 1)).reverse();

  it('is taken by a hospital as one record of the summary category, of the same patient', async () => {
    const bytes = summaryBundle(records, WISH);
    const read = await fhirReader((one) => Promise.resolve(validateBundle(one)))(bytes);
    const kinds = read.records.map(({ category }) => category);
    expect(kinds.filter((category) => category === 'emergency-summary')).to.have.length(1);
    expect(read.identifiers).to.deep.equal(patientIdentifiers(bundle));
    expect(kinds.filter((category) => category !== 'emergency-summary')).to.deep.equal([]);
  });

  it('is no part of the next one', () => {
    const bytes = summaryBundle(records, WISH);
    const [summary] = groupRecords(parsed(bytes));
    if (summary === undefined) throw new Error('a summary is a record');
    expect(textOf(summaryBundle([readRecord(summary, 99), ...records], WISH))).to.equal(
      textOf(bytes),
    );
  });

  it('tells sensitive matters only where she lets it', () => {
    const [label, other] = ['HIV', 'PSY'];
    const labelled = records.map((record) => ({
      ...record,
      message: { ...record.message, sensitivity: [label, other] },
    }));
    const empty = textOf(summaryBundle([], WISH));
    expect(textOf(summaryBundle(records, WISH))).to.not.equal(empty);
    expect(textOf(summaryBundle(labelled, WISH))).to.equal(empty);
    expect(textOf(summaryBundle(labelled, { ...WISH, sensitivity: [label] }))).to.equal(empty);
    const whole = summaryBundle(labelled, { ...WISH, sensitivity: [label, other] });
    expect(textOf(whole)).to.equal(textOf(summaryBundle(records, WISH)));
  });

  it('leaves out what was replaced or entered in error, and what is no FHIR', () => {
    const whole = textOf(summaryBundle(records, WISH));
    const others = (one: ReadRecord): ReadRecord[] => records.filter((record) => record !== one);
    const first = records.find((one) => textOf(summaryBundle(others(one), WISH)) !== whole);
    if (first === undefined) throw new Error('every summary tells something');
    const rest = others(first);
    const without = textOf(summaryBundle(rest, WISH));
    const inError = { ...first.message, status: 'entered-in-error' };
    const scan = { ...first.message, mediaType: 'application/dicom' };
    for (const message of [inError, scan]) {
      const changed = [{ ...first, message }, ...rest];
      expect(textOf(summaryBundle(changed, WISH))).to.equal(without);
    }
    const voided = { ...inError, recordId: toHex(uint(500, 16)), previousVersion: first.recordId };
    const replaced = [{ ...first, recordId: voided.recordId, message: voided }, ...records];
    expect(textOf(summaryBundle(replaced, WISH))).to.equal(without);
  });
});
