import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireFreePort } from '../../src/localnet/freePort.ts';
import { codeOf } from './codeOf.ts';

/** The commands of docs/running.md, as a test starts them: no shell and no npm in between. */

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Lines of the sh blocks, in order: of the whole page, or of the section under a heading. */
export async function documented(heading?: string): Promise<string[]> {
  const page = await readFile(join(ROOT, 'docs/running.md'), 'utf8');
  const [, after = ''] = heading === undefined ? ['', page] : page.split(`\n## ${heading}\n`);
  const [section = ''] = heading === undefined ? [after] : after.split('\n## ');
  return [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.split('\n').filter((line) => line !== ''),
  );
}

/** Arguments as a shell splits them; the page uses words and double quotes only. */
export const words = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

/** What `npm run` and `npx` start. */
export function program(line: string): string[] {
  const [tool, ...rest] = words(line);
  if (tool === 'npx' && rest[0] === 'hardhat')
    return [process.execPath, join(ROOT, 'node_modules/hardhat/dist/src/cli.js'), ...rest.slice(1)];
  const [run, silent, name = '', dashes, ...args] = rest;
  expect([tool, run, silent, dashes], line).to.deep.equal(['npm', 'run', '-s', '--']);
  return [process.execPath, join(ROOT, 'scripts/start.js'), name, ...args];
}

/** A port below those that the system hands out, with `count` free ones from it on. */
export async function freePorts(count: number): Promise<number> {
  for (let tried = 0; tried < 50; tried++) {
    const first = 12_000 + Math.floor(Math.random() * 18_000);
    const codes = [];
    for (let port = first; port < first + count; port++)
      codes.push(await codeOf(() => requireFreePort(port)));
    if (codes.every((code) => code === 'none')) return first;
  }
  throw new Error('no free ports');
}
