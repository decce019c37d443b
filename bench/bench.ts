import { cpus, loadavg, totalmem } from 'node:os';
import { type BenchPart, jsonLine, lineOf } from './figures.ts';
import { measureGas } from './gas.ts';
import type { BenchOptions } from './options.ts';

export interface BenchReport {
  /** For people. */
  readonly lines: readonly string[];
  readonly json: string;
  readonly failures: readonly string[];
}

/** Runs the parts one after the other, each on chains and directories of its own. */
export async function runBench(
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<BenchReport> {
  const started = performance.now();
  const loadBefore = loadavg();
  const parts: BenchPart[] = [];
  for (const name of options.only) {
    if (name === 'gas') parts.push(await measureGas(options, progress));
  }
  const figures = parts.flatMap((part) => part.figures);
  const about = {
    seconds: Math.round((performance.now() - started) / 100) / 10,
    machine: {
      node: process.version,
      cpu: cpus()[0]?.model ?? '',
      cores: cpus().length,
      memory: totalmem(),
      loadBefore,
      loadAfter: loadavg(),
    },
  };
  return {
    lines: figures.flatMap((one) => [
      lineOf(one),
      ...(one.goal === null ? [] : [`    ${one.note}`]),
    ]),
    json: jsonLine(parts, about),
    failures: parts.flatMap((part) => part.failures),
  };
}
