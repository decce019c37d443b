import fc from 'fast-check';
import { id } from 'ethers';
import type { RecordFacts } from '../../src/domain/consentRules.ts';
import type { Hex } from '../../src/hash/bytes.ts';

/** Uses of a consent, most of them with something wrong, drawn from few values so that rules meet. */

const CATEGORIES = ['result', 'medication', 'allergy'];
const LABELS = ['hiv', 'mental-health'];
const ids = (name: string): Hex[] => [1, 2].map((n) => id(`${name} ${n}`) as Hex); // a digest is hex
const anchors = ids('record');
const authors = ids('author');

const orElse = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 30, arbitrary: fc.constant(usual) },
    ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })),
  );
const mostly = orElse<boolean>(true, false);
const rarely = orElse<boolean>(false, true);

type Place = 'here' | 'otherNetwork' | 'otherChain' | 'otherRegistry' | 'otherPatient';
const place = orElse<Place>('here', 'otherNetwork', 'otherChain', 'otherRegistry', 'otherPatient');
const time = orElse<'now' | 'early' | 'late'>('now', 'early', 'late');
/** The accounts' `minEpoch` is 1. */
const epoch = orElse<bigint>(1n, 2n, 0n);
const standing = fc.record({ place, time, epoch, granted: mostly, revoked: rarely });

const exception = fc
  .record({
    readers: fc.subarray(['insurer', 'hospital A'] as const),
    categories: fc.subarray(CATEGORIES),
    sensitivity: fc.subarray(LABELS),
    anchors: fc.subarray(anchors),
  })
  .filter((lists) => Object.values(lists).some(({ length }) => length > 0));

const record: fc.Arbitrary<RecordFacts> = fc.record({
  category: fc.constantFrom(...CATEGORIES),
  sensitivity: fc.subarray(LABELS),
  anchor: fc.constantFrom(...anchors),
  author: fc.constantFrom(...authors),
  eventFrom: fc.constantFrom(100n, 200n),
  eventTo: fc.constantFrom(200n, 300n),
});

export const scenario = fc.record({
  nonce: fc.bigInt({ min: 0n, max: 1n << 200n }),
  consent: standing,
  isInTime: mostly,
  /** Of the account that the consent names as hers, and whether she was opened. */
  patient: orElse<'hers' | 'strange' | 'unknown'>('hers', 'strange', 'unknown'),
  delegated: fc.boolean(),
  guardianship: fc.record({
    standing,
    isHers: mostly,
    isNamed: mostly,
    /** The patient herself has revoked the delegate's consent. */
    taken: rarely,
    categories: orElse<string[]>(CATEGORIES, ['result']),
    isHomeElsewhere: rarely,
  }),
  grantee: orElse<'insurer' | 'any'>('insurer', 'any'),
  reader: orElse<'insurer' | 'hospital A' | 'suspended' | 'nobody'>(
    'insurer',
    'hospital A',
    'suspended',
    'nobody',
  ),
  purpose: orElse<string>('TREAT', 'HRESCH'),
  action: orElse<string>('access', 'erase'),
  categories: orElse<string[]>(CATEGORIES, ['result'], ['medication', 'allergy']),
  sensitivity: fc.constantFrom([...LABELS], [...LABELS], ['hiv'], []),
  anchors: fc.constantFrom([], [], [...anchors], anchors.slice(0, 1)),
  authors: fc.constantFrom([], [], authors.slice(1)),
  dataFrom: fc.constantFrom(0n, 0n, 200n, 250n),
  dataTo: fc.constantFrom(0n, 0n, 150n, 250n),
  except: fc.oneof(
    { weight: 3, arbitrary: fc.array(exception, { maxLength: 0 }) },
    { weight: 2, arbitrary: fc.array(exception, { maxLength: 2 }) },
  ),
  record,
});

export type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;
