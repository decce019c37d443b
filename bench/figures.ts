import { CarelatticeError } from '../src/errors.ts';

/** One measured figure, as `npm run bench -- --json` prints it. */
export interface Figure {
  /** `G1`, `G1.flat`; `rival.…` for what is shown for comparison. */
  readonly id: string;
  /** In `unit`; null when there is no number, with the reason in `note`. */
  readonly value: number | null;
  readonly unit: string;
  /** A comparison such as `<= 560` or `>= 4`; null for a figure without a goal. */
  readonly goal: string | null;
  /** Whether `value` meets `goal`; true for a figure without a goal. */
  readonly ok: boolean;
  readonly note: string;
}

/** What a part of the benchmark brings: its figures, failed gates and wrong results, and tables for the JSON. */
export interface BenchPart {
  readonly figures: readonly Figure[];
  /** Each ends the benchmark with exit code 1. */
  readonly failures: readonly string[];
  readonly tables?: Readonly<Record<string, unknown>>;
}

const GOAL = /^(<=|>=) (\d+(?:\.\d+)?)$/;

interface Goal {
  readonly atMost: boolean;
  readonly bound: number;
}

/** @throws `BadGoal` */
function parseGoal(text: string): Goal {
  const [, sign, number] = GOAL.exec(text) ?? [];
  if (sign === undefined || number === undefined) {
    throw new CarelatticeError('BadGoal', 'a goal is written as "<= 560" or ">= 4"', {
      facts: { goal: text },
    });
  }
  return { atMost: sign === '<=', bound: Number(number) };
}

/** Rounded to what a reader needs: four significant digits below 1,000, whole numbers above. */
const rounded = (value: number): number =>
  Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));

/** A figure; `ok` follows from value and goal, judged before rounding. @throws `BadGoal` */
export function figure(
  id: string,
  value: number | null,
  unit: string,
  goal: string | null,
  note: string,
): Figure {
  const wanted = goal === null ? undefined : parseGoal(goal);
  const ok =
    wanted === undefined ||
    (value !== null && (wanted.atMost ? value <= wanted.bound : value >= wanted.bound));
  return { id, value: value === null ? null : rounded(value), unit, goal, ok, note };
}

/** How far a missed figure is from its goal, in words; undefined when there is nothing to say. */
export function distanceOf({ value, unit, goal, ok }: Figure): string | undefined {
  if (ok || goal === null) return undefined;
  if (value === null) return 'no number';
  const { bound } = parseGoal(goal);
  const percent = Math.abs((value / bound - 1) * 100).toFixed(1);
  return `missed by ${rounded(Math.abs(value - bound))} ${unit} (${percent} %)`;
}

/** One line for people. */
export function lineOf(one: Figure): string {
  const value = one.value === null ? '-' : one.value.toLocaleString('en');
  const verdict = one.goal === null ? '' : `  ${one.ok ? 'ok' : 'MISSED'} ${one.goal}`;
  const distance = distanceOf(one);
  return `${one.id.padEnd(30)} ${value.padStart(12)} ${one.unit}${verdict}${distance === undefined ? '' : `, ${distance}`}`;
}

/** The one line of `--json`. @throws `FigureTwice` when an id is not unique */
export function jsonLine(
  parts: readonly BenchPart[],
  about: Readonly<Record<string, unknown>>,
): string {
  const figures = parts.flatMap((part) => part.figures);
  const twice = figures.find(
    ({ id }, index) => figures.findIndex((other) => other.id === id) !== index,
  );
  if (twice !== undefined) {
    throw new CarelatticeError('FigureTwice', 'two figures have the same id', {
      facts: { id: twice.id },
    });
  }
  const failures = parts.flatMap((part) => part.failures);
  const tables = Object.assign({}, ...parts.map(({ tables = {} }) => tables)) as object; // plain objects
  return JSON.stringify({ figures, failures, ...about, ...tables });
}
