import { parentPort } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import { validateEntry } from './validateEntry.ts';
import type { ValidateAnswer, ValidateJob } from './validatorMessages.ts';

/** Thread of `validatorPool.node.ts`. */
parentPort?.on('message', ({ id, first, entries, targets }: ValidateJob) => {
  let answer: ValidateAnswer;
  try {
    const issues = entries.flatMap((entry, i) => validateEntry(entry, first + i, targets[i] ?? {}));
    answer = { id, issues };
  } catch (error) {
    answer = { id, failure: messageOf(error) };
  }
  parentPort?.postMessage(answer);
});
