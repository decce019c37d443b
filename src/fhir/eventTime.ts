import type { Resource } from '@medplum/fhirtypes';
import { isObject, objectsOf, textOf, type JsonObject } from './json.ts';

/** Seconds since 1970, both ends within; 0 and 0 when nothing is dated. */
export interface EventTime {
  readonly eventFrom: number;
  readonly eventTo: number;
}

/** When it happened, best first; the first member that is there counts. */
const MEMBERS = (
  'period effectivePeriod effectiveDateTime effectiveInstant effectiveTiming performedPeriod performedDateTime ' +
  'occurrencePeriod occurrenceDateTime onsetDateTime onsetPeriod started billablePeriod servicedPeriod servicedDate ' +
  'authoredOn whenHandedOver whenPrepared collection occurredPeriod occurredDateTime identifiedDateTime identifiedPeriod ' +
  'createdDateTime createdPeriod startDate start sent received authored recordedDate recorded issued dateAsserted ' +
  'assertedDate dateTime date created timestamp'
).split(' ');

/** The time that the dated ones of `resources` span. FHIR dates without a time are days, months or years in UTC. */
export function eventTimeOf(resources: readonly Resource[]): EventTime {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const resource of resources) {
    const span = spanOfResource(resource as unknown as JsonObject); // members differ by type
    if (span === undefined) continue;
    from = Math.min(from, span.from);
    to = Math.max(to, span.to);
  }
  // The format knows no time before 1970; 0 means none, so the earliest is 1.
  return from > to
    ? { eventFrom: 0, eventTo: 0 }
    : { eventFrom: Math.max(1, from), eventTo: Math.max(1, to) };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function spanOfResource(resource: JsonObject): Span | undefined {
  for (const member of MEMBERS) {
    const span = spanOf(resource[member]);
    if (span !== undefined) return span;
  }
  return undefined;
}

function spanOf(value: unknown): Span | undefined {
  if (typeof value === 'string') return spanOfDate(value);
  if (!isObject(value)) return undefined;
  // Specimen.collection, Timing.event: the date lies one level below.
  const below = value['collectedDateTime'] ?? value['collectedPeriod'] ?? firstText(value['event']);
  if (below !== undefined) return spanOf(below);
  const start = spanOfDate(textOf(value['start']) ?? '');
  const end = spanOfDate(textOf(value['end']) ?? '');
  const from = start?.from ?? end?.from;
  const to = end?.to ?? start?.to;
  return from === undefined || to === undefined ? undefined : { from, to: Math.max(from, to) };
}

const firstText = (value: unknown): string | undefined =>
  Array.isArray(value) ? textOf(value[0]) : objectsOf(value).length > 0 ? undefined : textOf(value);

/** `2010`, `2010-05`, `2010-05-01` or with time and zone: its first and last second. */
export function spanOfDate(text: string): Span | undefined {
  const [, year, month, day] = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?/.exec(text) ?? [];
  if (year === undefined) return undefined;
  if (text.length > 10) {
    const second = Math.floor(Date.parse(text) / 1000);
    return Number.isNaN(second) ? undefined : { from: second, to: second };
  }
  const [y, m, d] = [Number(year), Number(month ?? 1), Number(day ?? 1)];
  const next =
    day !== undefined
      ? Date.UTC(y, m - 1, d + 1)
      : month !== undefined
        ? Date.UTC(y, m, 1)
        : Date.UTC(y + 1, 0, 1);
  return { from: Date.UTC(y, m - 1, d) / 1000, to: next / 1000 - 1 };
}
