import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Bundle, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { CarelatticeError } from '../errors.ts';
import { bundleRules, type BundleRulesResult } from './bundleRules.ts';
import type { ValidateOptions } from './validate.ts';
import type { ValidateAnswer, ValidateJob } from './validatorMessages.ts';

/** Validates on other threads, so that a node stays responsive and uses its cores. */
export interface ValidatorPool {
  /** As `validateBundle`: the same issues in the same order. @throws `ValidatorFailed`, `ValidatorClosed` */
  validate(bundle: Bundle, options?: ValidateOptions): Promise<OperationOutcomeIssue[]>;
  /** Ends the threads; work under way is rejected with `ValidatorClosed`. */
  close(): Promise<void>;
}

export interface ValidatorPoolOptions {
  /** Threads; default one per core, at most 8. */
  readonly threads?: number;
}

/** Entries per message to a thread. */
const PORTION = 40;

interface Job {
  readonly portion: Omit<ValidateJob, 'id'>;
  done(issues: readonly OperationOutcomeIssue[]): void;
  failed(error: Error): void;
  isWanted(): boolean;
}

interface Thread {
  readonly worker: Worker;
  job: Job | undefined;
}

/** Threads start with the first work and do not keep the process alive when idle. */
export function createValidatorPool(options: ValidatorPoolOptions = {}): ValidatorPool {
  const size = Math.max(1, options.threads ?? Math.min(8, availableParallelism()));
  const threads = new Set<Thread>();
  const waiting: Job[] = [];
  let closed = false;
  let lastId = 0;

  function dispatch(): void {
    while (waiting.length > 0) {
      const idle =
        [...threads].find(({ job }) => job === undefined) ??
        (threads.size < size ? start() : undefined);
      if (idle === undefined) return;
      const job = waiting.shift();
      if (job?.isWanted()) give(idle, job);
    }
  }

  function give(thread: Thread, job: Job): void {
    thread.job = job;
    thread.worker.ref();
    const message: ValidateJob = { id: ++lastId, ...job.portion };
    try {
      thread.worker.postMessage(message);
    } catch (error) {
      // Content that cannot be cloned is the caller's; the thread is unharmed.
      release(thread);
      job.failed(failure(error));
    }
  }

  function release(thread: Thread): Job | undefined {
    const { job } = thread;
    thread.job = undefined;
    thread.worker.unref();
    return job;
  }

  function start(): Thread {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./validatorWorker.node.${extension}`, import.meta.url));
    const thread: Thread = { worker, job: undefined };
    const lost = (cause: unknown): void => {
      if (!threads.delete(thread)) return;
      thread.job?.failed(closed ? closedError() : failure(cause));
      dispatch();
    };
    worker.on('message', (answer: ValidateAnswer) => {
      const job = release(thread);
      if ('failure' in answer) job?.failed(failure(answer.failure));
      else job?.done(answer.issues);
      dispatch();
    });
    worker.on('error', lost);
    worker.on('exit', (code) => lost(`thread ended with code ${code}`));
    threads.add(thread);
    return thread;
  }

  function entryIssues(
    { entry: entries = [] }: Bundle,
    targets: BundleRulesResult['targets'],
    signal: AbortSignal | undefined,
  ): Promise<OperationOutcomeIssue[]> {
    const portions = Array.from(
      { length: Math.ceil(entries.length / PORTION) },
      (_, i) => i * PORTION,
    );
    const found: (readonly OperationOutcomeIssue[])[] = portions.map(() => []);
    return new Promise((resolve, reject) => {
      let left = portions.length;
      let over = false;
      const fail = (error: Error): void => {
        over = true;
        signal?.removeEventListener('abort', abort);
        reject(error);
      };
      const abort = (): void => fail(abortReason(signal));
      signal?.addEventListener('abort', abort, { once: true });
      const finish = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve(found.flat());
      };
      if (left === 0) finish();
      for (const [i, first] of portions.entries()) {
        waiting.push({
          portion: {
            first,
            entries: entries.slice(first, first + PORTION),
            targets: targets.slice(first, first + PORTION),
          },
          done(issues) {
            found[i] = issues;
            if (--left === 0 && !over) finish();
          },
          failed: fail,
          isWanted: () => !over,
        });
      }
      dispatch();
    });
  }

  return {
    async validate(bundle, { signal } = {}) {
      if (closed) throw closedError();
      signal?.throwIfAborted();
      const { issues, targets } = bundleRules(bundle);
      return [...issues, ...(await entryIssues(bundle, targets, signal))];
    },
    async close() {
      closed = true;
      for (const job of waiting.splice(0)) job.failed(closedError());
      const open = [...threads];
      threads.clear();
      for (const { job } of open) job?.failed(closedError());
      await Promise.all(open.map(({ worker }) => worker.terminate()));
    },
  };
}

const closedError = (): CarelatticeError =>
  new CarelatticeError('ValidatorClosed', 'the validator is closed; make a new one');

/** What `AbortSignal.throwIfAborted` would throw, as an Error. */
function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error
    ? reason
    : new CarelatticeError('Aborted', 'the work was called off', { cause: reason });
}

const failure = (cause: unknown): CarelatticeError =>
  new CarelatticeError('ValidatorFailed', 'a validating thread failed; submit the bundle again', {
    cause,
    retryable: true,
  });
