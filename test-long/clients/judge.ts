import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** What HL7's engine says of one resource. */
export interface JudgeIssue {
  readonly severity: 'information' | 'warning' | 'error' | 'fatal';
  readonly at: string;
  readonly text: string;
}

const here = import.meta.dirname;
/** Libraries that Maven brought; ignored by git. */
const libraries = path.join(here, 'target/lib');

const runs = (command: string): boolean => spawnSync(command, ['-version']).status === 0;

/** The programs that the judge needs and this machine lacks. */
export const missingPrograms = (): string[] => ['java', 'mvn'].filter((name) => !runs(name));

/** Brings HAPI FHIR and its dependencies from Maven Central, or finds them brought before. */
export function bringJudge(): void {
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${libraries}`];
  run('mvn', ['-B', '-q', '-f', path.join(here, 'pom.xml'), ...goal]);
}

/** The verdicts on `resources`, each a JSON text of one line, in their order. */
export function judged(resources: readonly string[]): JudgeIssue[][] {
  const folder = mkdtempSync(path.join(tmpdir(), 'carelattice-judge-'));
  try {
    const [asked, answered] = [path.join(folder, 'in.ndjson'), path.join(folder, 'out.ndjson')];
    writeFileSync(asked, resources.map((resource) => `${resource}\n`).join(''));
    run('java', ['-cp', path.join(libraries, '*'), path.join(here, 'Judge.java'), asked, answered]);
    const lines = readFileSync(answered, 'utf8').trimEnd().split('\n');
    if (lines.length !== resources.length) throw new Error('the judge left resources out');
    return lines.map((line) => JSON.parse(line) as JudgeIssue[]); // Judge.java writes this form
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(command: string, args: readonly string[]): void {
  const { status, signal, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    throw new Error(`${command} failed (${signal ?? `exit code ${status}`})`, { cause: error });
  }
}
