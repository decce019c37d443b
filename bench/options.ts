import { parseArgs } from 'node:util';
import { CarelatticeError } from '../src/errors.ts';

/** Parts of the benchmark, in the order in which they run. */
export const PARTS = ['gas', 'reading', 'replication', 'rewrap', 'throughput'] as const;
export type PartName = (typeof PARTS)[number];

export interface BenchOptions {
  readonly only: readonly PartName[];
  /** One JSON object as the last line. */
  readonly json: boolean;
  /** Writes bench/gas.json. */
  readonly update: boolean;
}

const USAGE = `npm run bench -- [--only ${PARTS.join('|')}] [--json] [--update]`;

/** @throws `UnknownOption` with the usage */
export function benchOptions(args: readonly string[]): BenchOptions {
  const { only, json = false, update = false } = parsed(args);
  const part = PARTS.find((name) => name === only);
  if (only !== undefined && part === undefined) throw unknownOption(`there is no part ${only}`);
  const names = part === undefined ? PARTS : [part];
  if (update && !names.includes('gas')) throw unknownOption('--update goes with the gas');
  return { only: names, json, update };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { only: { type: 'string' }, json: { type: 'boolean' }, update: { type: 'boolean' } },
    }).values;
  } catch (error) {
    throw unknownOption(error instanceof Error ? error.message : String(error));
  }
}

const unknownOption = (problem: string): CarelatticeError =>
  new CarelatticeError('UnknownOption', `${problem}. Usage: ${USAGE}`);
