import type { Bundle, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { bundleRules } from './bundleRules.ts';
import { validateEntry } from './validateEntry.ts';

export interface ValidateOptions {
  /** Stops the work; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/** Entries between two looks at the event loop: about 10 ms of work. */
const TURN = 50;

/**
 * Validates a bundle that `readBundle` accepted, offline, against FHIR R4: structure, cardinalities, types,
 * invariants, required codes, addresses, and that everything is about the one patient. Every issue names its
 * FHIRPath with the entry's index. Nothing found: an empty list. Warnings refuse nothing.
 */
export async function validateBundle(
  bundle: Bundle,
  { signal }: ValidateOptions = {},
): Promise<OperationOutcomeIssue[]> {
  signal?.throwIfAborted();
  const { issues, targets } = bundleRules(bundle);
  const entries = bundle.entry ?? [];
  for (let position = 0; position < entries.length; position++) {
    if (position % TURN === TURN - 1) {
      await otherWork();
      signal?.throwIfAborted();
    }
    const entry = entries[position];
    if (entry !== undefined)
      issues.push(...validateEntry(entry, position, targets[position] ?? {}));
  }
  return issues;
}

/** Lets waiting callbacks run, an abort among them. */
const otherWork = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
