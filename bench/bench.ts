import { cpus, loadavg, totalmem } from 'node:os';
import { type BenchPart, jsonLine, lineOf } from './figures.ts';
import { measureGas } from './gas.ts';
import type { BenchOptions, PartName } from './options.ts';
import { measureReading } from './reading.ts';
import { measureReplication } from './replication.ts';
import { measureRewrap } from './rewrap.ts';
import { measureThroughput } from './throughput.ts';

export interface BenchReport {
  /** For people. */
  readonly lines: readonly string[];
  readonly json: string;
  readonly failures: readonly string[];
}

const PART: Readonly<
  Record<PartName, (options: BenchOptions, progress: Progress) => Promise<BenchPart>>
> = {
  gas: measureGas,
  reading: (_, progress) => measureReading(progress),
  replication: (_, progress) => measureReplication(progress),
  rewrap: (_, progress) => measureRewrap(progress),
  throughput: (_, progress) => measureThroughput(progress),
};

type Progress = (line: string) => void;

/** Runs the parts one after the other, each on chains and directories of its own. */
export async function runBench(
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<BenchReport> {
  const started = performance.now();
  const loadBefore = loadavg();
  const parts: BenchPart[] = [];
  for (const name of options.only) {
    parts.push(await PART[name](options, progress));
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
