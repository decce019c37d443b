import { refuseBlockedPort } from './blockedPorts.ts';
import { collect, limited, piecesOfStream, withLimits } from './byteStream.ts';
import { CHUNK_BYTES, INNER_NODE_BYTES } from './cid.ts';
import {
  asOurs,
  contentCorrupt,
  contentIncomplete,
  contentNotFound,
  contentUnavailable,
} from './contentErrors.ts';
import type { CarelatticeError } from '../errors.ts';
import { MAX_CONTENTS } from './contentStore.ts';
import { encodeGatewayRequest } from './gatewayRequest.ts';
import type { GatewayFormat, RequestedContent } from './gatewayRequest.ts';
import { readCar, readDag } from './verifiedDag.ts';
import type { ContentRef, ExpectedBlock } from './verifiedDag.ts';

/** As much of `fetch` as is used here; the global one fits, and so does a call of `answerGateway`. */
export type GatewayFetch = (
  url: string,
  init: {
    method: 'POST';
    headers: Record<string, string>;
    body: Uint8Array<ArrayBuffer>;
    redirect: 'error';
    signal: AbortSignal;
  },
) => Promise<{
  status: number;
  body: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | null;
}>;

export interface GatewayClientOptions {
  /** Base of the gateway, `https://host[:port][/path]`, from the node registry. */
  url: string;
  fetch: GatewayFetch;
  /** Headers that prove to this gateway who asks for exactly this body. */
  authorize(body: Uint8Array): Promise<Record<string, string>>;
  /** What is shown for the right to a content. */
  groundOf?(content: GatewayContent): string | undefined;
  /** Longest wait for the next piece, milliseconds. Default 30,000. */
  idleMs?: number;
  /** Longest time of one answer, milliseconds. Default 600,000. */
  totalMs?: number;
}

export interface GatewayContent extends ContentRef {
  owner: string;
}

export interface GatewayCall {
  signal?: AbortSignal | undefined;
}

/** A content in memory, or why there is none. */
export type FetchedContent<T extends GatewayContent> =
  | { kind: 'fetched'; content: T; bytes: Uint8Array }
  | { kind: 'failed'; content: T; error: CarelatticeError };

/** The asking side of one gateway. Nothing it gives out is unverified. */
export interface GatewayClient {
  name: string;
  /**
   * The CAR as it comes, not verified: for a store that verifies it (a `Holder`).
   * @throws `ContentNotFound`, `ContentUnavailable`
   */
  fetch(
    contents: readonly GatewayContent[],
    call?: GatewayCall,
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Verified contents of at most 1 MiB each, in the order asked; a missing one does not spoil the others. */
  fetchMany<T extends GatewayContent>(
    contents: readonly T[],
    call?: GatewayCall,
  ): Promise<FetchedContent<T>[]>;
  /**
   * One content of any size, verified block by block; the stream ends well or throws.
   * @throws `ContentNotFound`, `ContentCorrupt`, `ContentIncomplete`, `ContentUnavailable`
   */
  stream(content: GatewayContent, call?: GatewayCall): AsyncGenerator<Uint8Array>;
}

/** Runs wherever there is a `fetch`. */
export function createGatewayClient(options: GatewayClientOptions): GatewayClient {
  const { url, idleMs = 30_000, totalMs = 600_000 } = options;
  refuseBlockedPort(url);
  const base = url.replace(/\/+$/, '');

  async function ask(
    contents: readonly RequestedContent[],
    format: GatewayFormat,
    call: GatewayCall,
  ): Promise<AsyncIterable<Uint8Array>> {
    const first = contents[0]?.cid ?? '(nothing)';
    const body = encodeGatewayRequest(contents);
    const stop = new AbortController();
    const signal = AbortSignal.any([
      stop.signal,
      AbortSignal.timeout(totalMs),
      ...(call.signal === undefined ? [] : [call.signal]),
    ]);
    const limits = { signal, idleMs };
    let answer: Awaited<ReturnType<GatewayFetch>>;
    try {
      const headers = {
        'content-type': 'application/json',
        accept: `application/vnd.ipld.${format}`,
        // What is sealed does not shrink, and what unpacks may explode.
        'accept-encoding': 'identity',
        ...(await options.authorize(body)),
      };
      const request = options.fetch(`${base}/ipfs?format=${format}`, {
        method: 'POST',
        headers,
        body: new Uint8Array(body),
        redirect: 'error',
        signal,
      });
      answer = await withLimits(request, limits);
    } catch (error) {
      stop.abort();
      throw contentUnavailable('the gateway does not answer', error, { gateway: base });
    }
    if (answer.status === 200 && answer.body !== null) {
      return ending(limited(bodyPieces(answer.body), limits), stop);
    }
    stop.abort();
    if (answer.status === 404) throw contentNotFound(first);
    throw contentUnavailable('the gateway refused', undefined, {
      gateway: base,
      status: answer.status,
    });
  }

  const named = (content: GatewayContent): RequestedContent => {
    const ground = options.groundOf?.(content);
    const { owner, cid } = content;
    return ground === undefined ? { owner, cid } : { owner, cid, ground };
  };

  /** One block of a content once more: for content that repeats itself. */
  async function reload(
    content: GatewayContent,
    expected: ExpectedBlock,
    call: GatewayCall,
  ): Promise<Uint8Array> {
    const stream = await ask([{ ...named(content), block: expected.cid }], 'raw', call);
    const most = expected.level === 0 ? expected.size : INNER_NODE_BYTES;
    const tooLong = (): Error => contentCorrupt(content.cid, 'a block is too long');
    return collect(stream, most, tooLong);
  }

  async function fetchGroup<T extends GatewayContent>(
    contents: readonly T[],
    call: GatewayCall,
  ): Promise<FetchedContent<T>[]> {
    const results = new Map<T, FetchedContent<T>>();
    const small = contents.filter((content) => {
      if (content.size <= CHUNK_BYTES) return true;
      const error = contentCorrupt(content.cid, 'too long for memory; read it as a stream');
      results.set(content, { kind: 'failed', content, error });
      return false;
    });
    let ended: CarelatticeError | undefined;
    try {
      const once = onceByCid(small);
      const stream = await ask(once.map(named), 'car', call);
      let bytes = new Uint8Array();
      for await (const event of readCar(stream, once)) {
        const { content } = event;
        if (event.kind === 'missing') {
          results.set(content, { kind: 'failed', content, error: contentNotFound(content.cid) });
        }
        if (event.kind === 'block') bytes = new Uint8Array(event.block.bytes);
        if (event.kind === 'whole') results.set(content, { kind: 'fetched', content, bytes });
      }
    } catch (error) {
      ended = asOurs(error);
    }
    return contents.map((content): FetchedContent<T> => {
      const error = ended ?? contentIncomplete(content.cid);
      return results.get(content) ?? { kind: 'failed', content, error };
    });
  }

  return {
    name: base,
    fetch: (contents, call = {}) => ask(onceByCid(contents).map(named), 'car', call),
    async fetchMany(contents, call = {}) {
      const groups: FetchedContent<(typeof contents)[number]>[][] = [];
      for (let at = 0; at < contents.length; at += MAX_CONTENTS) {
        groups.push(await fetchGroup(contents.slice(at, at + MAX_CONTENTS), call));
      }
      return groups.flat();
    },
    async *stream(content, call = {}) {
      const source = await ask([named(content)], 'car', call);
      for await (const event of readCar(source, [content])) {
        if (event.kind === 'missing') throw contentNotFound(content.cid);
        if (event.kind === 'block' && event.block.leaf) yield event.block.bytes;
        if (event.kind === 'repeat') {
          const again = readDag(event.expected, (block) => reload(content, block, call));
          for await (const block of again) if (block.leaf) yield block.bytes;
        }
      }
    },
  };
}

const onceByCid = <T extends GatewayContent>(contents: readonly T[]): T[] => [
  ...new Map(contents.map((content) => [content.cid, content])).values(),
];

/** Lets go of the connection when the reader stops early. */
async function* ending(
  source: AsyncIterable<Uint8Array>,
  stop: AbortController,
): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } finally {
    stop.abort();
  }
}

const bodyPieces = (
  body: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
): AsyncIterable<Uint8Array> => ('getReader' in body ? piecesOfStream(body) : body);
