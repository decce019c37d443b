import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { GATEWAY_LIMITS } from '../../../src/store/gatewayMeter.ts';
import type { GatewayContent } from '../../../src/store/gatewayClient.ts';
import { encodeGatewayRequest } from '../../../src/store/gatewayRequest.ts';
import type { ServedRead } from '../../../src/store/gatewayServer.ts';
import { MIB, codeOf, hanging, ownerOf, seededBytes, vectorsOf } from './contents.ts';
import { ABSENT, ASKER, bodyOf, openGatewayUnderTest } from './gatewayUnderTest.ts';
import type { GatewayUnderTest } from './gatewayUnderTest.ts';

const KUBO = vectorsOf<{
  root: string;
  leafs: string[];
  answers: { method: string; path: string; length: number; sha256: string; contentType: string }[];
}>('kubo/gateway.json');

describe('gateway', () => {
  let g: GatewayUnderTest;
  beforeEach(() => {
    g = openGatewayUnderTest();
  });
  afterEach(() => g.store.close());

  it('answers CAR and raw byte for byte as the recorded Kubo gateway', async () => {
    const owner = ownerOf('gw');
    const stored = await g.store.put(owner, seededBytes('gw', 3 * MIB + 17));
    expect(stored.cid).to.equal(KUBO.root);
    g.allow({ owner });
    const [leaf = ''] = KUBO.leafs;
    for (const [path, answer] of [
      [`${KUBO.root}?format=car`, await g.get(owner, KUBO.root, 'car')],
      [`${leaf}?format=raw`, await g.get(owner, leaf, 'raw', { 'carelattice-root': KUBO.root })],
      [`${KUBO.root}?format=raw`, await g.get(owner, KUBO.root, 'raw')],
    ] as const) {
      const recorded = KUBO.answers.find((a) => a.method === 'GET' && a.path.endsWith(path));
      const body = await bodyOf(answer);
      expect(answer.headers['content-type'], path).to.equal(recorded?.contentType);
      expect(body.length, path).to.equal(recorded?.length);
      expect(createHash('sha256').update(body).digest('hex'), path).to.equal(recorded?.sha256);
    }
  });

  it('lets nothing be kept by caches, unlike Kubo', async () => {
    const content = await g.hold('cached', 100);
    g.allow(content);
    for (const answer of [
      await g.get(content.owner, content.cid, 'car'),
      await g.get(content.owner, content.cid, 'raw'),
      await g.get(ownerOf('nobody'), content.cid, 'car'),
    ]) {
      expect(answer.headers['cache-control']).to.equal('private, no-store');
    }
  });

  it('takes the format from the Accept header as well', async () => {
    const content = await g.hold('accept', 100);
    g.allow(content);
    const by = (accept: string) =>
      g.ask({
        path: `/ipfs/${content.cid}`,
        query: new URLSearchParams(),
        headers: { authorization: ASKER, 'carelattice-owner': content.owner, accept },
      });
    expect((await by('application/vnd.ipld.car; version=1; order=dfs; dups=n')).status).to.equal(
      200,
    );
    expect((await by('application/vnd.ipld.raw')).status).to.equal(200);
    for (const accept of ['', '*/*', 'text/html', 'application/vnd.ipld.car; dups=y']) {
      expect((await by(accept)).status, accept).to.equal(406);
    }
  });

  it('refuses everything that is neither CAR nor raw', async () => {
    const { owner, cid } = await g.hold('deserialised', 100);
    g.rights.add(owner);
    expect((await g.get(owner, cid, 'bogus')).status).to.equal(406);
    expect((await g.get(owner, cid, 'tar')).status).to.equal(406);
    const query = new URLSearchParams('format=car&dag-scope=entity&entity-bytes=0:9');
    expect((await g.ask({ path: `/ipfs/${cid}`, query })).status).to.equal(400);
    expect((await g.ask({ path: `/ipns/${cid}` })).status).to.equal(404);
    expect((await g.ask({ path: `/ipfs/${cid}/path` })).status).to.equal(400);
  });

  it('answers HEAD without a body, and If-None-Match of a raw block by 304', async () => {
    const { owner, cid } = await g.hold('head', 100);
    g.rights.add(owner);
    const headers = { authorization: ASKER, 'carelattice-owner': owner };
    const raw = new URLSearchParams('format=raw');
    const head = await g.ask({ method: 'HEAD', path: `/ipfs/${cid}`, query: raw, headers });
    expect(head).to.deep.include({ status: 200, body: undefined });
    expect(head.headers['content-length']).to.equal('100');
    const known = { ...headers, 'if-none-match': `"${cid}.raw"` };
    const again = await g.ask({ path: `/ipfs/${cid}`, query: raw, headers: known });
    expect(again).to.deep.include({ status: 304, body: undefined });
  });

  it('hostile 32: answers "no right" byte for byte as "not here", for root, sub-block, HEAD and If-None-Match', async () => {
    const secret = await g.hold('secret', 2 * MIB);
    const leaf = [...g.store.blocks.keys()].find((cid) => cid !== secret.cid) ?? '';
    const absent = { owner: ownerOf('absent'), cid: ABSENT, size: 5 };
    g.allow(absent);
    const forms = async (content: GatewayContent, block: string) => {
      const { owner, cid } = content;
      const headers = { authorization: ASKER, 'carelattice-owner': owner };
      const raw = new URLSearchParams('format=raw');
      const at = { path: `/ipfs/${cid}`, headers };
      const known = { ...headers, 'if-none-match': `"${cid}.raw"` };
      return [
        await g.ask(at),
        await g.ask({ ...at, query: raw }),
        await g.ask({ ...at, query: raw, headers: known }),
        await g.ask({ ...at, method: 'HEAD' }),
        await g.ask({ ...at, method: 'HEAD', query: raw }),
        await g.ask({
          path: `/ipfs/${block}`,
          query: raw,
          headers: { ...headers, 'carelattice-root': cid },
        }),
        await g.ask({ path: '/ipfs', method: 'POST', body: encodeGatewayRequest([content]) }),
      ];
    };
    const forNoRight = await forms(secret, leaf);
    const forAbsent = await forms(absent, ABSENT);
    expect(forNoRight.map(({ status }) => status)).to.deep.equal(forNoRight.map(() => 404));
    expect(forNoRight).to.deep.equal(forAbsent);
    expect(g.served).to.deep.equal([]);
    // The right was asked for each time, before anything else.
    expect(g.rightsAsked).to.have.lengthOf(14);
  });

  it('hostile 2: gives a block only as part of the content it was asked with', async () => {
    const mine = await g.hold('mine', 100);
    const other = await g.hold('other', 2 * MIB);
    g.allow(mine);
    const leaf =
      [...g.store.blocks.keys()].find((cid) => ![mine.cid, other.cid].includes(cid)) ?? '';
    const root = { 'carelattice-root': mine.cid };
    expect((await g.get(mine.owner, leaf, 'raw', root)).status).to.equal(404);
    expect((await g.get(mine.owner, leaf, 'raw')).status).to.equal(404);
    expect((await g.get(mine.owner, leaf, 'car', root)).status).to.equal(400);
  });

  it('answers malformed CIDs, methods, bodies and missing signatures alike whatever it holds', async () => {
    const { owner, cid } = await g.hold('alike', 100);
    g.rights.add(owner);
    const bodies = [
      'nonsense',
      '{}',
      '[]',
      '{"contents":[]}',
      '{"contents":[{"owner":"a"}]}',
      `{"contents":[{"owner":"a","cid":"${cid}","more":1}]}`,
      `{"contents":[{"owner":"a","cid":"${cid}"},{"owner":"b","cid":"${cid}"}]}`,
      `{"contents":[{"owner":{"deep":[]},"cid":"${cid}"}]}`,
      JSON.stringify({ contents: Array.from({ length: 257 }, () => ({ owner: 'a', cid })) }),
      '['.repeat(200_000),
    ];
    for (const body of bodies) {
      const answer = await g.ask({ method: 'POST', path: '/ipfs', body: Buffer.from(body) });
      expect(answer.status, body.slice(0, 60)).to.equal(400);
    }
    for (const wrong of ['not-a-cid', cid.toUpperCase(), `${cid}a`, 'bafkqaaa', '..%2f..']) {
      expect((await g.get(owner, wrong, 'car')).status, wrong).to.equal(400);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      expect((await g.ask({ method, path: `/ipfs/${cid}` })).status, method).to.equal(405);
    }
    for (const either of [cid, ABSENT]) {
      const unsigned = { 'carelattice-owner': owner };
      expect((await g.ask({ path: `/ipfs/${either}`, headers: unsigned })).status).to.equal(401);
    }
    expect(g.rightsAsked).to.deep.equal([]);
  });

  it('refuses with 429 above one asker’s streams or bytes and with 503 above all streams', async () => {
    const { owner, cid } = await g.hold('limits', 1_000);
    g.rights.add(owner);
    g.withLimits({ streamsPerAsker: 2, streams: 3, bytesPerAsker: 2_000 });
    const open = [await g.get(owner, cid, 'car'), await g.get(owner, cid, 'car')];
    expect((await g.get(owner, cid, 'car')).status).to.equal(429);
    expect((await g.get(ownerOf('x'), ABSENT, 'car')).status, 'alike').to.equal(429);
    for (const answer of open) await bodyOf(answer);
    expect((await g.get(owner, cid, 'car')).status, 'bytes').to.equal(429);
    g.now += GATEWAY_LIMITS.windowMs;
    const held = await g.get(owner, cid, 'car');
    expect(held.status).to.equal(200);
    g.withLimits({ streams: 1 });
    await g.get(owner, cid, 'car');
    expect((await g.get(owner, cid, 'car')).status).to.equal(503);
    await bodyOf(held);
  });

  it('frees the slot of an answer that nobody reads', async () => {
    const { owner, cid } = await g.hold('unread', 1_000);
    g.rights.add(owner);
    g.withLimits({ streams: 1, idleMs: 5 });
    const told = new Promise<ServedRead>((resolve) => (g.components.served = resolve));
    const unread = await g.get(owner, cid, 'car');
    expect((await told).complete).to.equal(false);
    expect((await g.get(owner, cid, 'raw')).status).to.equal(200);
    expect(await codeOf(bodyOf(unread))).to.equal('ContentUnavailable');
  });

  it('hostile 35: cuts off a body that is too long or too slow', async () => {
    g.withLimits({ idleMs: 20, requestBytes: 10_000 });
    const endless = (async function* () {
      for (;;) yield new Uint8Array(1_000);
    })();
    expect((await g.ask({ method: 'POST', path: '/ipfs', body: endless })).status).to.equal(413);
    const slow = hanging(Buffer.from('{"contents":'));
    expect((await g.ask({ method: 'POST', path: '/ipfs', body: slow })).status).to.equal(408);
  });

  it('tells of every content served, and whether it went out to its end', async () => {
    const contents = [await g.hold('a', 10), await g.hold('b', 3 * MIB)];
    g.allow(...contents);
    const post = () =>
      g.ask({ method: 'POST', path: '/ipfs', body: encodeGatewayRequest(contents) });
    await bodyOf(await post());
    const { body } = await post();
    if (body === undefined || body instanceof Uint8Array) throw new Error('no stream');
    for await (const piece of body) if (piece.length > 0) break;
    expect(g.served.map(({ content, complete }) => [content.cid, complete])).to.deep.equal([
      [contents[0]?.cid, true],
      [contents[1]?.cid, true],
      [contents[0]?.cid, false],
      [contents[1]?.cid, false],
    ]);
    expect(g.served[0]).to.deep.include({ asker: ASKER, format: 'car', method: 'POST' });
  });
});
