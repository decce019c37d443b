import { connect, type TLSSocket } from 'node:tls';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { createPinnedClient, readAll } from '../../../../src/courier/pinnedClient.node.ts';
import { CarelatticeError } from '../../../../src/errors.ts';
import { openDoor, type Door, type DoorLimits } from '../../../../src/node/doors/httpsDoor.node.ts';
import type { DoorRequest, Route } from '../../../../src/node/doors/route.ts';
import { newTlsIdentity } from '../../../../src/node/doors/tlsIdentity.node.ts';
import { codeOf } from '../../../support/codeOf.ts';

const identity = newTlsIdentity('door');
const text = new TextEncoder();

describe('an HTTPS door', () => {
  const opened: { close(): unknown }[] = [];
  const client = createPinnedClient({ profile: 'local' });
  const errors: unknown[] = [];

  afterEach(async () => {
    for (const thing of opened.splice(0).reverse()) await thing.close();
    client.close();
    errors.length = 0;
  });

  async function door(routes: readonly Route[], limits: Partial<DoorLimits> = {}): Promise<Door> {
    const onError = (error: unknown): void => void errors.push(error);
    const made = await openDoor({ identity, routes, port: 0, limits, onError });
    opened.push(made);
    return made;
  }

  const ask = async (
    { endpoint }: Door,
    method: 'GET' | 'HEAD' | 'POST',
    path: string,
    more: { body?: Uint8Array; headers?: Record<string, string> } = {},
  ) => {
    const peer = { endpoint, tlsKeyHash: identity.keyHash };
    const answer = await client.request(peer, { method, path, ...more });
    const body = Buffer.from(await readAll(answer.body, 1_000_000)).toString();
    return { status: answer.status, headers: answer.headers, body };
  };

  /** A raw TLS connection, for clients that do not behave. */
  const raw = async ({ port }: Door, request: string): Promise<TLSSocket> => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    opened.push({ close: () => socket.destroy() });
    socket.on('error', () => undefined); // being cut is what these tests are about
    await once(socket, 'secureConnect');
    socket.write(request);
    return socket;
  };

  const echo: Route = {
    method: 'POST',
    path: '/echo',
    maxBodyBytes: 1000,
    async handle(request) {
      return { status: 200, headers: { 'x-asked': 'yes' }, body: await request.body() };
    },
  };

  it('hands a request to its route: method, path, query, headers, body', async () => {
    let seen: DoorRequest | undefined;
    const route: Route = {
      method: 'GET',
      path: '/ipfs/',
      maxBodyBytes: 0,
      async handle(request) {
        seen = request;
        return { status: 200, body: text.encode('block') };
      },
    };
    const open = await door([route, echo]);
    const answer = await ask(open, 'GET', '/ipfs/bafy%2F..?format=car', {
      headers: { accept: 'application/vnd.ipld.car' },
    });
    expect(answer).to.include({ status: 200, body: 'block' });
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect(seen?.path).to.equal('/ipfs/bafy%2F..');
    expect(seen?.query.get('format')).to.equal('car');
    expect(seen?.headers['accept']).to.equal('application/vnd.ipld.car');
    const posted = await ask(open, 'POST', '/echo', { body: text.encode('hello') });
    expect(posted).to.include({ status: 200, body: 'hello' });
    expect(posted.headers['x-asked']).to.equal('yes');
  });

  it('answers 404 for a path and 405 for a method it does not know', async () => {
    const open = await door([echo]);
    expect(await ask(open, 'GET', '/')).to.include({ status: 404, body: '' });
    expect(await ask(open, 'GET', '/echo/below')).to.include({ status: 404 });
    const other = await ask(open, 'GET', '/echo');
    expect(other).to.include({ status: 405 });
    expect(other.headers.allow).to.equal('POST');
  });

  it('answers HEAD without a body', async () => {
    const route: Route = {
      method: 'HEAD',
      path: '/health',
      maxBodyBytes: 0,
      handle: async () => ({ status: 200, body: text.encode('12345') }),
    };
    const answer = await ask(await door([route]), 'HEAD', '/health');
    expect(answer).to.include({ status: 200, body: '' });
    expect(answer.headers['content-length']).to.equal('5');
  });

  it('streams an answer, and cuts the connection when the stream fails', async () => {
    const route = (path: string, fails: boolean): Route => ({
      method: 'GET',
      path,
      maxBodyBytes: 0,
      handle: async () => ({
        status: 200,
        body: (async function* () {
          for (let n = 0; n < 20; n++) yield new Uint8Array(20_000).fill(n);
          if (fails) throw new Error('the disk failed');
        })(),
      }),
    });
    const open = await door([route('/whole', false), route('/part', true)]);
    expect((await ask(open, 'GET', '/whole')).body).to.have.length(400_000);
    expect(await codeOf(() => ask(open, 'GET', '/part'))).to.equal('PeerUnreachable');
    expect(String(errors[0])).to.contain('the disk failed');
  });

  it('answers a thrown error by its status, and tells the client nothing else', async () => {
    const failing = (path: string, error: Error): Route => ({
      method: 'GET',
      path,
      maxBodyBytes: 0,
      handle: () => Promise.reject(error),
    });
    const open = await door([
      failing('/who', new CarelatticeError('Unauthorized', 'sign it', { facts: { secret: 1 } })),
      failing('/fault', new Error('secret detail')),
      failing('/ours', new CarelatticeError('StoreFull', 'secret path')),
    ]);
    expect(await ask(open, 'GET', '/who')).to.include({
      status: 401,
      body: '{"code":"Unauthorized"}',
    });
    expect(await ask(open, 'GET', '/fault')).to.include({ status: 500, body: '' });
    expect(await ask(open, 'GET', '/ours')).to.include({ status: 500, body: '' });
    expect(errors).to.have.length(3);
  });

  it('hostile 35: refuses a body by its length, by its growth, and a compressed one', async () => {
    const open = await door([echo]);
    const body = new Uint8Array(1001);
    expect(await ask(open, 'POST', '/echo', { body: body.subarray(1) })).to.include({
      status: 200,
    });
    expect(await ask(open, 'POST', '/echo', { body })).to.include({
      status: 413,
      body: '{"code":"BodyTooLong"}',
    });
    const headers = { 'content-encoding': 'gzip' };
    const zipped = await ask(open, 'POST', '/echo', { body: new Uint8Array(10), headers });
    expect(zipped).to.include({ status: 415, body: '{"code":"BodyEncoded"}' });
  });

  it('hostile 35: cuts an endless body off soon after its limit', async () => {
    const open = await door([echo]);
    const socket = await raw(
      open,
      'POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    let sent = 0;
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const cut = once(socket, 'close').catch(() => undefined); // by a reset, too
    while (!socket.destroyed && sent < 1024 * 1024 * 1024) {
      if (!socket.write(chunk)) {
        await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), cut]);
      }
      sent += chunk.length;
    }
    expect(socket.destroyed).to.equal(true);
    expect(sent).to.be.below(64 * 1024 * 1024);
    expect(errors[0]).to.include({ code: 'BodyTooLong' });
  });

  it('hostile 35: cuts a slow body, slow headers and a silent connection', async () => {
    const open = await door([echo], { headersMs: 100, idleMs: 100, requestMs: 300 });
    const sockets = [
      await raw(open, 'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nslow'),
      await raw(open, 'POST /echo HTTP/1.1\r\nhost:'),
      await raw(open, ''),
    ];
    await Promise.all(sockets.map((socket) => once(socket.resume(), 'close')));
    expect(errors[0]).to.include({ code: 'BodyTooSlow' });
  });

  it('hostile 35: cuts a body that drips, whatever its pieces', async () => {
    const open = await door([echo], { headersMs: 100, idleMs: 200, requestMs: 300 });
    const socket = await raw(open, 'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 20);
    await once(socket.resume(), 'close');
    clearInterval(drip);
  });

  it('hostile 35: gives up on a client that does not take its answer', async () => {
    let ended = false;
    const route: Route = {
      method: 'GET',
      path: '/endless',
      maxBodyBytes: 0,
      handle: async () => ({
        status: 200,
        body: (async function* () {
          try {
            for (;;) yield new Uint8Array(1_000_000);
          } finally {
            ended = true;
          }
        })(),
      }),
    };
    const open = await door([route], { idleMs: 100 });
    const socket = await raw(open, 'GET /endless HTTP/1.1\r\nhost: x\r\n\r\n');
    socket.pause();
    while (!ended) await new Promise((resolve) => setImmediate(resolve));
    expect(errors).to.have.length(1);
  });

  it('tells its route when the client goes away', async () => {
    const started = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const route: Route = {
      method: 'GET',
      path: '/wait',
      maxBodyBytes: 0,
      async handle({ signal }) {
        started.resolve();
        await once(signal, 'abort');
        gone.resolve();
        return { status: 200 };
      },
    };
    const socket = await raw(await door([route]), 'GET /wait HTTP/1.1\r\nhost: x\r\n\r\n');
    await started.promise;
    socket.destroy();
    await gone.promise;
  });

  it('lets open requests end when it closes, and takes no new ones', async () => {
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const route: Route = {
      method: 'GET',
      path: '/wait',
      maxBodyBytes: 0,
      async handle() {
        started.resolve();
        await go.promise;
        return { status: 200, body: text.encode('done') };
      },
    };
    const open = await door([route]);
    const answer = ask(open, 'GET', '/wait');
    await started.promise;
    const closed = open.close();
    const late = createPinnedClient({ profile: 'local' });
    const peer = { endpoint: open.endpoint, tlsKeyHash: identity.keyHash };
    expect(await codeOf(() => late.request(peer, { method: 'GET', path: '/wait' }))).to.equal(
      'PeerUnreachable',
    );
    go.resolve();
    expect(await answer).to.include({ status: 200, body: 'done' });
    await closed;
    late.close();
  });

  it('cuts what is still open when the grace is over', async () => {
    const started = Promise.withResolvers<void>();
    const route: Route = {
      method: 'GET',
      path: '/never',
      maxBodyBytes: 0,
      handle: () => {
        started.resolve();
        return new Promise(() => undefined);
      },
    };
    const open = await door([route], { graceMs: 20 });
    const answer = codeOf(() => ask(open, 'GET', '/never'));
    await started.promise;
    await open.close();
    expect(await answer).to.equal('PeerUnreachable');
  });

  it('opens on loopback only, unless told otherwise', async () => {
    const open = await door([echo]);
    expect(open.endpoint).to.equal(`https://127.0.0.1:${open.port}`);
  });

  it('names a taken port, and refuses ports that no client connects to', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    opened.push({ close: () => holder.close() });
    const address = holder.address();
    if (address === null || typeof address === 'string') throw new Error('not listening on TCP');
    const open = (port: number) => codeOf(() => openDoor({ identity, routes: [], port }));
    expect(await open(address.port)).to.equal('PortInUse');
    for (const port of [1, 22, 6000, 6667, 10_080, 65_536, -1, 1.5]) {
      expect(await open(port)).to.equal('PortRefused');
    }
  });
});
