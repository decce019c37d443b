import fc from 'fast-check';
import { type Hex, toHex } from '../../../src/hash/bytes.ts';
import type { Consent } from '../../../src/wire/typedData.ts';
import { accountNamed, idOf, sampleConsent, scopeOf } from './consentFixture.ts';

/** Consents and the same with one field changed. */

const hexOf = (length: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(toHex);
const uint64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const texts = fc.array(fc.string({ maxLength: 12 }), { maxLength: 4 });
const ids = fc.array(hexOf(32), { maxLength: 4 });

const scope = fc.record({
  chainId: uint64,
  networkId: hexOf(32),
  registry: hexOf(20),
  patientId: hexOf(32),
  salt: hexOf(32),
});

/** A random value for each field. */
const fields: { [K in keyof Consent]: fc.Arbitrary<Consent[K]> } = {
  statement: fc.string(),
  language: fc.constantFrom('en', 'zh', 'fr'),
  template: fc.nat(65_535),
  patient: hexOf(20),
  guardianship: hexOf(32),
  grantee: hexOf(32),
  granteeName: fc.string({ maxLength: 30 }),
  purpose: fc.constantFrom('TREAT', 'HPAYMT', 'HRESCH', 'PATRQT', ''),
  actions: texts,
  categories: fc.subarray(['result', 'medication', 'allergy', 'imaging']),
  sensitivity: fc.subarray(['hiv', 'mental-health', 'R', 'TABOO']),
  anchors: ids,
  authors: ids,
  dataFrom: uint64,
  dataTo: uint64,
  except: fc.array(
    fc.record({ readers: ids, categories: texts, sensitivity: texts, anchors: ids }),
    { maxLength: 3 },
  ),
  notBefore: uint64,
  notAfter: uint64,
  submitBy: uint64,
  epoch: uint64,
  nonce: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
  home: hexOf(32),
  networkNames: texts,
  networks: fc.array(scope, { maxLength: 3 }),
};

// The names are the keys of the record above.
const names = Object.keys(fields) as (keyof Consent)[];
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item));

const base = sampleConsent({
  sensitivity: ['hiv'],
  anchors: [idOf('record')],
  except: [{ readers: [idOf('x')], categories: [], sensitivity: [], anchors: [] }],
  patient: accountNamed('patient'),
  networks: [scopeOf('network'), scopeOf('lake')],
  networkNames: ['Riverside', 'Lakeside'],
});

const withOneChanged = (
  consent: Consent,
  name: keyof Consent,
): fc.Arbitrary<readonly [Consent, Consent]> => {
  const value: fc.Arbitrary<unknown> = fields[name];
  return value
    .filter((other) => textOf(other) !== textOf(consent[name]))
    .map((other) => [consent, { ...consent, [name]: other }] as const);
};

/** The sample with any fields changed, and the same with exactly one more changed. */
export const consentAndChange: fc.Arbitrary<readonly [Consent, Consent]> = fc
  .record(fields, { requiredKeys: [] })
  .chain((change) =>
    fc.constantFrom(...names).chain((name) => withOneChanged({ ...base, ...change }, name)),
  );

/** The sample, and the same with exactly one field changed, none of `except`. */
export const sampleAndChange = (
  ...except: readonly (keyof Consent)[]
): fc.Arbitrary<readonly [Consent, Consent]> =>
  fc
    .constantFrom(...names.filter((name) => !except.includes(name)))
    .chain((name) => withOneChanged(base, name));
