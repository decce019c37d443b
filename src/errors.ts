/** Facts of an error: what a person needs to find the place. Never keys, plaintext or patients' identifiers. */
export type ErrorFacts = Readonly<
  Record<string, string | number | bigint | boolean | readonly string[]>
>;

export interface ErrorOptions {
  /** Facts, printed behind the message. */
  facts?: ErrorFacts;
  cause?: unknown;
  /** Whether the same call may succeed later without anybody's doing. Default false. */
  retryable?: boolean;
}

/**
 * The one error class. `code` is stable and catalogued with its cure in `docs/errors.md`;
 * switch on it, never on the message.
 */
export class CarelatticeError extends Error {
  override readonly name = 'CarelatticeError';
  readonly code: string;
  readonly facts: ErrorFacts;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    const facts = options.facts ?? {};
    const tail = Object.entries(facts).map(([key, value]) => `${key} ${String(value)}`);
    super(tail.length === 0 ? message : `${message} (${tail.join(', ')})`, {
      cause: options.cause,
    });
    this.code = code;
    this.facts = facts;
    this.retryable = options.retryable ?? false;
  }
}

/** Whether `error` is ours and carries this code. */
export function hasCode(error: unknown, code: string): error is CarelatticeError {
  return error instanceof CarelatticeError && error.code === code;
}

/** The message of anything thrown, for logs and reports. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
