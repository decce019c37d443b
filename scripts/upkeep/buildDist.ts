/** Compiles `src` and `typechain-types` to `dist`, with the `imports` of package.json pointing there. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
rmSync('dist', { recursive: true, force: true });
execFileSync(
  process.execPath,
  [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
  {
    stdio: 'inherit',
  },
);
const { imports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  imports: Record<string, Record<string, string>>;
};
const toDist = (path: string): string => path.replace(/\.ts$/, '.js');
const mapped = Object.fromEntries(
  Object.entries(imports).map(([name, conditions]) => [
    name,
    Object.fromEntries(Object.entries(conditions).map(([key, path]) => [key, toDist(path)])),
  ]),
);
writeFileSync(
  'dist/package.json',
  `${JSON.stringify({ type: 'module', imports: mapped }, null, 2)}\n`,
);
