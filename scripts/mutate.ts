/**
 * `npm run mutate -- [--critical] [file[:line] ...]`: puts one small fault after the other into a copy of the consent contracts and runs
 * their tests. A fault that no test notices survives and is listed;
 * `--critical` tries lines of signature, tombstone, epoch and expiry only. Takes about a quarter of a minute for each fault.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCritical, type Mutation, mutationsOf, sameBecause } from './upkeep/mutations.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const USE = ['consentRules.differential', 'ConsentRegistry.delegate', 'ConsentRegistry.use'];
const FREEZE = ['PatientAuthority.freeze', 'PatientAuthority'];
/** By source the tests that must notice. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  'libraries/SignerCheck.sol': ['SignerCheck', 'SignerCheck.contracts'],
  'consent/AccessLedger.sol': ['AccessLedger'],
  'consent/ConsentRegistry.sol': ['ConsentRegistry', ...USE, ...FREEZE],
  'libraries/ConsentStatus.sol': ['ConsentRegistry'],
  'libraries/ConsentRules.sol': USE,
  'libraries/ConsentDigest.sol': ['ConsentDigest', ...USE],
};
const COPIED = [
  'contracts',
  'src',
  'ignition',
  'vectors',
  'test/contracts',
  'artifacts',
  'cache',
  'typechain-types',
  'hardhat.config.ts',
  'package.json',
  'tsconfig.json',
];

const onlyCritical = process.argv.includes('--critical');
/** As the list of survivors names them: `consent/ConsentRegistry.sol:55`, or a part of a file's name alone. */
const asked = process.argv
  .slice(2)
  .filter((arg) => arg !== '--critical')
  .map((arg) => /^(.*?)(?::(\d+))?$/.exec(arg)?.slice(1) ?? [arg]);
const isAsked = (file: string, at?: number): boolean =>
  asked.length === 0 ||
  asked.some(
    ([part = '', line]) =>
      file.includes(part) && (at === undefined || line === undefined || Number(line) === at),
  );
const files = Object.keys(TESTS).filter((file) => isAsked(file));

const copy = mkdtempSync(join(tmpdir(), 'carelattice-mutate-'));
const tool = (path: string): string => join(root, 'node_modules', path);
const run = (args: readonly string[]): boolean =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: copy,
    stdio: 'ignore',
    // A fault may loop for ever.
    timeout: 300_000,
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true' },
  }).status === 0;
const compiles = (): boolean =>
  run([tool('hardhat/dist/src/cli.js'), 'build', '--no-typechain', '--no-tests']);
const passes = (tests: readonly string[]): boolean =>
  run([
    tool('mocha/bin/mocha.js'),
    '--exit',
    '--bail',
    '--timeout',
    '120000',
    ...tests.map((name) => `test/contracts/${name}.test.ts`),
  ]);

function isTheSame(file: string, mutation: Mutation): boolean {
  const reason = sameBecause(mutation);
  if (reason !== undefined)
    console.log(`  left out ${file}:${mutation.line}\n    + ${mutation.after}\n      ${reason}`);
  return reason !== undefined;
}

type Fate = 'noticed' | 'survived' | 'invalid';

function fateOf(path: string, mutation: Mutation, tests: readonly string[]): Fate {
  writeFileSync(path, mutation.source);
  if (!compiles()) return 'invalid';
  return passes(tests) ? 'survived' : 'noticed';
}

const percent = (fates: readonly Fate[]): string => {
  const valid = fates.filter((fate) => fate !== 'invalid');
  const noticed = valid.filter((fate) => fate === 'noticed').length;
  const share = valid.length === 0 ? 100 : (100 * noticed) / valid.length;
  return `${noticed} of ${valid.length} (${share.toFixed(0)} %)`;
};

try {
  for (const path of COPIED) cpSync(join(root, path), join(copy, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  if (!compiles() || !files.every((file) => passes(TESTS[file] ?? []))) {
    throw new Error('the tests fail without any fault; run npx hardhat build and try again');
  }
  for (const file of files) {
    const path = join(copy, 'contracts', file);
    const source = readFileSync(path, 'utf8');
    const results = mutationsOf(source)
      .filter((mutation) => isAsked(file, mutation.line))
      .filter((mutation) => !onlyCritical || isCritical(mutation))
      .filter((mutation) => !isTheSame(file, mutation))
      .map((mutation) => {
        const fate = fateOf(path, mutation, TESTS[file] ?? []);
        if (fate === 'survived') {
          const mark = isCritical(mutation) ? ' CRITICAL' : '';
          console.log(
            `  survived${mark} ${file}:${mutation.line}\n    - ${mutation.before}\n    + ${mutation.after}`,
          );
        }
        return { mutation, fate };
      });
    writeFileSync(path, source);
    const critical = results.filter(({ mutation }) => isCritical(mutation));
    const fates = (of: typeof results): string => percent(of.map(({ fate }) => fate));
    console.log(`${file}: ${fates(results)} noticed; on critical lines ${fates(critical)}`);
  }
} finally {
  rmSync(copy, { recursive: true });
}
