import { contentUnavailable } from './contentErrors.ts';

export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

export interface StreamLimits {
  signal?: AbortSignal | undefined;
  /** Longest wait for the next piece, milliseconds. */
  idleMs?: number | undefined;
}

/** The pieces of a stream, or the one piece that bytes are. */
export async function* piecesOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield source;
  else yield* source;
}

/** The pieces of a web stream, in browsers too, whose streams cannot all be iterated. */
export async function* piecesOfStream(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const step = await reader.read();
      if (step.done) return;
      yield step.value;
    }
  } finally {
    await reader.cancel();
  }
}

/** @throws `ContentUnavailable` when the caller gave up or the time limit passed. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw contentUnavailable('aborted or over the time limit', signal.reason);
}

/**
 * Passes a stream on, and lets go of it when the signal fires or no piece comes for `idleMs`,
 * even while the source itself hangs.
 * @throws `ContentUnavailable`
 */
export async function* limited<T>(
  source: AsyncIterable<T>,
  limits: StreamLimits,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const step = await withLimits(iterator.next(), limits);
      if (step.done === true) {
        finished = true;
        return;
      }
      yield step.value;
    }
  } finally {
    // Not awaited: a source that hangs in next() would never answer return() either.
    if (!finished) void iterator.return?.().then(undefined, () => undefined);
  }
}

/** Waits for `work`, but no longer than the limits say. @throws `ContentUnavailable` */
export function withLimits<T>(work: Promise<T>, limits: StreamLimits): Promise<T> {
  const { signal, idleMs } = limits;
  if (signal === undefined && idleMs === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (why: string, cause?: unknown): void => {
      end();
      reject(contentUnavailable(why, cause));
    };
    const onAbort = (): void => fail('aborted or over the time limit', signal?.reason);
    const timer =
      idleMs === undefined
        ? undefined
        : setTimeout(() => fail('nothing came within the idle limit'), idleMs);
    work.then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        // Passed on as it is.
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
        reject(error);
      },
    );
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Reads exact numbers of bytes off a stream, holding no more than the piece at hand. */
export interface ByteReader {
  /** Exactly `count` bytes; undefined when the stream ends before the last of them. */
  read(count: number): Promise<Uint8Array | undefined>;
  /** Whether the stream has ended, with nothing unread. */
  atEnd(): Promise<boolean>;
  close(): Promise<void>;
}

export function byteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = source[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  let ended = false;
  const more = async (): Promise<boolean> => {
    while (!ended && held.length === 0) {
      const step = await iterator.next();
      if (step.done === true) ended = true;
      else held = step.value;
    }
    return held.length > 0;
  };
  return {
    async read(count) {
      // A buffer of its own, so that a small block does not keep a large network buffer alive.
      const bytes = new Uint8Array(count);
      for (let at = 0; at < count;) {
        if (!(await more())) return undefined;
        const part = held.subarray(0, count - at);
        bytes.set(part, at);
        at += part.length;
        held = held.subarray(part.length);
      }
      return bytes;
    },
    atEnd: async () => !(await more()),
    async close() {
      if (!ended) await iterator.return?.();
      ended = true;
    },
  };
}

/** All bytes of a stream. @throws what `tooLong` gives when more than `limit` come. */
export async function collect(
  source: AsyncIterable<Uint8Array>,
  limit: number,
  tooLong: () => Error,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of source) {
    length += part.length;
    if (length > limit) throw tooLong();
    parts.push(part);
  }
  return joined(parts, length);
}

/** Any number of pieces as one; a hostile sender may send single bytes. */
export function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
