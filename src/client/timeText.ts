import { CarelatticeError } from '../errors.ts';

/** Times and durations as a person types and reads them. */

const UNITS = [
  ['d', 'day', 86_400],
  ['h', 'hour', 3600],
  ['m', 'minute', 60],
  ['s', 'second', 1],
] as const;

/** Seconds of `3d`, `12h`, `30m` or `90s`. @throws `BadOption` */
export function durationOf(text: string): number {
  const [, count, letter] = /^([1-9]\d{0,8})([dhms])$/.exec(text) ?? [];
  const [, , seconds] = UNITS.find(([short]) => short === letter) ?? [];
  if (seconds !== undefined) return Number(count) * seconds;
  throw new CarelatticeError('BadOption', 'a time is given as 3d, 12h, 30m or 90s', {
    facts: { given: text },
  });
}

/** `3 days`; the largest unit that leaves nothing over. */
export function durationText(seconds: number): string {
  const [, word, size] = UNITS.find(([, , unit]) => seconds % unit === 0) ?? ['s', 'second', 1];
  const count = seconds / size;
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** The last second of the year 9999. */
const LAST_SECOND = 253_402_300_799;

/** As ISO 8601, or in words: a liar may tell a time that no calendar has. */
function calendarText(seconds: number, shown: (iso: string) => string): string {
  return seconds >= 0 && seconds <= LAST_SECOND
    ? shown(new Date(seconds * 1000).toISOString())
    : `an impossible time (second ${seconds})`;
}

/** `2026-11-21 18:30:00 UTC`, whatever was told. @param seconds of Unix time */
export const timeText = (seconds: number): string =>
  calendarText(seconds, (iso) => `${iso.slice(0, 19).replace('T', ' ')} UTC`);

/** `2026-11-21`, whatever was told. @param seconds of Unix time */
export const dayText = (seconds: number): string =>
  calendarText(seconds, (iso) => iso.slice(0, 10));
