import { CarelatticeError } from '../../errors.ts';
import type { FhirRecord } from '../../fhir/records.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { AuthoredRecord } from '../../journal/authorTables.ts';
import type { Components } from '../components.ts';

/** What is to be sealed: a record, and which one it follows. */
export interface Draft {
  source: Pick<
    FhirRecord,
    'category' | 'sensitivity' | 'resourceTypes' | 'eventFrom' | 'eventTo' | 'body' | 'mediaType'
  >;
  status: NonNullable<AuthoredRecord['status']>;
  /** Id of the record that this one replaces; 16 zero bytes for a first version. */
  previousVersion: Hex;
}

/** A first version follows none. */
export const NO_VERSION: Hex = `0x${'00'.repeat(16)}`;

/**
 * The records of a bundle, each as the new version of the amended one of its category; what fits none is a first
 * version. @throws `NotOwnRecord`, `RecordErased`, `AlreadyAmended`, `AmendmentMisfit`
 */
export function draftsOf(
  c: Components,
  patientId: Hex,
  records: readonly FhirRecord[],
  amends: readonly Hex[],
): Draft[] {
  const previous = new Map<string, Hex>();
  for (const recordId of amends) {
    const { category } = amendable(c, recordId, patientId);
    const fitting = records.filter((record) => record.category === category);
    if (fitting.length !== 1 || previous.has(category)) {
      throw new CarelatticeError(
        'AmendmentMisfit',
        'a new version needs exactly one record of the category of the old one; hand in one bundle for each',
        { facts: { recordId, category, records: fitting.length } },
      );
    }
    previous.set(category, recordId);
  }
  return records.map((source) => ({
    source,
    status: 'current',
    previousVersion: previous.get(source.category) ?? NO_VERSION,
  }));
}

/**
 * The newest version of a record that this node wrote about this patient: only its author makes another one of it.
 * @throws `NotOwnRecord`, `RecordErased`, `AlreadyAmended`
 */
export function amendable(c: Components, recordId: Hex, patientId?: Hex): AuthoredRecord {
  const record = c.author.authoredById(recordId);
  if (record === undefined || (patientId !== undefined && record.patientId !== patientId)) {
    throw new CarelatticeError(
      'NotOwnRecord',
      'this node did not write such a record about this patient; its author has to amend it',
      { facts: { recordId } },
    );
  }
  if (record.erased === true) {
    throw new CarelatticeError('RecordErased', 'the patient has had this record erased', {
      facts: { recordId },
    });
  }
  const newer = c.author.newVersionOf(recordId);
  if (newer !== undefined) {
    throw new CarelatticeError(
      'AlreadyAmended',
      'this record has a newer version already; amend that one',
      { facts: { recordId, newer: newer.recordId } },
    );
  }
  return record;
}
