import { piecesOfStream } from './byteStream.ts';

/** Hands pieces from one that writes to one that reads, one piece at a time. */
export interface Pipe {
  /** Resolves when the piece was taken. @throws when the reader has gone */
  write(piece: Uint8Array): Promise<void>;
  end(): void;
  /** The reader gets this error after what was written. */
  fail(error: unknown): void;
  /** To be read once. */
  pieces: AsyncIterable<Uint8Array>;
}

export function createPipe(): Pipe {
  const stream = new TransformStream<Uint8Array, Uint8Array>();
  const writer = stream.writable.getWriter();
  // Told to the writer by its next write; it must not end the process meanwhile.
  writer.closed.catch(() => undefined);
  return {
    async write(piece) {
      await writer.ready;
      await writer.write(piece);
    },
    end: () => void writer.close().catch(() => undefined),
    fail: (error) => void writer.abort(error).catch(() => undefined),
    pieces: piecesOfStream(stream.readable),
  };
}
