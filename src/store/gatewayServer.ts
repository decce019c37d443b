import { CarelatticeError, hasCode } from '../errors.ts';
import { utf8 } from '../hash/bytes.ts';
import { collect, limited, piecesOf } from './byteStream.ts';
import type { ByteSource } from './byteStream.ts';
import { contentUnavailable } from './contentErrors.ts';
import type { ContentStatus, ContentStore } from './contentStore.ts';
import { decodeGatewayRequest, readContent } from './gatewayRequest.ts';
import type { GatewayFormat, RequestedContent } from './gatewayRequest.ts';
import type { CountedAnswer, GatewayLimits, GatewayMeter } from './gatewayMeter.ts';

/** A request, free of any transport. Header names in lower case. */
export interface GatewayRequest {
  method: string;
  /** `/ipfs/{cid}` for GET and HEAD, `/ipfs` for a POST that names several contents. */
  path: string;
  query: URLSearchParams;
  headers: Readonly<Record<string, string | undefined>>;
  body?: ByteSource | undefined;
}

export interface GatewayAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: ByteSource | undefined;
}

/** Told of each content served, when its answer ends. */
export interface ServedRead {
  asker: string;
  content: RequestedContent;
  format: GatewayFormat;
  method: string;
  /** Whether the answer went out to its end. */
  complete: boolean;
}

export interface GatewayComponents {
  store: Pick<ContentStore, 'exportMany' | 'block' | 'status'>;
  /** The one rule, asked for every content before anything about existence is revealed. */
  mayFetch(asker: string, content: RequestedContent): Promise<boolean>;
  /**
   * Who asks, by the signature on this very request; undefined: 401. Where there is a body, it is
   * given as read, so that the signature can cover it.
   */
  authenticate(
    request: Omit<GatewayRequest, 'body'> & { body: Uint8Array },
  ): Promise<string | undefined>;
  served(read: ServedRead): void;
  meter: GatewayMeter;
  limits: GatewayLimits;
}

/**
 * Answers `GET` and `HEAD /ipfs/{cid}` and `POST /ipfs` as a trustless gateway: CAR version 1
 * (`order=dfs; dups=n` within each root) or a raw block, never anything deserialised. A request by
 * GET or HEAD names its owner in `carelattice-owner`, its ground in `carelattice-ground` and, for a
 * sub-block, the root in `carelattice-root`.
 * Throws only what a component throws; a body that fails half-way throws while it is read.
 */
export async function answerGateway(
  request: GatewayRequest,
  components: GatewayComponents,
): Promise<GatewayAnswer> {
  try {
    return await answer(request, components);
  } catch (error) {
    if (error instanceof Refusal) {
      const refused = refusal(error.status);
      return request.method === 'HEAD' ? { ...refused, body: undefined } : refused;
    }
    throw error;
  }
}

async function answer(
  request: GatewayRequest,
  components: GatewayComponents,
): Promise<GatewayAnswer> {
  const { method } = request;
  const isList = /^\/ipfs\/?$/.test(request.path);
  if (!isList && !request.path.startsWith('/ipfs/')) throw new Refusal(404);
  if (isList ? method !== 'POST' : method !== 'GET' && method !== 'HEAD') throw new Refusal(405);
  const format = formatOf(request);
  const body = isList ? await readBody(request, components.limits) : new Uint8Array();
  const contents = isList ? parseBody(body) : [parsePath(request)];
  if (format === 'raw' && contents.length !== 1) throw new Refusal(400);
  if (format === 'car' && contents.some(({ block }) => block !== undefined)) throw new Refusal(400);

  const asker = await components.authenticate({ ...request, body });
  if (asker === undefined) throw new Refusal(401);
  const counted = components.meter.start(asker);
  if (counted.refused !== undefined) throw new Refusal(counted.refused);
  try {
    const granted = await Promise.all(
      contents.map((content) => components.mayFetch(asker, content)),
    );
    // Looked up for all, so that "no right" takes the same way as "not here".
    const present = await Promise.all(contents.map(({ cid }) => components.store.status(cid)));
    const served = withinSize(
      contents.flatMap((content, i) => {
        const status = present[i];
        return granted[i] === true && status?.state === 'pinned' ? [{ content, status }] : [];
      }),
      components.limits.responseBytes,
    );
    if (served.length === 0) throw new Refusal(404);
    const report = (complete: boolean): void => {
      counted.answer.end();
      for (const content of served) {
        components.served({ asker, content, format, method, complete });
      }
    };
    return format === 'raw'
      ? await rawAnswer(served, request, components, counted.answer, report)
      : carAnswer(served, request, components, counted.answer, report);
  } catch (error) {
    counted.answer.end();
    throw error;
  }
}

type Report = (complete: boolean) => void;

function carAnswer(
  served: readonly RequestedContent[],
  request: GatewayRequest,
  components: GatewayComponents,
  counted: CountedAnswer,
  report: Report,
): GatewayAnswer {
  const roots = served.map(({ cid }) => cid);
  const headers = {
    ...COMMON,
    'content-type': 'application/vnd.ipld.car; version=1; order=dfs; dups=n',
    'accept-ranges': 'none',
  };
  if (request.method === 'HEAD') {
    report(true);
    return { status: 200, headers, body: undefined };
  }
  const limit = AbortSignal.timeout(components.limits.totalMs);
  const stream = components.store.exportMany(roots, { signal: limit });
  return { status: 200, headers, body: counting(stream, components.limits, counted, report) };
}

async function rawAnswer(
  served: readonly RequestedContent[],
  request: GatewayRequest,
  components: GatewayComponents,
  counted: CountedAnswer,
  report: Report,
): Promise<GatewayAnswer> {
  const [content] = served;
  if (content === undefined) throw new Refusal(404);
  const block = await blockOf(components.store, content);
  if (block === undefined) throw new Refusal(404);
  const etag = `"${content.block ?? content.cid}.raw"`;
  const headers = {
    ...COMMON,
    'content-type': 'application/vnd.ipld.raw',
    'accept-ranges': 'none',
    'content-length': String(block.length),
    etag,
  };
  if (request.method === 'HEAD' || isKnown(request, etag)) {
    report(true);
    return request.method === 'HEAD'
      ? { status: 200, headers, body: undefined }
      : { status: 304, headers: { ...COMMON, etag }, body: undefined };
  }
  counted.sent(block.length);
  report(true);
  return { status: 200, headers, body: block };
}

/** A block that turns out damaged is answered as absent; scrubbing finds it. */
async function blockOf(
  store: GatewayComponents['store'],
  content: RequestedContent,
): Promise<Uint8Array | undefined> {
  try {
    return (await store.block(content.cid, content.block ?? content.cid))?.bytes;
  } catch (error) {
    if (hasCode(error, 'ContentCorrupt')) return undefined;
    throw error;
  }
}

/** Counts what goes out. Whoever does not take the next piece in time loses the rest, and his slot. */
function counting(
  source: AsyncIterable<Uint8Array>,
  limits: GatewayLimits,
  counted: CountedAnswer,
  report: Report,
): AsyncGenerator<Uint8Array> {
  let reported = false;
  const finish = (complete: boolean): void => {
    clearTimeout(timer);
    if (!reported) report(complete);
    reported = true;
  };
  const stall = (): void => finish(false);
  // Counts from now on: a body that nobody ever reads must not keep its slot.
  let timer = setTimeout(stall, limits.idleMs);
  return (async function* () {
    let complete = false;
    try {
      for await (const piece of source) {
        clearTimeout(timer);
        if (reported) throw contentUnavailable('the answer was not read in time');
        counted.sent(piece.length);
        timer = setTimeout(stall, limits.idleMs);
        yield piece;
      }
      complete = true;
    } finally {
      finish(complete);
    }
  })();
}

/** The first always goes; the others while they fit, in the order in which they were asked for. */
function withinSize(
  found: readonly { content: RequestedContent; status: ContentStatus }[],
  limit: number,
): RequestedContent[] {
  let bytes = 0;
  return found.flatMap(({ content, status }, i) => {
    bytes += status.size;
    return i === 0 || bytes <= limit ? [content] : [];
  });
}

function formatOf({ query, headers }: GatewayRequest): GatewayFormat {
  for (const [key, value] of query) {
    if (key !== 'format' && PLAIN_QUERY.get(key) !== value) throw new Refusal(400);
  }
  const format = query.get('format');
  if (format === 'car' || format === 'raw') return format;
  const [type, ...parameters] = (headers['accept'] ?? '').split(';').map((part) => part.trim());
  if (format !== null || parameters.some((p) => !PLAIN_ACCEPT.has(p))) throw new Refusal(406);
  if (type === 'application/vnd.ipld.car') return 'car';
  if (type === 'application/vnd.ipld.raw') return 'raw';
  throw new Refusal(406);
}
/** What a request may say besides, because it is what it gets anyway. */
const PLAIN_QUERY = new Map([
  ['dag-scope', 'all'],
  ['car-version', '1'],
  ['car-order', 'dfs'],
  ['car-dups', 'n'],
]);
const PLAIN_ACCEPT = new Set(['version=1', 'order=dfs', 'dups=n']);

function parsePath({ path, headers }: GatewayRequest): RequestedContent {
  const cid = path.slice('/ipfs/'.length);
  const root = headers['carelattice-root'];
  return orBadRequest(() =>
    readContent({
      owner: headers['carelattice-owner'] ?? '',
      cid: root ?? cid,
      block: root === undefined ? undefined : cid,
      ground: headers['carelattice-ground'],
    }),
  );
}

const parseBody = (body: Uint8Array): RequestedContent[] =>
  orBadRequest(() => decodeGatewayRequest(body));

function orBadRequest<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (hasCode(error, 'BadGatewayRequest') || hasCode(error, 'BadCid')) throw new Refusal(400);
    throw error;
  }
}

async function readBody(request: GatewayRequest, limits: GatewayLimits): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(limits.totalMs);
  const pieces = limited(piecesOf(request.body ?? new Uint8Array()), {
    signal,
    idleMs: limits.idleMs,
  });
  try {
    return await collect(pieces, limits.requestBytes, () => new Refusal(413));
  } catch (error) {
    if (hasCode(error, 'ContentUnavailable')) throw new Refusal(408);
    throw error;
  }
}

const isKnown = (request: GatewayRequest, etag: string): boolean =>
  (request.headers['if-none-match'] ?? '').split(',').some((known) => known.trim() === etag);

const COMMON = {
  'cache-control': 'private, no-store',
  'x-content-type-options': 'nosniff',
  vary: 'accept, authorization',
};

class Refusal extends CarelatticeError {
  readonly status: RefusalStatus;
  constructor(status: RefusalStatus) {
    super('GatewayRefused', REASONS[status], { facts: { status } });
    this.status = status;
  }
}

type RefusalStatus = keyof typeof REASONS;
const REASONS = {
  400: 'bad request',
  401: 'not authenticated',
  404: 'not found',
  405: 'method not allowed',
  406: 'only car and raw are served',
  408: 'the request took too long',
  413: 'the request is too long',
  429: 'too many requests',
  503: 'busy',
};

/** One body and one set of headers for each status, whatever the store holds. */
function refusal(status: RefusalStatus): GatewayAnswer {
  const body = utf8(`${REASONS[status]}\n`);
  return {
    status,
    headers: {
      ...COMMON,
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(body.length),
      ...(status === 405 ? { allow: 'GET, HEAD, POST' } : {}),
      ...(status === 429 || status === 503 ? { 'retry-after': '5' } : {}),
    },
    body,
  };
}
