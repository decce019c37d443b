import { parseArgs, type ParseArgsConfig } from 'node:util';
import { CarelatticeError } from '../errors.ts';
import { plainLine } from '../wire/plainLine.ts';

export interface Command<T extends NonNullable<ParseArgsConfig['options']>> {
  /** How the command is typed. */
  readonly usage: string;
  readonly options: T;
  /** How many arguments without a name it takes. Default none. */
  readonly least?: number;
  readonly most?: number;
  /** Options that must be given. */
  readonly needs?: readonly (keyof T)[];
}

/** Reads what was typed. @throws `UnknownOption` with the usage */
export function commandLine<T extends NonNullable<ParseArgsConfig['options']>>(
  { usage, options, least = 0, most = 0, needs = [] }: Command<T>,
  args: readonly string[],
) {
  const refused = (problem: string, cause?: unknown): CarelatticeError =>
    new CarelatticeError('UnknownOption', `${problem}. Usage: ${usage}`, { cause });
  const parsed = (() => {
    try {
      return parseArgs({ args: [...args], options, allowPositionals: most > 0 });
    } catch (cause) {
      throw refused(cause instanceof Error ? cause.message : String(cause), cause);
    }
  })();
  const { length } = parsed.positionals;
  if (length < least || length > most) {
    const wanted = least === most ? `${least}` : `${least} to ${most}`;
    throw refused(`this takes ${wanted} arguments without a name, not ${length}`);
  }
  const given: Readonly<Record<string, unknown>> = parsed.values;
  for (const name of needs) {
    if (given[String(name)] === undefined) throw refused(`--${String(name)} is missing`);
  }
  return parsed;
}

const WRONGLY_TYPED: ReadonlySet<string> = new Set(['UnknownOption', 'BadOption']);

/** Runs a command. Our errors become one line with their code, and exit code 2 where it was typed wrongly, else 1. */
export async function runCommand(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CarelatticeError)) throw error;
    // What its facts name may be of somebody else's making.
    console.error(plainLine(`${error.code}: ${error.message}`));
    process.exitCode = WRONGLY_TYPED.has(error.code) ? 2 : 1;
  }
}
