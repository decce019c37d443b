import { steerless } from '../wire/plainLine.ts';
import type { TraceStep } from './trace.ts';

/** What a chain shows is the same in every journal; the rest is each node's own. */
const ON_CHAIN: ReadonlySet<TraceStep['step']> = new Set([
  'requested',
  'sealed on chain',
  'settled',
]);
const ORDER: readonly TraceStep['step'][] = [
  'sealed',
  'requested',
  'answered',
  'sealed on chain',
  'delivered',
  'outstanding',
  'settled',
];

/**
 * The way of a record as several nodes tell it, each in one trace: of chain steps the author's telling, which says
 * most. Two nodes may bear one name.
 */
export function joinTraces(traces: readonly (readonly TraceStep[])[]): TraceStep[] {
  const isAuthors = (steps: readonly TraceStep[]): boolean =>
    steps.some(({ step }) => step === 'sealed');
  const joined = new Map<string, TraceStep>();
  const byAuthor = [...traces].sort((a, b) => Number(isAuthors(b)) - Number(isAuthors(a)));
  for (const [teller, steps] of byAuthor.entries()) {
    for (const step of steps) {
      const own = ON_CHAIN.has(step.step) ? (step.block ?? 0) : teller;
      const name = `${step.step} ${own}`;
      if (!joined.has(name)) joined.set(name, step);
    }
  }
  return [...joined.values()].sort(
    (a, b) => ORDER.indexOf(a.step) - ORDER.indexOf(b.step) || a.time - b.time,
  );
}

/** A step as a line for people. */
export function stepText({ step, node, block, time, words }: TraceStep): string {
  const where = block === undefined ? '' : `block ${block}`;
  const when = time === 0 ? '' : new Date(time * 1000).toISOString();
  const columns = [step.padEnd(15), where.padEnd(10), when.padEnd(24), node.padEnd(14), words];
  return steerless(columns.join('  '));
}
