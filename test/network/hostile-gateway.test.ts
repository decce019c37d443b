import { CarBlockIterator } from '@ipld/car';
import { expect } from 'chai';
import { sha256 } from '#sha256';
import type { DeliveryGround } from '../../src/domain/mayFetch.ts';
import { type Hex, toHex, utf8, ZERO_32 } from '../../src/hash/bytes.ts';
import type { HeldRecord } from '../../src/journal/holdingTables.ts';
import type { LocalNode } from '../../src/localnet/network.ts';
import { FRAME_HEADER } from '../../src/node/doors/gatewayDoor.ts';
import { collect, piecesOf } from '../../src/store/byteStream.ts';
import { rawCidOfDigest } from '../../src/store/cid.ts';
import { encodeGatewayRequest, type RequestedContent } from '../../src/store/gatewayRequest.ts';
import { withdraw } from '../../src/client/enrolment/withdraw.ts';
import {
  clientOf,
  enrolledPatient,
  handIn,
  knownNode,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { flipped } from '../support/hostileNetwork.ts';

interface Ask {
  method: 'GET' | 'HEAD' | 'POST';
  content: RequestedContent;
  format?: 'car' | 'raw';
  headers?: Record<string, string>;
}

describe('the gateway before hostile askers', () => {
  let network: TestNetwork;
  let patient: TestPatient;
  let held: HeldRecord;
  let large: HeldRecord;

  before(async () => {
    network = await startTestNetwork({ consensus: ['Keeper'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    const { records } = await handIn(network, 'North', patient, notes(1));
    const [big] = (
      await handIn(network, 'North', patient, [{ category: 'document', text: 'x'.repeat(3 << 20) }])
    ).records;
    await network.settle();
    held = heldAtSouth(records[0]?.anchor);
    large = heldAtSouth(big?.anchor);
  });
  after(() => network.close());

  function heldAtSouth(anchor: Hex = '0x'): HeldRecord {
    const record = network.node('South').open.components.holding.held(anchor);
    if (record?.state !== 'held') throw new Error('South holds what North stored');
    return record;
  }

  /** One question of `asker` at the door of `gateway`; every byte of the answer. */
  async function asked(asker: LocalNode, gateway: LocalNode, ask: Ask): Promise<string> {
    const { method, content, format = 'car', headers = {} } = ask;
    const body = method === 'POST' ? encodeGatewayRequest([content]) : new Uint8Array();
    const frame = await asker.open.courier.authorizeGatewayRequest(
      gateway.self.nodeId,
      sha256(body),
    );
    const { owner, cid, block, ground } = content;
    const answer = await gateway.open.gatewayDoor({
      method,
      path: method === 'POST' ? '/ipfs' : `/ipfs/${block ?? cid}`,
      query: new URLSearchParams({ format }),
      headers: {
        [FRAME_HEADER]: Buffer.from(frame).toString('base64url'),
        'carelattice-owner': owner,
        ...(ground === undefined ? {} : { 'carelattice-ground': ground }),
        ...(block === undefined ? {} : { 'carelattice-root': cid }),
        ...headers,
      },
      body,
    });
    const bytes =
      answer.body === undefined
        ? 'no body'
        : toHex(await collect(piecesOf(answer.body), 1 << 24, () => new Error('too long')));
    return JSON.stringify([answer.status, Object.entries(answer.headers).sort(), bytes]);
  }

  const groundOf = (record: HeldRecord): string => JSON.stringify(record.ground);
  const deliveryGround = (record: HeldRecord): DeliveryGround => {
    if (record.ground.kind !== 'delivery') throw new Error('a held record was delivered');
    return record.ground;
  };
  const whole = (record: HeldRecord, ground = groundOf(record)): RequestedContent => ({
    owner: record.anchor,
    cid: record.recordCid,
    ground,
  });
  const absentCid = (): string => rawCidOfDigest(random(32));
  const status = (answer: string): number => Number(/^\[(\d+),/.exec(answer)?.[1]);

  const WAYS: { title: string; ask: Omit<Ask, 'content'> }[] = [
    { title: 'POST car', ask: { method: 'POST' } },
    { title: 'POST raw', ask: { method: 'POST', format: 'raw' } },
    { title: 'GET car', ask: { method: 'GET' } },
    { title: 'GET raw', ask: { method: 'GET', format: 'raw' } },
    { title: 'HEAD car', ask: { method: 'HEAD' } },
    { title: 'HEAD raw', ask: { method: 'HEAD', format: 'raw' } },
  ];

  describe('hostile 2, 32: no right and not here are one answer, byte for byte', () => {
    for (const { title, ask } of WAYS) {
      it(`by ${title}, for record and wrap`, async () => {
        const [north, east] = [network.node('North'), network.node('East')];
        const absent = await asked(east, north, {
          ...ask,
          content: { owner: toHex(random(32)), cid: absentCid(), ground: groundOf(held) },
        });
        expect(status(absent)).to.equal(404);
        for (const cid of [held.recordCid, held.wrapCid]) {
          for (const ground of [groundOf(held), undefined, 'no JSON', '{"kind":"delivery"}']) {
            const content = {
              owner: held.anchor,
              cid,
              ...(ground === undefined ? {} : { ground }),
            };
            expect(await asked(east, north, { ...ask, content })).to.equal(absent);
          }
        }
      });
    }

    it('with If-None-Match that names the very block', async () => {
      const [north, east] = [network.node('North'), network.node('East')];
      const ask = { method: 'GET', format: 'raw' } as const;
      const headers = { 'if-none-match': `"${held.recordCid}.raw"` };
      const absent = await asked(east, north, {
        ...ask,
        headers,
        content: { ...whole(held), cid: absentCid() },
      });
      expect(await asked(east, north, { ...ask, headers, content: whole(held) })).to.equal(absent);
      // The holder itself learns that nothing changed.
      const own = await asked(network.node('South'), north, {
        ...ask,
        headers,
        content: whole(held),
      });
      expect(status(own)).to.equal(304);
    });

    it('for a sub-block of a large record', async () => {
      const [north, south, east] = ['North', 'South', 'East'].map((name) => network.node(name)) as [
        LocalNode,
        LocalNode,
        LocalNode,
      ]; // three names
      const sub = await firstChildOf(north);
      if (sub === undefined) throw new Error('a record of 3 MiB has sub-blocks');
      const ask = { method: 'GET', format: 'raw' } as const;
      const absent = await asked(east, north, {
        ...ask,
        content: { ...whole(large), cid: absentCid(), block: absentCid() },
      });
      expect(status(absent)).to.equal(404);
      const content = { ...whole(large), block: sub };
      expect(await asked(east, north, { ...ask, content })).to.equal(absent);
      expect(await asked(east, north, { ...ask, content: { ...content, cid: sub } })).to.equal(
        absent,
      );
      expect(status(await asked(south, north, { ...ask, content }))).to.equal(200);
      // A block is served under its own root only: the right to one record opens no other.
      expect(
        await asked(south, north, { ...ask, content: { ...whole(held), block: sub } }),
      ).to.equal(absent);
    });

    /** A block of the large record that is not its root. */
    async function firstChildOf(node: LocalNode): Promise<string | undefined> {
      const stream = node.open.components.store.exportMany([large.recordCid], {});
      for await (const { cid } of await CarBlockIterator.fromIterable(stream)) {
        if (String(cid) !== large.recordCid) return String(cid);
      }
      return undefined;
    }
  });

  it('serves the holder that shows delivery and relation, record and wrap', async () => {
    const [north, south] = [network.node('North'), network.node('South')];
    for (const cid of [held.recordCid, held.wrapCid]) {
      const answer = await asked(south, north, {
        method: 'POST',
        content: { ...whole(held), cid },
      });
      expect(status(answer)).to.equal(200);
    }
  });

  it('hostile 2: whoever stole scope keys and grounds of a holder gets no block without a relation of its own', async () => {
    // East knows all that South knows: keys, proofs, CIDs; only the proved sender is East.
    const stolen = deliveryGround(held);
    const forged: DeliveryGround[] = [
      stolen,
      { ...stolen, relation: { ...stolen.relation, handles: [held.handle] } },
      { ...stolen, range: { ...stolen.range, salt: ZERO_32 } },
      { ...stolen, rangePath: [] },
      { ...stolen, entryPath: [] },
    ];
    for (const ground of forged) {
      const answer = await asked(network.node('East'), network.node('North'), {
        method: 'POST',
        content: whole(held, JSON.stringify(ground)),
      });
      expect(status(answer)).to.equal(404);
    }
  });

  it('refuses a right to one record shown for another one', async () => {
    const [north, south] = [network.node('North'), network.node('South')];
    const swaps: RequestedContent[] = [
      { ...whole(held), owner: large.anchor },
      { ...whole(held), cid: large.recordCid },
      { ...whole(large), ground: groundOf(held) },
      { ...whole(held), owner: flipped(held.anchor) },
    ];
    for (const content of swaps)
      expect(status(await asked(south, north, { method: 'POST', content }))).to.equal(404);
  });

  it('serves a presence query to members as such and under no other number', async () => {
    const [north, east] = [network.node('North'), network.node('East')];
    const request = north.open.components.seen.request(held.request);
    if (request === undefined) throw new Error('the request is on chain');
    const cid = rawCidOfDigest(Buffer.from(request.queryDigest.slice(2), 'hex'));
    const ground = (number: number): string =>
      JSON.stringify({ kind: 'presence-query', request: number });
    const content = { owner: request.queryDigest, cid, ground: ground(held.request) };
    expect(status(await asked(east, north, { method: 'POST', content }))).to.equal(200);
    for (const other of [0, -1, held.request + 1, 2 ** 40, 1.5]) {
      const answer = await asked(east, north, {
        method: 'POST',
        content: { ...content, ground: ground(other) },
      });
      expect(status(answer)).to.equal(404);
    }
    const record = { ...content, owner: held.anchor, cid: held.recordCid };
    expect(status(await asked(east, north, { method: 'POST', content: record }))).to.equal(404);
  });

  it('hostile 34: a frame used twice, for another gateway or for another body is 401', async () => {
    const [north, south] = [network.node('North'), network.node('South')];
    const body = encodeGatewayRequest([whole(held)]);
    const frame = await south.open.courier.authorizeGatewayRequest(north.self.nodeId, sha256(body));
    const ask = async (gateway: LocalNode, sent: Uint8Array) =>
      (
        await gateway.open.gatewayDoor({
          method: 'POST',
          path: '/ipfs',
          query: new URLSearchParams({ format: 'car' }),
          headers: { [FRAME_HEADER]: Buffer.from(frame).toString('base64url') },
          body: sent,
        })
      ).status;
    expect(await ask(network.node('East'), body)).to.equal(401);
    expect(await ask(north, body)).to.equal(200);
    expect(await ask(north, body)).to.equal(401);
    const other = await south.open.courier.authorizeGatewayRequest(
      north.self.nodeId,
      sha256(utf8('x')),
    );
    const answer = await north.open.gatewayDoor({
      method: 'POST',
      path: '/ipfs',
      query: new URLSearchParams({ format: 'car' }),
      headers: { [FRAME_HEADER]: Buffer.from(other).toString('base64url') },
      body,
    });
    expect(answer.status).to.equal(401);
  });

  it('serves nothing more to a node from which the patient withdrew', async () => {
    const own = await enrolledPatient(network, ['North', 'South']);
    const [record] = (await handIn(network, 'North', own)).records;
    await network.settle();
    const delivered = heldAtSouth(record?.anchor);
    const [north, south] = [network.node('North'), network.node('South')];
    const ask = { method: 'POST', content: whole(delivered) } as const;
    expect(status(await asked(south, north, ask))).to.equal(200);
    await withdraw(own.wallet, own.network, clientOf(network), knownNode(network, 'South'));
    await network.settle();
    expect(status(await asked(south, north, ask))).to.equal(404);
  });
});
