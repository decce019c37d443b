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

/** `2026-11-21 18:30:00 UTC`. @param seconds of Unix time */
export const timeText = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
