import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { importBytes } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import { CarReader } from '@ipld/car/reader';
import { exporter } from 'ipfs-unixfs-exporter';
import { CID } from 'multiformats/cid';
import { sha256 } from '#sha256';
import { concat, equalBytes } from '../../src/hash/bytes.ts';
import { encodeCarBlock, encodeCarHeader } from '../../src/store/car.ts';

/**
 * Answers as Kubo 0.44.0-dev did in `vectors/kubo/rpc.json`: statuses, headers, error texts, and streams
 * that end early with nothing but the trailer `X-Stream-Error`. Not a Kubo: only what the store uses.
 */
export interface KuboStandIn {
  url: string;
  /** By CID; open so that a test can damage or remove blocks. */
  blocks: Map<string, Uint8Array>;
  /** Recursive pins. */
  pins: Set<string>;
  /** Path and query of every request, in order. */
  requests: string[];
  /** Headers of the last request. */
  lastHeaders(): IncomingMessage['headers'];
  /** Answers the next request to this endpoint by `answer` instead. */
  replaceNext(endpoint: string, answer: (response: ServerResponse) => void): void;
  /** Ignores max-file-links, or every option, as an older daemon or its defaults would. */
  ignore(what: 'max-file-links' | 'everything' | 'nothing'): void;
  close(): Promise<void>;
}

export async function startKuboStandIn(): Promise<KuboStandIn> {
  const blocks = new Map<string, Uint8Array>();
  const pins = new Set<string>();
  const requests: string[] = [];
  const replaced = new Map<string, (response: ServerResponse) => void>();
  let ignoring: 'max-file-links' | 'everything' | 'nothing' = 'nothing';
  let lastHeaders: IncomingMessage['headers'] = {};

  const linksOf = async (cid: string): Promise<string[]> => {
    const bytes = blocks.get(cid);
    if (bytes === undefined) throw new Missing(cid);
    if (CID.parse(cid).code !== 0x70) return [];
    const one = {
      get: async function* () {
        yield bytes;
      },
    };
    const entry = await exporter(CID.parse(cid), one);
    return entry.type === 'file' ? entry.node.Links.map((link) => link.Hash.toString()) : [];
  };
  /** Depth first, each block once; throws at the first one missing. */
  async function* visit(cid: string, seen = new Set<string>()): AsyncGenerator<string> {
    if (seen.has(cid)) return;
    seen.add(cid);
    const links = await linksOf(cid);
    yield cid;
    for (const link of links) yield* visit(link, seen);
  }
  const pinnedVia = async (cid: string): Promise<string | undefined> => {
    for (const pin of pins) {
      for await (const block of visit(pin)) if (block === cid && pin !== cid) return pin;
    }
    return undefined;
  };

  const add = async (
    query: URLSearchParams,
    content: Uint8Array,
  ): Promise<{ cid: string; size: number }> => {
    let size = 0;
    const isDefault = ignoring === 'everything' || query.get('cid-version') !== '1';
    const chunkSize = Number(/^size-(\d+)$/.exec(query.get('chunker') ?? '')?.[1] ?? 262_144);
    const links = ignoring === 'max-file-links' ? 174 : Number(query.get('max-file-links') ?? 174);
    const keep = query.get('only-hash') !== 'true';
    const store = {
      async put(cid: CID, bytes: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>) {
        const parts: Uint8Array[] = [];
        if (bytes instanceof Uint8Array) parts.push(bytes);
        else for await (const part of bytes) parts.push(part);
        const whole = concat(...parts);
        size += whole.length;
        if (keep) blocks.set(cid.toString(), whole);
        return cid;
      },
    };
    const options = isDefault
      ? { profile: 'unixfs-v0-2015' as const }
      : {
          profile: 'unixfs-v1-2025' as const,
          chunker: fixedSize({ chunkSize }),
          layout: balanced({ maxChildrenPerNode: links }),
        };
    const root = (await importBytes(content, store, options)).cid.toString();
    if (keep && query.get('pin') !== 'false') pins.add(root);
    return { cid: root, size };
  };

  const importCar = async (query: URLSearchParams, car: Uint8Array): Promise<object[]> => {
    let reader: CarReader;
    try {
      reader = await CarReader.fromBytes(car);
    } catch {
      throw new RpcError('unexpected EOF');
    }
    for await (const { cid, bytes } of reader.blocks()) {
      if (!equalBytes(cid.multihash.digest, sha256(bytes))) {
        throw new RpcError(
          `import failed: mismatch in content integrity, expected: ${cid.toString()}`,
        );
      }
      blocks.set(cid.toString(), bytes);
    }
    if (query.get('pin-roots') !== 'true') return [];
    const answers: object[] = [];
    for (const root of await reader.getRoots()) {
      let message = '';
      try {
        for await (const cid of visit(root.toString())) blocks.get(cid);
        pins.add(root.toString());
      } catch (error) {
        if (!(error instanceof Missing)) throw error;
        message = error.message;
      }
      answers.push({ Root: { Cid: { '/': root.toString() }, PinErrorMsg: message } });
    }
    return answers;
  };

  const removeBlock = async (cid: string): Promise<object> => {
    if (pins.has(cid)) return { Hash: cid, Error: 'pinned: recursive' };
    const via = await pinnedVia(cid);
    if (via !== undefined) return { Hash: cid, Error: `pinned via ${via}` };
    if (!blocks.delete(cid)) return { Hash: cid, Error: `ipld: could not find ${cid}` };
    return { Hash: cid };
  };

  const endpoints: Record<
    string,
    (query: URLSearchParams, body: Uint8Array, out: Out) => Promise<void>
  > = {
    async version(_query, _body, out) {
      out.json({
        Version: '0.44.0-dev',
        Commit: '',
        Repo: '18',
        System: 'amd64/linux',
        Golang: 'go1.26.8',
      });
    },
    async add(query, body, out) {
      const { cid, size } = await add(query, body);
      out.lines([{ Name: cid, Hash: cid, Size: String(size) }]);
    },
    async 'block/get'(query, _body, out) {
      const cid = query.get('arg') ?? '';
      const bytes = blocks.get(cid);
      if (bytes === undefined) throw new RpcError(new Missing(cid).message);
      out.stream('application/vnd.ipld.raw', [bytes]);
    },
    async 'block/rm'(query, _body, out) {
      const answers: object[] = [];
      for (const cid of query.getAll('arg')) answers.push(await removeBlock(cid));
      out.lines(answers);
    },
    async 'pin/rm'(query, _body, out) {
      const cid = query.get('arg') ?? '';
      if (!pins.delete(cid)) throw new RpcError('not pinned or pinned indirectly');
      out.json({ Pins: [cid] });
    },
    async refs(query, _body, out) {
      const root = query.get('arg') ?? '';
      const lines: object[] = [];
      try {
        for await (const cid of visit(root)) if (cid !== root) lines.push({ Ref: cid, Err: '' });
      } catch (error) {
        if (!(error instanceof Missing)) throw error;
        lines.push({ Ref: '', Err: 'failed to fetch all nodes' });
      }
      out.lines(lines);
    },
    async 'dag/import'(query, body, out) {
      out.lines(await importCar(query, body));
    },
    async 'dag/export'(query, _body, out) {
      const root = query.get('arg') ?? '';
      const pieces = [encodeCarHeader([root])];
      try {
        for await (const cid of visit(root)) {
          pieces.push(encodeCarBlock({ cid, bytes: blocks.get(cid) ?? new Uint8Array() }));
        }
      } catch (error) {
        if (!(error instanceof Missing) || pieces.length === 1) throw error;
        out.stream('application/vnd.ipld.car', pieces, `walk failed: ${error.message}`);
        return;
      }
      out.stream('application/vnd.ipld.car', pieces);
    },
  };

  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const name = url.pathname.replace('/api/v0/', '');
    requests.push(request.url ?? '');
    lastHeaders = request.headers;
    const out = outTo(response);
    const body = await bodyOf(request);
    if (body === undefined) return;
    if (/Mozilla/.test(request.headers['user-agent'] ?? ''))
      return out.text(403, '403 - Forbidden\n');
    const endpoint = endpoints[name];
    if (endpoint === undefined) return out.text(404, '404 page not found\n');
    if (request.method !== 'POST') return out.text(405, '405 - Method Not Allowed\n');
    const replacement = replaced.get(name);
    if (replacement !== undefined) {
      replaced.delete(name);
      return replacement(response);
    }
    try {
      await endpoint(url.searchParams, body, out);
    } catch (error) {
      if (!(error instanceof RpcError) && !(error instanceof Missing)) throw error;
      out.json({ Message: error.message, Code: 0, Type: 'error' }, 500);
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A listening TCP server has a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    blocks,
    pins,
    requests,
    lastHeaders: () => lastHeaders,
    replaceNext: (endpoint, replacement) => void replaced.set(endpoint, replacement),
    ignore: (what) => {
      ignoring = what;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class RpcError extends Error {}

class Missing extends Error {
  constructor(cid: string) {
    super(`block was not found locally (offline): ipld: could not find ${cid}`);
  }
}

interface Out {
  json(value: object, status?: number): void;
  lines(values: object[]): void;
  stream(type: string, pieces: Uint8Array[], streamError?: string): void;
  text(status: number, text: string): void;
}

const TRAILER = { trailer: 'X-Stream-Error' };

function outTo(response: ServerResponse): Out {
  return {
    json(value, status = 200) {
      response.writeHead(status, { 'content-type': 'application/json', ...TRAILER });
      response.end(`${JSON.stringify(value)}\n`);
    },
    lines(values) {
      response.writeHead(200, {
        'content-type': 'application/json',
        'x-chunked-output': '1',
        ...TRAILER,
      });
      for (const value of values) response.write(`${JSON.stringify(value)}\n`);
      response.end();
    },
    stream(type, pieces, streamError) {
      response.writeHead(200, { 'content-type': type, 'x-stream-output': '1', ...TRAILER });
      for (const piece of pieces) response.write(piece);
      if (streamError !== undefined) response.addTrailers({ 'X-Stream-Error': streamError });
      response.end();
    },
    text(status, text) {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(text);
    },
  };
}

/** The one file of a multipart body; undefined when the request broke off. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  try {
    // Without an encoding set, a request gives buffers.
    for await (const part of request) parts.push(part as Buffer);
  } catch {
    return undefined;
  }
  const body = Buffer.from(concat(...parts));
  const boundary = /boundary=(.+)$/.exec(request.headers['content-type'] ?? '')?.[1];
  if (boundary === undefined) return body;
  const start = body.indexOf('\r\n\r\n') + 4;
  return new Uint8Array(body.subarray(start, body.lastIndexOf(`\r\n--${boundary}--`)));
}
