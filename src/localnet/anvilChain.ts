import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { httpRpc } from '../chain/httpRpc.ts';
import { toQuantity } from '../chain/quantity.ts';
import { CarelatticeError } from '../errors.ts';
import { requireFreePort } from './freePort.ts';
import { localAccounts, MNEMONIC } from './localChain.ts';
import type { LocalChain, Mining } from './localChain.ts';

export interface AnvilChainOptions {
  readonly chainId: number;
  /** Default: a block per second. */
  readonly mining?: Mining;
  /** Default: any free port. */
  readonly port?: number;
  /** Funded accounts. Default 20. */
  readonly accounts?: number;
  /** Kept here every `stateSeconds` (default 1) and at the end, and read at the start. */
  readonly stateFile?: string;
  readonly stateSeconds?: number;
}

const START_MS = 15_000;
const STOP_MS = 5_000;

/** Where the anvil of this installation is; undefined when its optional package is not there. */
export function anvilPath(): string | undefined {
  const names = [`@foundry-rs/anvil-${process.platform}-${archOf(process.arch)}`];
  for (const name of names) {
    try {
      const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
      return join(dirname(manifest), 'bin', process.platform === 'win32' ? 'anvil.exe' : 'anvil');
    } catch (error) {
      if (!isModuleMissing(error)) throw error;
    }
  }
  return undefined;
}

const archOf = (arch: string): string => (arch === 'x64' ? 'amd64' : arch);

const isModuleMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND';

/**
 * Starts an anvil of our own on loopback, `safe` and `finalized` close behind the head.
 * @throws `AnvilMissing`, `PortRefused`, `PortInUse`, `ChainNotStarted`
 */
export async function startAnvilChain(options: AnvilChainOptions): Promise<LocalChain> {
  const { chainId, port = 0, accounts = 20 } = options;
  const path = anvilPath();
  if (path === undefined) {
    throw new CarelatticeError(
      'AnvilMissing',
      'this platform has no anvil package; use the simulated chain',
      {
        facts: { platform: process.platform, arch: process.arch },
      },
    );
  }
  if (port !== 0) await requireFreePort(port);
  const child = spawn(path, argumentsOf(options, port, accounts), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = await listening(child);
  const rpc = httpRpc(url);
  // A program that ends without stopping its chains leaves none behind.
  const atExit = (): boolean => child.kill('SIGTERM');
  process.once('exit', atExit);
  return {
    chainId,
    rpc,
    url,
    accounts: localAccounts(accounts),
    async mine(blocks = 1) {
      for (let i = 0; i < blocks; i++) await rpc.send('evm_mine', []);
    },
    async setTime(seconds) {
      await rpc.send('evm_setNextBlockTimestamp', [seconds]);
    },
    async setBalance(account, wei) {
      await rpc.send('anvil_setBalance', [account, toQuantity(wei)]);
    },
    async stop() {
      process.off('exit', atExit);
      await stop(child);
    },
  };
}

function argumentsOf(
  options: AnvilChainOptions,
  port: number,
  accounts: number,
): readonly string[] {
  const {
    chainId,
    mining = { kind: 'interval', seconds: 1 },
    stateFile,
    stateSeconds = 1,
  } = options;
  const blocks =
    mining.kind === 'interval'
      ? ['--block-time', String(mining.seconds)]
      : mining.kind === 'onCall'
        ? ['--no-mining']
        : [];
  const state =
    stateFile === undefined ? [] : ['--state', stateFile, '--state-interval', String(stateSeconds)];
  return [
    ...['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId)],
    ...['--accounts', String(accounts), '--mnemonic', MNEMONIC],
    ...['--slots-in-an-epoch', '1', '--gas-limit', '60000000', '--enable-tx-gas-limit'],
    ...blocks,
    ...state,
  ];
}

/** Waits for the line that names the port, and from then on lets the output go. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const ended = (code: number | null, signal: string | null): void =>
      fail(`ended with ${code ?? signal}`);
    const fail = (reason: string, cause?: unknown): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(
        new CarelatticeError('ChainNotStarted', 'anvil did not start; see its output', {
          facts: { reason, output: output.slice(-500) },
          cause,
        }),
      );
    };
    const timer = setTimeout(() => fail('timeout'), START_MS);
    const read = (part: Buffer): void => {
      output += part.toString('utf8');
      const found = /Listening on (\S+:\d+)/.exec(output);
      if (found?.[1] === undefined) return;
      clearTimeout(timer);
      child.off('exit', ended).stdout?.off('data', read).resume();
      resolve(`http://${found[1]}`);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', (part: Buffer) => {
      output = (output + part.toString('utf8')).slice(-4_000);
    });
    child.once('error', (error) => fail('cannot run', error));
    child.once('exit', ended);
  });
}

/** Asks it to end, so that it keeps its state; kills it after five seconds. */
function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
