import type {
  Bundle,
  BundleEntry,
  Encounter,
  HumanName,
  Identifier,
  Location,
  Organization,
  Patient,
  Period,
  Practitioner,
  Reference,
  Resource,
} from '@medplum/fhirtypes';
import { personNames, type Script } from './names.ts';
import type { SeededRandom } from './random.ts';

export interface Person {
  readonly names: readonly HumanName[];
  readonly gender: 'female' | 'male';
  /** `yyyy-mm-dd` */
  readonly birthDate: string;
  readonly script: Script;
}

/** Reference to an entry of the same bundle. */
export type Link<T extends Resource> = Reference<T> & { readonly reference: string };

/** One patient's visit at one hospital while it is being written down. */
export interface Visit {
  readonly random: SeededRandom;
  readonly inChinese: boolean;
  /** Milliseconds since 1970 of the beginning. */
  readonly start: number;
  readonly patient: Link<Patient>;
  readonly practitioner: Link<Practitioner>;
  readonly organization: Link<Organization>;
  readonly location: Link<Location>;
  readonly encounter: Link<Encounter>;
  /** Adds a resource and gives the reference to it. */
  add<T extends Resource>(resource: T): Link<T>;
  /** Instant `minutes` after the beginning. */
  at(minutes: number): string;
  /** Transaction bundle of all that was added. */
  bundle(): Bundle;
}

export interface VisitSetting {
  readonly person: Person;
  readonly identifiers: readonly Identifier[];
  readonly hospital: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly random: SeededRandom;
}

/** Begins with patient, hospital, ward, practitioner and encounter: five entries. */
export function openVisit({ person, identifiers, hospital, start, random }: VisitSetting): Visit {
  const entries: BundleEntry[] = [];
  const inChinese = person.script === 'chinese';
  const add = <T extends Resource>(resource: T): Link<T> => {
    const id = random.uuid();
    const fullUrl = `urn:uuid:${id}`;
    const request = { method: 'POST', url: resource.resourceType } as const;
    entries.push({ fullUrl, resource: { ...resource, id }, request });
    return { reference: fullUrl };
  };
  const at = (minutes: number): string => new Date(start + minutes * 60_000).toISOString();

  const organization = add({ resourceType: 'Organization', active: true, name: hospital });
  const patient = add({
    resourceType: 'Patient',
    identifier: [...identifiers],
    active: true,
    name: [...person.names],
    gender: person.gender,
    birthDate: person.birthDate,
    managingOrganization: organization,
  });
  const gender = random.pick(['female', 'male'] as const);
  const practitioner = add({
    resourceType: 'Practitioner',
    active: true,
    name: personNames(person.script, gender, random),
    gender,
  });
  const location = add({
    resourceType: 'Location',
    status: 'active',
    name: inChinese ? '门诊部' : 'Outpatient department',
    managingOrganization: organization,
  });
  const period: Period = { start: at(0), end: at(45) };
  const encounter = add({
    resourceType: 'Encounter',
    status: 'finished',
    class: {
      system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
      code: 'AMB',
      display: 'ambulatory',
    },
    subject: patient,
    participant: [{ individual: practitioner, period }],
    period,
    location: [{ location }],
    serviceProvider: organization,
  });
  return {
    random,
    inChinese,
    start,
    patient,
    practitioner,
    organization,
    location,
    encounter,
    add,
    at,
    bundle: () => ({ resourceType: 'Bundle', type: 'transaction', entry: entries }),
  };
}
