import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CarelatticeError } from '../src/errors.ts';
import { MAX_GAS } from '../src/chain/gas.ts';

/** What one operation costs: `gasUsed` of its transaction, and storage slots that it made non-zero. */
export interface GasCost {
  readonly gas: number;
  readonly newSlots: number;
}

/** By operation. */
export type GasTable = Readonly<Record<string, GasCost>>;

/** Of the committed table. */
export const baselinePath = fileURLToPath(new URL('gas.json', import.meta.url));

/** Growth of more than this share fails. */
const TOLERANCE = 0.01;

const tableSchema = z.record(
  z.string(),
  z.strictObject({ gas: z.number().int().min(0), newSlots: z.number().int().min(0) }),
);

/** The committed table. @throws `NoGasBaseline` when it is not there or is none */
export async function readBaseline(path: string): Promise<GasTable> {
  try {
    return tableSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new CarelatticeError(
      'NoGasBaseline',
      'the committed gas table cannot be read; write it by npm run bench -- --only gas --update',
      { facts: { path }, cause },
    );
  }
}

/** Operations in the order of their names, so that a change is a readable diff. */
export async function writeBaseline(path: string, table: GasTable): Promise<void> {
  const sorted = Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = sorted.map(([name, cost]) => `  ${JSON.stringify(name)}: ${oneLine(cost)}`);
  await writeFile(path, `{\n${lines.join(',\n')}\n}\n`);
}

const oneLine = ({ gas, newSlots }: GasCost): string =>
  `{ "gas": ${gas}, "newSlots": ${newSlots} }`;

/** What fails against the committed table: growth over 1 %, a new slot, a transaction over 2^24, an unknown operation. */
export function gasFaults(baseline: GasTable, measured: GasTable): string[] {
  return [
    ...Object.entries(measured).flatMap(([name, cost]) => faultsOf(name, cost, baseline[name])),
    ...Object.keys(baseline)
      .filter((name) => !(name in measured))
      .map((name) => `${name}: in the committed table, but not measured`),
  ];
}

function faultsOf(name: string, cost: GasCost, before: GasCost | undefined): string[] {
  const faults: string[] = [];
  if (cost.gas > MAX_GAS) {
    faults.push(`${name}: ${cost.gas} gas is over the ${MAX_GAS} of a transaction (EIP-7825)`);
  }
  if (before === undefined) {
    return [...faults, `${name}: not in the committed table; add it by --update`];
  }
  if (cost.gas > before.gas * (1 + TOLERANCE)) {
    const percent = ((cost.gas / before.gas - 1) * 100).toFixed(2);
    faults.push(`${name}: ${cost.gas} gas, ${percent} % above the committed ${before.gas}`);
  }
  if (cost.newSlots > before.newSlots) {
    faults.push(`${name}: ${cost.newSlots} new slots, committed are ${before.newSlots}`);
  }
  return faults;
}

/** Operations that became cheaper by more than the tolerance: the table should follow. */
export const gasSavings = (baseline: GasTable, measured: GasTable): string[] =>
  Object.entries(measured).flatMap(([name, { gas }]) => {
    const before = baseline[name];
    if (before === undefined || gas >= before.gas * (1 - TOLERANCE)) return [];
    return [`${name}: ${gas} gas, committed are ${before.gas}; keep the gain by --update`];
  });
