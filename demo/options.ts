import { parseArgs } from 'node:util';
import { CarelatticeError } from '../src/errors.ts';

export interface DemoOptions {
  /** A folder of FHIR bundles instead of the generated ones. */
  fhir?: string;
  nodes?: number;
  patients: number;
  seed: string;
  json: boolean;
  keep?: string;
}

const USAGE =
  'npm run demo -- [--fhir DIR] [--nodes N] [--patients N] [--seed S] [--json] [--keep DIR]';

/** @throws `UnknownOption`, `BadOption` with the usage */
export function demoOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): DemoOptions {
  const values = parsed(args);
  const fhir = values.fhir ?? env['CARELATTICE_FHIR_DATA'];
  return {
    ...(fhir === undefined ? {} : { fhir }),
    ...(values.nodes === undefined ? {} : { nodes: whole('--nodes', values.nodes, 2, 48) }),
    patients: whole('--patients', values.patients ?? '12', 1, 100_000),
    seed: values.seed ?? '1',
    json: values.json ?? false,
    ...(values.keep === undefined ? {} : { keep: values.keep }),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        fhir: { type: 'string' },
        nodes: { type: 'string' },
        patients: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'boolean' },
        keep: { type: 'string' },
      },
    }).values;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new CarelatticeError('UnknownOption', `${problem}. Usage: ${USAGE}`, { cause });
  }
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new CarelatticeError(
      'BadOption',
      `${name} is a whole number from ${least} to ${most}. Usage: ${USAGE}`,
      {
        facts: { given: text },
      },
    );
  }
  return value;
}
