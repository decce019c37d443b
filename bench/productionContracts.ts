import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonFragment } from 'ethers';
import { z } from 'zod';
import hardhatConfig from '../hardhat.config.ts';
import { CarelatticeError } from '../src/errors.ts';

/** A contract as the compiler gives it. */
export interface CompiledContract {
  readonly abi: readonly JsonFragment[];
  readonly bytecode: string;
}

/** By name. */
export type CompiledContracts = Readonly<Record<string, CompiledContract>>;

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/**
 * All contracts of `contracts/` with the settings of Hardhat's production profile, by the same compiler.
 * Beside Hardhat, whose artifacts of the default profile other programs use; kept in `cache/bench` by the hash
 * of everything that goes in. @throws `CompilationFailed`
 */
export async function productionContracts(): Promise<CompiledContracts> {
  const input = await compilerInput();
  const key = createHash('sha256')
    .update(input)
    .update(versionOf('solc'))
    .update(versionOf('@openzeppelin/contracts'))
    .digest('hex');
  const path = join(root, 'cache', 'bench', `${key}.json`);
  const kept = await readKept(path);
  if (kept !== undefined) return kept;
  await mkdir(join(root, 'cache', 'bench'), { recursive: true });
  const contracts = contractsOf(await compile(input, `${path}.${process.pid}.answer`));
  // Another run may be reading: it sees the whole file or none.
  await writeFile(`${path}.${process.pid}`, JSON.stringify(contracts));
  await rename(`${path}.${process.pid}`, path);
  return contracts;
}

const versionOf = (name: string): string =>
  z.object({ version: z.string() }).parse(require(`${name}/package.json`)).version;

const contractsSchema = z.record(
  z.string(),
  z.object({ abi: z.array(z.custom<JsonFragment>()), bytecode: z.string().startsWith('0x') }),
);

async function readKept(path: string): Promise<CompiledContracts | undefined> {
  try {
    return contractsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const profiles = z.object({
  profiles: z.object({ production: z.object({ settings: z.record(z.string(), z.unknown()) }) }),
});

/** The compiler's standard JSON, the same text for the same sources and settings. */
async function compilerInput(): Promise<string> {
  const names = (await readdir(join(root, 'contracts'), { recursive: true }))
    .filter((name) => name.endsWith('.sol'))
    .sort();
  const sources = await Promise.all(
    names.map(async (name) => [
      `contracts/${name}`,
      { content: await readFile(join(root, 'contracts', name), 'utf8') },
    ]),
  );
  const { settings } = profiles.parse(hardhatConfig.solidity).profiles.production;
  return JSON.stringify({
    language: 'Solidity',
    sources: Object.fromEntries(sources) as object, // pairs of text and object
    settings: { ...settings, outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
  });
}

/**
 * In a process of its own: the compiler is WebAssembly that takes over the handlers of its process. It reads without
 * waiting for a pipe to fill and ends without waiting for one to empty, so question and answer are files.
 */
async function compile(input: string, answerPath: string): Promise<string> {
  const questionPath = `${answerPath}.question`;
  await writeFile(questionPath, input);
  const question = await open(questionPath);
  const answer = await open(answerPath, 'w+');
  try {
    const child = spawn(
      process.execPath,
      [
        require.resolve('solc/solc.js'),
        '--standard-json',
        '--base-path',
        root,
        '--include-path',
        join(root, 'node_modules'),
      ],
      { stdio: [question.fd, answer.fd, 'inherit'] },
    );
    await once(child, 'exit');
    const output = await readFile(answerPath, 'utf8');
    const start = output.indexOf('{');
    if (start === -1) throw compilationFailed('the compiler gave no answer');
    return output.slice(start);
  } finally {
    await question.close();
    await answer.close();
    await rm(questionPath);
    await rm(answerPath);
  }
}

const outputSchema = z.object({
  errors: z.array(z.object({ severity: z.string(), formattedMessage: z.string() })).default([]),
  contracts: z
    .record(
      z.string(),
      z.record(
        z.string(),
        z.object({
          abi: z.array(z.custom<JsonFragment>()),
          evm: z.object({ bytecode: z.object({ object: z.string() }) }),
        }),
      ),
    )
    .default({}),
});

function contractsOf(output: string): CompiledContracts {
  const { errors, contracts } = outputSchema.parse(JSON.parse(output));
  const fault = errors.find(({ severity }) => severity === 'error');
  if (fault !== undefined) throw compilationFailed(fault.formattedMessage);
  const own = Object.entries(contracts).filter(([source]) => source.startsWith('contracts/'));
  return Object.fromEntries(
    own.flatMap(([, byName]) =>
      Object.entries(byName).map(([name, { abi, evm }]) => [
        name,
        { abi, bytecode: `0x${evm.bytecode.object}` },
      ]),
    ),
  );
}

const compilationFailed = (reason: string): CarelatticeError =>
  new CarelatticeError('CompilationFailed', 'the contracts do not compile; run npx hardhat build', {
    facts: { reason },
  });
