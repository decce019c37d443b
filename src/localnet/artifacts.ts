import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonFragment } from 'ethers';
import { z } from 'zod';
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

const artifact = z.object({
  _format: z.string(),
  contractName: z.string(),
  sourceName: z.string(),
  bytecode: z.string().startsWith('0x'),
  abi: z.array(z.custom<JsonFragment>()),
  deployedBytecode: z.string().startsWith('0x'),
  linkReferences: z.record(z.string(), z.never()),
  deployedLinkReferences: z.record(z.string(), z.never()),
});

/** Contracts of `contracts/consent`; the others of an edge network are in `contracts/edge`. */
const CONSENT = ['ConsentRegistry', 'AccessLedger'];

/**
 * A contract of an edge network as `hardhat build` left it: of the default profile, or of `production`
 * when that was built last. @throws `NoArtifacts`
 */
export async function edgeArtifact(name: string): Promise<z.infer<typeof artifact>> {
  const folder = CONSENT.includes(name) ? 'consent' : 'edge';
  const path = join(packageRoot(), 'artifacts', 'contracts', folder, `${name}.sol`, `${name}.json`);
  try {
    return artifact.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new CarelatticeError(
      'NoArtifacts',
      'the contracts are not compiled; run npx hardhat build',
      { facts: { contract: name }, cause },
    );
  }
}
