import type { Bundle, Identifier } from '@medplum/fhirtypes';
import type { PatientIdentifier } from '../patient.ts';
import { checkUp, counselling, firstVisit, operation } from './kindsOfVisit.ts';
import { personNames } from './names.ts';
import { seededRandom } from './random.ts';
import { openVisit, type Person } from './visit.ts';

export interface GeneratePatients {
  /** The same seed and counts give the same bytes. */
  readonly seed: string | number;
  readonly patients: number;
  /** Names of hospitals, at least one, each once. */
  readonly hospitals: readonly string[];
}

export interface GeneratedPatient {
  /** Official name, Chinese or English in turn. */
  readonly name: string;
  /** The national number and one record number per hospital. */
  readonly identifiers: readonly PatientIdentifier[];
  /** Where she is enrolled: one to three of the hospitals, in the order of her first visits. */
  readonly hospitals: readonly string[];
  /** One valid transaction bundle per enrolled hospital, earliest first. */
  readonly bundles: readonly { readonly hospital: string; readonly bundle: Bundle }[];
}

const NATIONAL = 'urn:oid:2.16.840.1.113883.4.999';
const KINDS = [checkUp, firstVisit, operation, counselling] as const;
const FIRST_DAY = Date.UTC(2024, 0, 8, 9);
const DAY = 86_400_000;

/**
 * Synthetic patients for tests and demonstrations. The first bundle of the first patient has 24 entries
 * that become the three records encounter, result and medication.
 */
export function generatePatients({
  seed,
  patients,
  hospitals,
}: GeneratePatients): GeneratedPatient[] {
  return Array.from({ length: patients }, (_, number) => generatePatient(seed, number, hospitals));
}

function generatePatient(
  seed: string | number,
  number: number,
  all: readonly string[],
): GeneratedPatient {
  // A stream of her own: more patients or hospitals do not change who she is.
  const random = seededRandom(`${seed}/${number}`);
  const gender = random.pick(['female', 'male'] as const);
  // The first one writes her name in Chinese: whoever looks at one patient only sees that any script goes.
  const script = number % 2 === 0 ? 'chinese' : 'english';
  const person: Person = {
    names: personNames(script, gender, random),
    gender,
    birthDate: new Date(Date.UTC(random.between(1940, 2005), 0, random.between(1, 365)))
      .toISOString()
      .slice(0, 10),
    script,
  };
  const national: Identifier = {
    use: 'official',
    system: NATIONAL,
    value: digits(random.between(1, 99_999_999), 8),
  };
  const hospitals = random.some(all, random.between(1, 3));
  const numbers = hospitals.map((hospital): Identifier => ({
    use: 'usual',
    system: `urn:carelattice:example:${encodeURIComponent(hospital)}`,
    value: digits(random.between(1, 999_999), 6),
  }));
  const bundles = hospitals.map((hospital, i) => {
    const start =
      FIRST_DAY + (number % 200) * DAY + i * 30 * DAY + random.between(0, 20) * 1_200_000;
    const own = numbers[i];
    const identifiers = own === undefined ? [national] : [national, own];
    const visit = openVisit({ person, identifiers, hospital, start, random });
    KINDS[(number + i) % KINDS.length]?.(visit);
    return { hospital, bundle: visit.bundle() };
  });
  return {
    name: person.names[0]?.text ?? '',
    identifiers: [national, ...numbers].map(({ system = '', value = '' }) => ({ system, value })),
    hospitals,
    bundles,
  };
}

const digits = (value: number, length: number): string => String(value).padStart(length, '0');
