import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { ContentStore, StoredContent } from '../../../src/store/contentStore.ts';
import { createGatewayClient } from '../../../src/store/gatewayClient.ts';
import type { GatewayFetch } from '../../../src/store/gatewayClient.ts';
import { answerGateway } from '../../../src/store/gatewayServer.ts';
import type { GatewayAnswer } from '../../../src/store/gatewayServer.ts';
import { openMemoryStore } from '../../../src/store/memoryStore.ts';
import {
  MIB,
  bytesOf,
  codeOf,
  deadHolder,
  hanging,
  inPieces,
  ownerOf,
  seededBytes,
} from './contents.ts';
import { ABSENT, ASKER, bodyOf, openGatewayUnderTest } from './gatewayUnderTest.ts';
import type { GatewayUnderTest } from './gatewayUnderTest.ts';

describe('gateway client', () => {
  let g: GatewayUnderTest;
  beforeEach(() => {
    g = openGatewayUnderTest();
  });
  afterEach(() => g.store.close());

  const fetching =
    (change: (answer: GatewayAnswer) => GatewayAnswer = (answer) => answer): GatewayFetch =>
    async (url, { method, headers, body }) => {
      const { pathname, searchParams } = new URL(url);
      const answer = change(
        await answerGateway(
          { method, path: pathname, query: searchParams, headers, body },
          g.components,
        ),
      );
      const source = answer.body instanceof Uint8Array ? inPieces(answer.body) : answer.body;
      return { status: answer.status, body: source ?? null };
    };
  const client = (fetch: GatewayFetch = fetching(), idleMs = 5_000) =>
    createGatewayClient({
      url: 'https://gateway.example:8443',
      fetch,
      idleMs,
      authorize: async () => ({ authorization: ASKER }),
    });
  const changing = (change: (car: Uint8Array) => AsyncIterable<Uint8Array>) =>
    client(
      fetching((answer) => ({
        ...answer,
        body: (async function* () {
          yield* change(await bodyOf(answer));
        })(),
      })),
    );

  it('gets many contents in one CAR; a missing or forbidden one does not spoil the others', async () => {
    const [a, b, c] = [await g.hold('a', 10), await g.hold('b', 20_000), await g.hold('c', 0)];
    g.allow(a, c);
    const absent = { owner: ownerOf('absent'), cid: ABSENT, size: 3 };
    g.allow(absent);
    const results = await client().fetchMany([a, absent, b, c]);
    expect(
      results.map((r) => (r.kind === 'fetched' ? r.bytes.length : r.error.code)),
    ).to.deep.equal([10, 'ContentNotFound', 'ContentNotFound', 0]);
    expect(g.rightsAsked).to.have.lengthOf(4);
  });

  it('asks for 256 contents at a time', async () => {
    const items = Array.from({ length: 300 }, (_, i) => ({
      owner: ownerOf(`${i}`),
      source: seededBytes(`${i}`, 40),
    }));
    const stored: StoredContent[] = await g.store.putMany(items);
    const contents = stored.map((content, i) => ({ owner: ownerOf(`${i}`), ...content }));
    g.allow(...contents);
    let requests = 0;
    const counting: GatewayFetch = (url, init) => {
      requests++;
      return fetching()(url, init);
    };
    const results = await client(counting).fetchMany(contents);
    expect(results.filter(({ kind }) => kind !== 'fetched')).to.deep.equal([]);
    expect(requests).to.equal(2);
  });

  it('streams a large content block by block, also one that repeats itself', async () => {
    for (const bytes of [seededBytes('large', 3 * MIB + 1), new Uint8Array(3 * MIB + 1)]) {
      const owner = ownerOf(`large ${bytes[0]}`);
      const stored = await g.store.put(owner, bytes);
      g.allow({ owner });
      const got = await bytesOf(client().stream({ owner, ...stored }));
      expect(Buffer.compare(got, bytes)).to.equal(0);
    }
  });

  it('gives no byte of an unverified block and never takes an early end for the end', async () => {
    const content = await g.hold('early', 2 * MIB);
    g.allow(content);
    const read = (change: (car: Uint8Array) => AsyncIterable<Uint8Array>) =>
      codeOf(bytesOf(changing(change).stream(content)));
    expect(await read((car) => inPieces(car.subarray(0, -1)))).to.equal('ContentIncomplete');
    expect(await read((car) => inPieces(car.subarray(0, -MIB - 39)))).to.equal('ContentIncomplete');
    expect(await read(() => inPieces(new Uint8Array()))).to.equal('ContentIncomplete');
    const flipped = (car: Uint8Array): Uint8Array => {
      const changed = car.slice();
      changed[MIB] = (changed[MIB] ?? 0) ^ 1;
      return changed;
    };
    expect(await read((car) => inPieces(flipped(car)))).to.equal('ContentCorrupt');
  });

  it('keeps the contents that came whole before a stream broke', async () => {
    const contents = [await g.hold('a', 10), await g.hold('b', 20), await g.hold('c', 30)];
    g.allow(...contents);
    const results = await changing((car) => inPieces(car.subarray(0, -40))).fetchMany(contents);
    expect(results.map((r) => (r.kind === 'fetched' ? r.kind : r.error.code))).to.deep.equal([
      'fetched',
      'fetched',
      'ContentIncomplete',
    ]);
  });

  it('hostile 35: leaves a gateway that sends without end, or nothing, with flat memory', async () => {
    const content = await g.hold('hostile', 1_000);
    g.allow(content);
    let pieces = 0;
    const endless = changing(async function* (car) {
      yield car.subarray(0, -1_000);
      for (;;) {
        pieces++;
        yield new Uint8Array(MIB);
      }
    });
    expect(await codeOf(bytesOf(endless.stream(content)))).to.equal('ContentCorrupt');
    expect(pieces).to.be.lessThan(4);
    const silent = client(
      fetching((answer) => ({ ...answer, body: hanging() })),
      20,
    );
    expect(await codeOf(bytesOf(silent.stream(content)))).to.equal('ContentUnavailable');
    const dead: GatewayFetch = () => new Promise(() => undefined);
    expect(await codeOf(client(dead, 20).fetch([content]))).to.equal('ContentUnavailable');
  });

  it('hostile 35: refuses a frame that says it is 256 MiB long before it reads it', async () => {
    const content = await g.hold('frame', 1_000);
    g.allow(content);
    const client256 = changing(async function* (car) {
      yield car.subarray(0, 59);
      yield Uint8Array.of(0x80, 0x80, 0x80, 0x7f);
      throw new Error('read on');
    });
    expect(await codeOf(bytesOf(client256.stream(content)))).to.equal('ContentCorrupt');
  });

  it('hostile 33: follows no redirect, whatever it says', async () => {
    const content = await g.hold('redirect', 10);
    let init: Parameters<GatewayFetch>[1] | undefined;
    const redirecting: GatewayFetch = async (_url, given) => {
      init = given;
      return { status: 302, body: null };
    };
    expect(await codeOf(client(redirecting).fetch([content]))).to.equal('ContentUnavailable');
    expect(init?.redirect).to.equal('error');
    for (const url of ['file:///etc/passwd', 'ftp://x/', 'gateway', 'https://x:6667']) {
      const open = async () =>
        createGatewayClient({ url, fetch: redirecting, authorize: async () => ({}) });
      expect(await codeOf(open()), url).to.be.oneOf(['BadGatewayUrl', 'PortBlocked']);
    }
  });

  it('is a holder that a store pulls from, after one that is dead', async () => {
    const content = await g.hold('pulled', 2 * MIB);
    g.allow(content);
    const puller: ContentStore = openMemoryStore();
    const { owner, cid, size } = content;
    await puller.pull(owner, cid, size, [deadHolder('dead'), client()]);
    expect(await puller.has(cid)).to.equal(true);
    const [refused] = await puller.pullMany([await g.hold('no right', 5)], [client()]);
    expect(refused?.kind === 'failed' && refused.error.code).to.equal('ContentNotFound');
    await puller.close();
  });

  it('gives a content that owners share to all when it may go to one of them', async () => {
    const puller: ContentStore = openMemoryStore();
    const shared = await g.hold('may go', 1_000);
    g.allow(shared);
    const refused = ['erased', 'erased too'].map((name) => ({ ...shared, owner: ownerOf(name) }));
    const own = await g.hold('of one alone', 2_000);
    const wanted = [refused[0], shared, refused[1], own].flatMap((content) => content ?? []);
    const outcomes = await puller.pullMany(wanted, [client()]);
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal([
      'stored',
      'stored',
      'stored',
      'failed',
    ]);
    expect(g.rightsAsked).to.deep.equal([refused[1]?.owner, own.owner, shared.owner]);
    await puller.close();
  });

  it('asks in the names of a few owners, not of all, for what it is not given', async () => {
    const puller: ContentStore = openMemoryStore();
    const content = await g.hold('for nobody', 1_000);
    const wanted = Array.from({ length: 100 }, (_, i) => ({ ...content, owner: ownerOf(`${i}`) }));
    const outcomes = await puller.pullMany(wanted, [client()]);
    expect(outcomes.every(({ kind }) => kind === 'failed')).to.equal(true);
    expect(g.rightsAsked).to.have.lengthOf(4);
    await puller.close();
  });

  it('works over HTTP with the fetch of this platform, and sees a connection that breaks', async () => {
    const [content, broken] = [await g.hold('over http', 10), await g.hold('broken', 2 * MIB)];
    g.allow(content, broken);
    const server = createServer((incoming, response) => {
      void serve(incoming, response);
    });
    async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
      const url = new URL(incoming.url ?? '/', 'http://localhost');
      const answer = await g.ask({
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: { authorization: incoming.headers.authorization },
        body: incoming,
      });
      const body = await bodyOf(answer);
      response.writeHead(answer.status, answer.headers);
      if (body.length < MIB) response.end(body);
      else response.write(body.subarray(0, MIB), () => response.destroy());
    }
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // A listening TCP server has a port.
    const { port } = server.address() as AddressInfo;
    const overHttp = createGatewayClient({
      url: `http://127.0.0.1:${port}/`,
      fetch: globalThis.fetch,
      authorize: async () => ({ authorization: ASKER }),
    });
    const [result] = await overHttp.fetchMany([content]);
    expect(result?.kind).to.equal('fetched');
    expect(await codeOf(bytesOf(overHttp.stream(broken)))).to.equal('ContentIncomplete');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await codeOf(overHttp.fetch([content]))).to.equal('ContentUnavailable');
  });
});
