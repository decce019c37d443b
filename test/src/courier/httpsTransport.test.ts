import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { once } from 'node:events';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createHttpsTransport } from '../../../src/courier/httpsTransport.node.ts';
import { createPinnedClient, readAll } from '../../../src/courier/pinnedClient.node.ts';
import type { Transport } from '../../../src/courier/ports.ts';
import { courierRoute } from '../../../src/node/doors/courierDoor.node.ts';
import { openDoor, type Door } from '../../../src/node/doors/httpsDoor.node.ts';
import { newTlsIdentity } from '../../../src/node/doors/tlsIdentity.node.ts';
import { utf8 } from '../../../src/hash/bytes.ts';
import { MessageType } from '../../../src/wire/envelope.ts';
import { findings } from '../../support/canarySearch.ts';
import { neighbourhood, type Neighbourhood, type TestNode } from '../../support/courierNodes.ts';

const identities = { ann: newTlsIdentity('ann'), ben: newTlsIdentity('ben') };

describe('the courier over HTTPS', () => {
  const client = createPinnedClient({ profile: 'local', idleMs: 2_000 });
  const transport: Transport = createHttpsTransport({ client });
  const opened: { close(): unknown }[] = [];
  let hood: Neighbourhood;
  let ann: TestNode;
  let ben: TestNode;
  let door: Door;

  beforeEach(async () => {
    hood = neighbourhood();
    ann = await hood.add('ann', { transport });
    ben = await hood.add('ben', { transport });
    door = await openFor(ben, 'ben', 0);
    register(ben, door.endpoint);
  });

  afterEach(async () => {
    client.close();
    for (const thing of opened.splice(0)) await thing.close();
  });

  async function openFor(node: TestNode, name: keyof typeof identities, port: number) {
    const routes = [courierRoute((frame) => node.courier.receive(frame))];
    const made = await openDoor({ identity: identities[name], routes, port });
    opened.push(made);
    return made;
  }

  function register(node: TestNode, endpoint: string, tlsKeyHash = identities.ben.keyHash): void {
    const peer = hood.peers.get(node.nodeId);
    if (peer === undefined) throw new Error('the registry has lost a node');
    hood.peers.set(node.nodeId, { ...peer, endpoint, tlsKeyHash });
  }

  const sendOne = async () => {
    hood.clock.wall += 60_000;
    ann.courier.send(ben.nodeId, MessageType.Alarm, 'hello');
    const flushed = await ann.courier.flush();
    return { flushed, reason: ann.outbox.entries()[0]?.reason };
  };

  /** A server that is no door of ours, under the key that the registry names. */
  async function stranger(answer: RequestListener): Promise<void> {
    const { certificate: cert, privateKey: key } = identities.ben;
    const server = createServer({ cert, key }, answer).listen(0, '127.0.0.1');
    opened.push({
      close: () => {
        server.closeAllConnections();
        server.close();
      },
    });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // listening on TCP
    register(ben, `https://127.0.0.1:${port}`);
  }

  it('brings messages and answers to a peer with the pinned key', async () => {
    expect(await sendOne()).to.deep.equal({
      flushed: { acknowledged: 1, failed: 0, refused: 0 },
      reason: undefined,
    });
    expect(ben.taken).to.have.length(1);
  });

  it('hostile 1: shows no canary in its frames nor on the line', async () => {
    const canary = 'CANARY-林秀英-7c1f';
    const frames: Uint8Array[] = [];
    const tapped: Transport = {
      async exchange(peer, frame, signal) {
        const answer = await transport.exchange(peer, frame, signal);
        frames.push(frame.slice(), answer.slice());
        return answer;
      },
    };
    const line: Uint8Array[] = [];
    register(ben, await throughTap(line));
    const cid = await hood.add('cid', { transport: tapped });
    cid.courier.send(ben.nodeId, MessageType.Alarm, { text: canary });
    expect(await cid.courier.flush()).to.include({ acknowledged: 1 });
    const needles = new Map([['canary', utf8(canary)]]);
    const seen = [...frames, ...line].map((bytes, i) => ({ name: `piece ${i}`, bytes }));
    expect(frames.length).to.be.greaterThan(2);
    expect(line.length).to.be.greaterThan(2);
    expect(findings(seen, needles)).to.deep.equal([]);
    // The search finds it where it lies open: in what was taken at the other end.
    const taken = ben.taken.map(({ body }) => ({ name: 'taken', bytes: body }));
    expect(findings(taken, needles)).to.not.deep.equal([]);
  });

  /** A line to the open door on which every byte of TCP is copied. */
  async function throughTap(line: Uint8Array[]): Promise<string> {
    const tap = createTcpServer((near) => {
      const far = connect(door.port, '127.0.0.1');
      near.on('data', (bytes) => line.push(new Uint8Array(bytes)));
      far.on('data', (bytes) => line.push(new Uint8Array(bytes)));
      near.pipe(far).pipe(near);
      near.on('error', () => far.destroy());
      far.on('error', () => near.destroy());
    }).listen(0, '127.0.0.1');
    opened.push(tap);
    await once(tap, 'listening');
    const { port } = tap.address() as AddressInfo; // listening on TCP
    return `https://127.0.0.1:${port}`;
  }

  it('carries 1 MiB', async () => {
    ann.courier.send(ben.nodeId, MessageType.JournalDelta, new Uint8Array(1024 * 1024));
    expect(await ann.courier.flush()).to.include({ acknowledged: 1 });
    expect(ben.taken[0]?.body).to.have.length(1024 * 1024);
  });

  it('sends nothing to a peer that shows another key', async () => {
    register(ben, door.endpoint, identities.ann.keyHash);
    expect((await sendOne()).reason).to.equal('WrongTlsKey');
    expect(ben.taken).to.deep.equal([]);
    expect(ben.refused).to.deep.equal([]);
    register(ben, door.endpoint);
    expect((await sendOne()).flushed).to.include({ acknowledged: 2 });
  });

  it('goes on, over a new connection, after the peer was restarted', async () => {
    await sendOne();
    await door.close();
    expect((await sendOne()).reason).to.equal('PeerUnreachable');
    ben.restart();
    await openFor(ben, 'ben', door.port);
    expect((await sendOne()).flushed).to.include({ acknowledged: 2 });
  });

  it('hostile 33: follows no redirect', async () => {
    const target = door.endpoint;
    await stranger((_request, response) => {
      response.writeHead(307, { location: `${target}/courier` }).end();
    });
    expect((await sendOne()).reason).to.equal('PeerUnreachable');
    expect(ben.taken).to.deep.equal([]);
  });

  it('hostile 33: connects to no loopback address outside the profile local', async () => {
    const publicClient = createPinnedClient({ profile: 'public' });
    const cat = await hood.add('cat', {
      transport: createHttpsTransport({ client: publicClient }),
    });
    cat.courier.send(ben.nodeId, MessageType.Alarm, 1);
    await cat.courier.flush();
    expect(cat.outbox.entries()[0]).to.include({ reason: 'EndpointRefused', state: 'waiting' });
    expect(ben.refused).to.deep.equal([]);
    publicClient.close();
  });

  it('hostile 33: checks the address of a name anew at each exchange', async () => {
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    const rebinding = createPinnedClient({
      profile: 'local',
      resolve: async () => answers.shift() ?? [],
    });
    const cat = await hood.add('cat', { transport: createHttpsTransport({ client: rebinding }) });
    register(ben, `https://ben.example:${door.port}`);
    cat.courier.send(ben.nodeId, MessageType.Alarm, 1);
    await cat.courier.flush();
    expect(cat.outbox.entries()[0]).to.include({ reason: 'EndpointRefused' });
    rebinding.close();
  });

  it('hostile 35: ends an answer that is longer than any frame', async () => {
    let sent = 0;
    await stranger((request, response) => {
      request.resume();
      const more = (): void => {
        while (!response.destroyed && response.write(new Uint8Array(65_536))) sent += 65_536;
      };
      response.on('drain', more).on('error', () => undefined);
      more();
    });
    expect((await sendOne()).reason).to.equal('AnswerTooLong');
    expect(sent).to.be.below(64 * 1024 * 1024);
  });

  it('ends an exchange with a peer that falls silent', async () => {
    const impatient = createPinnedClient({ profile: 'local', idleMs: 50 });
    const cat = await hood.add('cat', { transport: createHttpsTransport({ client: impatient }) });
    await stranger(() => undefined);
    cat.courier.send(ben.nodeId, MessageType.Alarm, 1);
    await cat.courier.flush();
    expect(cat.outbox.entries()[0]).to.include({ reason: 'PeerUnreachable', state: 'waiting' });
    impatient.close();
  });

  it('ends an exchange that drips, at its total time', async () => {
    const hasty = createHttpsTransport({ client, totalMs: 100 });
    const cat = await hood.add('cat', { transport: hasty });
    const drips: NodeJS.Timeout[] = [];
    await stranger((_request, response) => {
      drips.push(setInterval(() => response.write('x'), 10));
    });
    cat.courier.send(ben.nodeId, MessageType.Alarm, 1);
    await cat.courier.flush();
    expect(cat.outbox.entries()[0]).to.include({ reason: 'PeerUnreachable' });
    for (const drip of drips) clearInterval(drip);
  });

  it('is not blamed when its caller stops', async () => {
    const stop = new AbortController();
    await stranger(() => stop.abort());
    ann.courier.send(ben.nodeId, MessageType.Alarm, 1);
    await ann.courier.flush(stop.signal);
    expect(ann.outbox.entries()[0]).to.include({ attempts: 0, state: 'waiting' });
  });

  it('answers a frame that is none without an HTTP error, and a body that is too long with 413', async () => {
    const post = async (body: Uint8Array) => {
      const peer = { endpoint: door.endpoint, tlsKeyHash: identities.ben.keyHash };
      const answer = await client.request(peer, { method: 'POST', path: '/courier', body });
      await readAll(answer.body, 1_000);
      return answer.status;
    };
    expect(await post(new Uint8Array(3))).to.equal(200);
    expect(await post(new Uint8Array(1_100_000))).to.equal(413);
  });
});
