import type { BundleEntry, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { ReferenceTargets } from './validateResource.ts';

/** To a worker: entries of a bundle, the first at `first`. */
export interface ValidateJob {
  readonly id: number;
  readonly first: number;
  readonly entries: readonly BundleEntry[];
  /** Per entry. */
  readonly targets: readonly ReferenceTargets[];
}

/** From a worker. */
export type ValidateAnswer =
  | { readonly id: number; readonly issues: readonly OperationOutcomeIssue[] }
  | { readonly id: number; readonly failure: string };
