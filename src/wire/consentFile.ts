import type { z } from 'zod';
import { CarelatticeError } from '../errors.ts';
import { assertConsentForm, malformedConsent } from './consentForm.ts';
import type { Consent } from './typedData.ts';
import { jsonOf, typedDataJson } from './typedDataJson.ts';

/** Files with consents in them: JSON that people open, mail and edit. A fault is told with its place. */

/** @throws `MalformedConsent` */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CarelatticeError('MalformedConsent', 'the file is no JSON; take the one she gave', {
      facts: { place: 'the whole file', problem: 'no JSON' },
      cause,
    });
  }
}

/** @throws `MalformedConsent` with the first place that does not fit */
export function parsedAs<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw malformedConsent(placeOf(issue?.path ?? []), issue?.message ?? '');
}

/** As a person writes it: `consent.except[0].readers`. */
const placeOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (place, key) =>
      typeof key === 'number'
        ? `${place}[${key}]`
        : `${place}${place === '' ? '' : '.'}${String(key)}`,
    '',
  );

/** A whole consent, as it is kept until it is signed. */
export const consentText = (consent: Consent): string =>
  `${JSON.stringify(jsonOf(consent), undefined, 2)}\n`;

/** @throws `MalformedConsent` with the place */
export function parseConsent(text: string): Consent {
  const consent = parsedAs(typedDataJson('Consent'), jsonIn(text));
  assertConsentForm(consent);
  return consent;
}
