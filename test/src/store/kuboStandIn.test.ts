import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { expect } from 'chai';
import { openMemoryStore } from '../../../src/store/memoryStore.ts';
import { startKuboStandIn } from '../../support/kuboStandIn.ts';
import type { KuboStandIn } from '../../support/kuboStandIn.ts';
import { MIB, bytesOf, formulaBytes, ownerOf, seededBytes, vectorsOf } from './contents.ts';

interface Exchange {
  label: string;
  request: { method: string; path: string };
  response: {
    status: number;
    headers: Record<string, string>;
    trailers: Record<string, string>;
    body: { text?: string; length?: number; sha256?: string };
  };
}
const RECORDED = vectorsOf<{ log: Exchange[] }>('kubo/rpc.json');

/** The tests of the Kubo driver are worth what this is worth: the stand-in answers as Kubo did. */
describe('Kubo stand-in', () => {
  let kubo: KuboStandIn;
  beforeEach(async () => {
    kubo = await startKuboStandIn();
  });
  afterEach(() => kubo.close());

  const K1 = formulaBytes(1_024);
  /** Sends a recorded request, with this content and, where it differs, this CID in its place. */
  async function replay(label: string, content?: Uint8Array, cid?: string): Promise<void> {
    const exchange = RECORDED.log.find((entry) => entry.label === label);
    if (exchange === undefined) throw new Error(`not recorded: ${label}`);
    const { method, path } = exchange.request;
    const isBrowser = label.startsWith('browser');
    const got = await send(
      method,
      cid === undefined ? path : path.replace(/arg=[^&]+/, `arg=${cid}`),
      content,
      isBrowser ? { 'user-agent': 'Mozilla/5.0' } : {},
    );
    const { status, headers, trailers, body } = exchange.response;
    expect(got.status, label).to.equal(status);
    for (const name of ['content-type', 'x-chunked-output', 'x-stream-output', 'trailer']) {
      expect(got.headers[name], `${label}: ${name}`).to.equal(headers[name]);
    }
    expect(Object.keys(got.trailers), label).to.deep.equal(Object.keys(trailers));
    if (body.text !== undefined) {
      expect(plain(got.body.toString()), label).to.equal(plain(body.text));
    } else {
      expect(got.body.length, label).to.equal(body.length);
      if (body.sha256 !== undefined && cid === undefined) {
        expect(createHash('sha256').update(got.body).digest('hex')).to.equal(body.sha256);
      }
    }
  }
  /** Texts without CIDs where another content stands for the recorded one, and without what follows them. */
  const plain = (text: string): string =>
    text
      .replaceAll(/baf[a-z2-7]{56}/g, '<cid>')
      .replace(/, got: <cid>/, '')
      .replace(/import failed after block .*?: /, '')
      .replace(/"Name":"[^"]*"/, '"Name":"<cid>"')
      .trim();

  function send(
    method: string,
    path: string,
    content: Uint8Array | undefined,
    more: Record<string, string>,
  ): Promise<{
    status: number | undefined;
    headers: Record<string, string | string[] | undefined>;
    trailers: Record<string, string | undefined>;
    body: Buffer;
  }> {
    return new Promise((resolve, reject) => {
      const headers =
        content === undefined
          ? more
          : { ...more, 'content-type': 'multipart/form-data; boundary=b' };
      const request = httpRequest(`${kubo.url}${path}`, { method, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            headers: response.headers,
            trailers: response.trailers,
            body: Buffer.concat(parts),
          }),
        );
      });
      request.on('error', reject);
      if (content !== undefined) {
        request.write('--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n');
        request.write(content);
        request.write('\r\n--b--\r\n');
      }
      request.end();
    });
  }
  const carOf = async (bytes: Uint8Array): Promise<{ cid: string; car: Uint8Array }> => {
    const store = openMemoryStore();
    const { cid } = await store.put(ownerOf('x'), bytes);
    const car = await bytesOf(store.exportCar(cid));
    await store.close();
    return { cid, car };
  };

  it('answers version, wrong method, unknown path and a browser as Kubo did', async () => {
    await replay('version');
    await replay('GET instead of POST');
    await replay('unknown endpoint');
    await replay('browser user agent or foreign origin');
  });

  it('adds, and follows its own defaults when no option is sent, as Kubo did', async () => {
    await replay('add 1024', K1);
    await replay('block/get raw leaf');
    await replay("add with the daemon's defaults (no options)", formulaBytes(MIB + 1));
    expect([...kubo.pins]).to.include('QmWMnSrfRNMfj2WZSTbuaA2dp5o3pwA38LNGgdd8MWRPbp');
    const before = kubo.blocks.size;
    await replay('add only-hash', seededBytes('only hash', 777));
    expect(kubo.blocks.size).to.equal(before);
  });

  it('removes pins and blocks, and refuses to, as Kubo did', async () => {
    await replay('add 1024', K1);
    await replay('block/rm of a pinned block');
    await replay('pin/rm');
    await replay('pin/rm again (not pinned)');
    await replay('block/rm');
    await replay('block/rm again (absent)');
    await replay('block/get absent, offline');
    await replay('block/get absent, offline=true');
  });

  it('exports byte for byte the CAR that Kubo exported', async () => {
    const content = formulaBytes(5_243_003);
    const add = RECORDED.log.find(({ label }) => label === 'add 1024')?.request.path ?? '';
    await send('POST', add, content, {});
    await replay('dag/export');
  });

  it('imports, and fails to, as Kubo did', async () => {
    const { car } = await carOf(K1);
    await replay('dag/import with pin-roots', car);
    const { car: large } = await carOf(seededBytes('imported', 3 * MIB));
    await replay('dag/import truncated', large.subarray(0, -100));
    await replay('dag/import with a block missing', large.subarray(0, large.length - MIB - 39));
    const flipped = (await carOf(seededBytes('flipped', 2_048))).car.slice();
    flipped[500] = (flipped[500] ?? 0) ^ 1;
    await replay('dag/import with a flipped byte', flipped);
    await replay('dag/import of junk', new Uint8Array(3).fill(255));
  });

  it('ends streams early with nothing but a trailer, as Kubo did', async () => {
    const { cid, car } = await carOf(seededBytes('six', 6 * MIB));
    const imported = RECORDED.log.find(({ label }) => label === 'dag/import with pin-roots');
    await send('POST', imported?.request.path ?? '', car, {});
    const leaves = [...kubo.blocks.keys()].filter((block) => block !== cid);
    kubo.blocks.delete(leaves[4] ?? '');
    await replay('dag/export with a leaf missing', undefined, cid);
    await replay('refs recursive with a leaf missing', undefined, cid);
  });
});
