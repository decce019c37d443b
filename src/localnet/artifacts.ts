import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CarelatticeError } from '../errors.ts';

/** The folder of the package: the nearest one above this file with a `package.json` of ours. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'hardhat.config.ts'))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new CarelatticeError('NoArtifacts', 'deploying works from a checkout only', {
        facts: { above: fileURLToPath(import.meta.url) },
      });
    }
    folder = parent;
  }
  return folder;
}

/**
 * A contract of `contracts/edge` as `hardhat build` left it: of the default profile, or of `production`
 * when that was built last. @throws `NoArtifacts`
 */
export async function edgeArtifact(name: string) {
  const path = join(packageRoot(), 'artifacts', 'contracts', 'edge', `${name}.sol`, `${name}.json`);
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new CarelatticeError(
      'NoArtifacts',
      'the contracts are not compiled; run npx hardhat build',
      {
        facts: { contract: name },
        cause,
      },
    );
  }
}
