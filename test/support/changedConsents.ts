import { statementOf } from '../../src/domain/consentStatement.ts';
import { CarelatticeError } from '../../src/errors.ts';
import type { Hex } from '../../src/hash/bytes.ts';
import type { ShownConsent } from '../../src/wire/consent.ts';
import { flipped } from './hostileNetwork.ts';

/** Consents that were changed after they were signed. */

/** What a consent is refused with that was not signed so. */
export const REFUSED = [
  'NotGranted',
  'StatementMismatch',
  'MalformedConsent',
  'UnknownTemplate',
  'NotThisNetwork',
  'NotThisRegistry',
  'UnknownPatient',
  'NotHerSigner',
  'Expired',
  'NotYetValid',
  'GrantedTooLate',
  'WrongReader',
  'GranteeNameMismatch',
  'HomeUnknown',
];

/** The text that the changed fields would have; the old one where they have none. */
export function textOf(consent: ShownConsent): string {
  try {
    return statementOf(consent);
  } catch (error) {
    if (error instanceof CarelatticeError) return consent.statement;
    throw error;
  }
}

/** One change of each field that a schema lets through. */
export function* changesOf(consent: ShownConsent): Generator<[keyof ShownConsent, unknown]> {
  for (const [name, value] of Object.entries(consent) as [string, unknown][]) {
    const field = name as keyof ShownConsent; // its own keys
    if (field === 'own') {
      for (const [part, inner] of Object.entries(consent.own))
        yield [field, { ...consent.own, [part]: changedValue(inner) }];
    } else if (field === 'except') {
      yield [field, [{ readers: [], categories: ['result'], sensitivity: [], anchors: [] }]];
    } else if (Array.isArray(value)) {
      const items: readonly unknown[] = value;
      if (items.length > 0) yield [field, items.slice(1)];
      yield [field, [...items, items.length > 0 ? changedValue(items[0]) : sampleOf(field)]];
    } else {
      yield [field, changedValue(value)];
    }
  }
}

const sampleOf = (field: string): string =>
  field === 'sensitivity' ? 'PSY' : `0x${'12'.repeat(32)}`;

function changedValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value + 1n;
  if (typeof value === 'number') return value + 1;
  const text = String(value);
  return text.startsWith('0x') ? flipped(text as Hex) : text === 'en' ? 'zh' : `${text}x`; // by its lead
}
