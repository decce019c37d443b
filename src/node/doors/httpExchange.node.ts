import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CarelatticeError } from '../../errors.ts';
import { concat, utf8 } from '../../hash/bytes.ts';
import type { DoorRequest, DoorResponse } from './route.ts';

/** One request with its response, and how long either side may be silent. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly idleMs: number;
  /** Whether the door is closing: then the connection ends with this answer. */
  isClosing(): boolean;
}

const tooLong = (maxBytes: number): CarelatticeError =>
  new CarelatticeError('BodyTooLong', 'the request body is longer than this door takes', {
    facts: { most: maxBytes },
  });

const tooSlow = (): CarelatticeError =>
  new CarelatticeError('BodyTooSlow', 'the request body came too slowly');

/** The pieces of a body; ends with an error when it grows too long or the client falls silent. */
async function* bodyOf(exchange: Exchange, maxBytes: number): AsyncGenerator<Uint8Array> {
  const { request, idleMs } = exchange;
  if (request.headers['content-encoding'] !== undefined) {
    throw new CarelatticeError('BodyEncoded', 'compressed request bodies are not taken');
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLong(maxBytes);
  const timer = setTimeout(() => request.destroy(tooSlow()), idleMs);
  let size = 0;
  try {
    // Not destroyed at the end: the answer, also one that says no, goes over the same socket.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      timer.refresh();
      const bytes = new Uint8Array(chunk as Buffer); // no encoding is set
      size += bytes.length;
      if (size > maxBytes) throw tooLong(maxBytes);
      yield bytes;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The request as its route sees it. */
export function readableRequest(exchange: Exchange, path: string, maxBytes: number): DoorRequest {
  const { request, response } = exchange;
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const url = request.url ?? '';
  const stream = bodyOf(exchange, maxBytes);
  return {
    method: request.method ?? '',
    path,
    query: new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : ''),
    headers: Object.fromEntries(
      Object.entries(request.headers).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
      ),
    ),
    signal: gone.signal,
    stream,
    async body() {
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      return concat(...chunks);
    },
  };
}

/** Codes that the client may see, and their status; any other error is ours and stays here. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ['Unauthorized', 401],
  ['BodyTooLong', 413],
  ['BodyEncoded', 415],
]);

/** What the client is told of an error: its code where it is about the request, else 500. */
export function answerOf(error: unknown): DoorResponse {
  const code = error instanceof CarelatticeError ? error.code : '';
  const status = STATUS.get(code);
  if (status === undefined) return { status: 500 };
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: utf8(JSON.stringify({ code })),
  };
}

/** Whether the client is still sending what nobody reads. */
const hasUnreadBody = ({ complete, headers }: IncomingMessage): boolean =>
  !complete &&
  (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0);

/** Writes the pieces as the client takes them. @throws when it goes away or takes nothing for `idleMs` */
async function sendStream(
  { response, idleMs }: Exchange,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  for await (const chunk of body) {
    gone.signal.throwIfAborted();
    if (response.write(chunk)) continue;
    const timer = setTimeout(() => response.destroy(), idleMs);
    try {
      await once(response, 'drain', { signal: gone.signal });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Sends a response. A request whose body was not read to its end costs the connection. */
export async function send(exchange: Exchange, answer: DoorResponse): Promise<void> {
  const { request, response } = exchange;
  const { body } = answer;
  response.statusCode = answer.status;
  response.setHeader('cache-control', 'no-store');
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  if (exchange.isClosing()) response.shouldKeepAlive = false;
  if (hasUnreadBody(request)) {
    response.shouldKeepAlive = false;
    response.once('finish', () => request.destroy());
  }
  if (body === undefined || body instanceof Uint8Array) {
    // An answer to HEAD says the length that GET would have.
    if (!response.hasHeader('content-length'))
      response.setHeader('content-length', body?.length ?? 0);
    response.end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  if (request.method !== 'HEAD') await sendStream(exchange, body);
  response.end();
}
