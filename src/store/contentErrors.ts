import { CarelatticeError, messageOf } from '../errors.ts';
import type { ErrorFacts } from '../errors.ts';

/** Not here, or no right to it: the two are never told apart. */
export const contentNotFound = (cid: string): CarelatticeError =>
  new CarelatticeError('ContentNotFound', 'the content is not here; ask the next holder', {
    facts: { cid },
  });

/** Hash, size or link differs, or a block came that nobody asked for. */
export const contentCorrupt = (
  cid: string,
  why: string,
  facts: ErrorFacts = {},
  cause?: unknown,
): CarelatticeError =>
  new CarelatticeError('ContentCorrupt', `the content is not what its CID says: ${why}`, {
    facts: { cid, ...facts },
    cause,
  });

/** The stream ended, or broke off, before every block had come. */
export const contentIncomplete = (cid: string, cause?: unknown): CarelatticeError =>
  new CarelatticeError(
    'ContentIncomplete',
    'the stream ended before the whole content had come; ask the next holder',
    { facts: { cid }, cause, retryable: true },
  );

/** Nobody answered in time: every holder down, the daemon down, the call aborted or over its limit. */
export const contentUnavailable = (
  why: string,
  cause?: unknown,
  facts: ErrorFacts = {},
): CarelatticeError =>
  new CarelatticeError('ContentUnavailable', `the content cannot be had now: ${why}; try later`, {
    facts,
    cause,
    retryable: true,
  });

export const contentErased = (owner: string): CarelatticeError =>
  new CarelatticeError(
    'ContentErased',
    'this owner was erased for good; nothing is stored for it again',
    {
      facts: { owner },
    },
  );

export const storeFull = (facts: ErrorFacts, cause?: unknown): CarelatticeError =>
  new CarelatticeError(
    'StoreFull',
    'the disk or the configured limit is full; give room, then try again',
    { facts, cause },
  );

export const storeMismatch = (why: string, facts: ErrorFacts = {}): CarelatticeError =>
  new CarelatticeError(
    'StoreMismatch',
    `the IPFS daemon does not work as this store needs: ${why}`,
    { facts },
  );

export const storeClosed = (): CarelatticeError =>
  new CarelatticeError('StoreClosed', 'the store was closed');

/** Anything thrown, as one of our errors. */
export const asOurs = (error: unknown): CarelatticeError =>
  error instanceof CarelatticeError ? error : contentUnavailable(messageOf(error), error);
