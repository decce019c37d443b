import { z } from 'zod';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { Components } from '../components.ts';
import { findPatient } from '../holding/patients.ts';
import { openOwn } from './openOwn.ts';

/** A hospital's own system opens records of a patient who is enrolled there; each opening is logged for her. */

const question = z.strictObject({
  identifiers: z
    .array(z.strictObject({ system: z.string().max(300), value: z.string().max(300) }))
    .min(1)
    .max(50),
  /** Only this record. */
  recordId: z
    .string()
    .regex(/^0x[0-9a-f]{32}$/)
    .optional(),
  limit: z.int().min(1).max(200).default(50),
});

export interface OpenedForOperator {
  readonly records: readonly {
    readonly recordId: string;
    readonly category: string;
    readonly author: string;
    readonly recordedAt: number;
    /** The record as its author wrote it: a FHIR bundle. */
    readonly text: string;
  }[];
}

/** @throws `BadQuestion`, `PatientUnknown`, `PatientAmbiguous`, `PatientNotEnrolled`, `NoScopeKey` */
export async function openForOperator(c: Components, body: unknown): Promise<OpenedForOperator> {
  const parsed = question.safeParse(body);
  if (!parsed.success) {
    throw new CarelatticeError('BadQuestion', 'the question has not its form', {
      facts: { field: parsed.error.issues[0]?.path.join('.') ?? '' },
    });
  }
  const { identifiers, recordId, limit } = parsed.data;
  const patient = findPatient(c, identifiers);
  const records = wanted(c, patient.patientId, recordId, limit).filter(
    ({ anchor }) => c.holding.content(anchor) !== undefined,
  );
  const openings = await openOwn(c, patient, records);
  return {
    records: await Promise.all(
      openings.map(async ({ record, opened }) => ({
        recordId: record.recordId,
        category: opened.message.category,
        author: c.nodes.byId(record.author)?.name ?? record.author,
        recordedAt: Number(opened.message.recordedAt),
        text: await textOf(opened.body),
      })),
    ),
  };
}

function wanted(c: Components, patientId: Hex, recordId: string | undefined, limit: number) {
  if (recordId === undefined) return c.holding.page(patientId, limit);
  const record = c.holding.heldById(recordId as Hex); // the form was checked
  return record?.patientId === patientId && record.state === 'held' ? [record] : [];
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
