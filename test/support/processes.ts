import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

/** Processes that a test starts, and ends: these and no others. */

export interface Finished {
  code: number | null;
  out: string;
  err: string;
}

export interface Processes {
  /** Starts a program that keeps running. */
  start(command: readonly string[]): Running;
  /** Runs a program to its end. */
  run(command: readonly string[]): Promise<Finished>;
  endAll(): Promise<void>;
}

export interface Running {
  readonly pid: number;
  /** What it has printed so far. */
  printed(): string;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<Finished>;
}

/** @param env in the place of every `CARELATTICE_*` of this process */
export function processes(cwd: string, env: Readonly<Record<string, string>>): Processes {
  const open = new Set<ChildProcess>();
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('CARELATTICE_'));
  const begin = ([program = '', ...args]: readonly string[]) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...Object.fromEntries(own), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const text = { out: '', err: '' };
    child.stdout.on('data', (part: Buffer) => (text.out += part.toString('utf8')));
    child.stderr.on('data', (part: Buffer) => (text.err += part.toString('utf8')));
    open.add(child);
    const finished = once(child, 'close').then(([code]: unknown[]): Finished => {
      open.delete(child);
      return { code: typeof code === 'number' ? code : null, ...text };
    });
    return { child, text, finished };
  };
  return {
    start(command) {
      const { child, text, finished } = begin(command);
      return {
        pid: child.pid ?? 0,
        printed: () => text.out + text.err,
        end(signal) {
          child.kill(signal);
          return finished;
        },
      };
    },
    run: (command) => begin(command).finished,
    async endAll() {
      const ends = [...open].map((child) => {
        child.kill('SIGKILL');
        return once(child, 'close');
      });
      await Promise.all(ends);
    },
  };
}

/** Looks until something is there. @throws what it still lacks when the time is over */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined>,
  withinMs = 40_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not in ${withinMs} ms: ${what}`);
    await pause(100);
  }
}
