/** `npm test`: format, lint and types, then the contracts' fuzz and invariant tests, then everything else. First fault ends it. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const bin = (path: string): string =>
  fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));
const hardhat = bin('hardhat/dist/src/cli.js');
/** Files side by side, as many as there are cores, at most four: each test brings its own chain, ports and folders. */
const jobs = String(Math.max(1, Math.min(4, availableParallelism())));
const MOCHA = ['--exit', '--timeout', '120000', '--parallel', '--jobs', jobs];
const STEPS: readonly [name: string, args: readonly string[]][] = [
  ['contracts and their types', [hardhat, 'build']],
  ['format', [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']],
  ['TypeScript law', [bin('eslint/bin/eslint.js'), '.']],
  [
    'Solidity law',
    [
      bin('solhint/solhint.js'),
      '--disc',
      '--noPoster',
      '--max-warnings',
      '0',
      'contracts/**/*.sol',
    ],
  ],
  ['types', [bin('typescript/bin/tsc'), '--noEmit']],
  ['Solidity fuzz and invariants', [hardhat, 'test', 'solidity']],
  ['all other tests', [bin('mocha/bin/mocha.js'), ...MOCHA, 'test/**/*.test.ts']],
];

const started = performance.now();
for (const [name, args] of STEPS) {
  const began = performance.now();
  console.log(`\n— ${name}`);
  const { status, signal } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...args],
    {
      stdio: 'inherit',
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true' },
    },
  );
  if (status !== 0) {
    console.error(`\n${name}: failed (${signal ?? `exit code ${status ?? '?'}`})`);
    process.exit(1);
  }
  console.log(`  ${((performance.now() - began) / 1000).toFixed(0)} s`);
}
console.log(`\nAll green in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
