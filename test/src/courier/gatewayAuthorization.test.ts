import { expect } from 'chai';
import { createInProcessBus } from '../../../src/courier/inProcessTransport.ts';
import type { Peer } from '../../../src/courier/ports.ts';
import { decodeBody } from '../../../src/wire/cbor.ts';
import { MessageType } from '../../../src/wire/envelope.ts';
import { codeOf } from '../../support/codeOf.ts';
import { idOf, neighbourhood } from '../../support/courierNodes.ts';
import { handMadeSession } from '../../support/handMadeSession.ts';

const wanted = { contents: [{ anchor: new Uint8Array(32).fill(1), cid: 'bafy' }] };

async function setting() {
  const hood = neighbourhood();
  const bus = createInProcessBus();
  const options = { transport: bus.transport, listen: bus.listen };
  const asker = await hood.add('asker', options);
  const gateway = await hood.add('gateway', options);
  const other = await hood.add('other', options);
  return { hood, asker, gateway, other };
}

describe('a request to a gateway', () => {
  it('shows who asks and for what', async () => {
    const { asker, gateway } = await setting();
    const frame = await asker.courier.authorizeGatewayRequest(gateway.nodeId, wanted);
    const request = await gateway.courier.authenticate(frame);
    expect(request.asker).to.equal(asker.nodeId);
    expect(decodeBody(request.body)).to.deep.equal(wanted);
  });

  it('names up to 256 contents', async () => {
    const { asker, gateway } = await setting();
    const contents = Array.from({ length: 256 }, () => wanted.contents[0]);
    const frame = await asker.courier.authorizeGatewayRequest(gateway.nodeId, { contents });
    const { body } = await gateway.courier.authenticate(frame);
    expect(decodeBody(body)).to.deep.equal({ contents });
  });

  it('hostile 34: is refused when it is replayed', async () => {
    const { asker, gateway } = await setting();
    const frame = await asker.courier.authorizeGatewayRequest(gateway.nodeId, wanted);
    const results = await Promise.allSettled([
      gateway.courier.authenticate(frame),
      gateway.courier.authenticate(frame),
    ]);
    expect(results.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
    expect(await codeOf(() => gateway.courier.authenticate(frame))).to.equal('Unauthorized');
  });

  it('hostile 34: is refused when it is late', async () => {
    const { hood, asker, gateway } = await setting();
    const frame = await asker.courier.authorizeGatewayRequest(gateway.nodeId, wanted);
    hood.clock.chain += 120;
    expect(await codeOf(() => gateway.courier.authenticate(frame))).to.equal('Unauthorized');
  });

  it('hostile 34: is refused at another gateway, also when the first one passes it on', async () => {
    const { hood, asker, gateway, other } = await setting();
    const frame = await asker.courier.authorizeGatewayRequest(gateway.nodeId, wanted);
    expect(await codeOf(() => other.courier.authenticate(frame))).to.equal('Unauthorized');
    const registered = hood.peers.get(other.nodeId) as Peer; // added above
    const hand = await handMadeSession(gateway, other, registered, hood.clock.chain);
    const messageType = MessageType.ContentRequest;
    for (const changes of [{ sender: asker.nodeId }, { recipient: gateway.nodeId }]) {
      const passedOn = hand.frame(hand.envelope({ messageType, ...changes }));
      expect(await codeOf(() => other.courier.authenticate(passedOn))).to.equal('Unauthorized');
    }
    const honest = hand.frame(hand.envelope({ messageType }));
    expect(await codeOf(() => other.courier.authenticate(honest))).to.equal('none');
  });

  it('is refused when it is no content request, and a content request is no message', async () => {
    const { hood, asker, gateway } = await setting();
    const registered = hood.peers.get(gateway.nodeId) as Peer; // added above
    const hand = await handMadeSession(asker, gateway, registered, hood.clock.chain);
    const message = hand.frame(hand.envelope());
    expect(await codeOf(() => gateway.courier.authenticate(message))).to.equal('Unauthorized');
    expect(await codeOf(() => gateway.courier.authenticate(hand.opening))).to.equal('Unauthorized');
    const frame = await asker.courier.authorizeGatewayRequest(gateway.nodeId, wanted);
    await gateway.courier.receive(frame);
    expect(gateway.taken).to.deep.equal([]);
  });

  it('is refused with any byte altered, and of a suspended or unknown node', async () => {
    const { hood, asker, gateway } = await setting();
    const frame = await asker.courier.authorizeGatewayRequest(gateway.nodeId, wanted);
    for (let at = 0; at < frame.length; at += 13) {
      const altered = frame.map((byte, index) => (index === at ? byte ^ 0x80 : byte));
      expect(await codeOf(() => gateway.courier.authenticate(altered))).to.equal('Unauthorized');
    }
    const peer = hood.peers.get(asker.nodeId) as Peer; // added above
    hood.peers.set(asker.nodeId, { ...peer, suspended: true });
    expect(await codeOf(() => gateway.courier.authenticate(frame))).to.equal('Unauthorized');
    hood.peers.delete(asker.nodeId);
    expect(await codeOf(() => gateway.courier.authenticate(frame))).to.equal('Unauthorized');
    hood.peers.set(asker.nodeId, peer);
    expect(await codeOf(() => gateway.courier.authenticate(frame))).to.equal('none');
  });

  it('is made anew after the gateway has restarted', async () => {
    const { asker, gateway } = await setting();
    await asker.courier.authorizeGatewayRequest(gateway.nodeId, wanted);
    gateway.restart();
    const stale = await asker.courier.authorizeGatewayRequest(gateway.nodeId, wanted);
    expect(await codeOf(() => gateway.courier.authenticate(stale))).to.equal('Unauthorized');
    asker.courier.forgetSession(gateway.nodeId);
    const fresh = await asker.courier.authorizeGatewayRequest(gateway.nodeId, wanted);
    expect((await gateway.courier.authenticate(fresh)).asker).to.equal(asker.nodeId);
  });

  it('cannot be made for oneself or for a node that is not admitted', async () => {
    const { asker } = await setting();
    const ask = (id = idOf('nobody')) =>
      codeOf(() => asker.courier.authorizeGatewayRequest(id, wanted));
    expect(await ask()).to.equal('UnknownPeer');
    expect(await ask(asker.nodeId)).to.equal('SelfAddressed');
  });

  it('refuses without a word on the reason, which goes to the gateway log', async () => {
    const { hood, asker, gateway } = await setting();
    const frame = await asker.courier.authorizeGatewayRequest(gateway.nodeId, wanted);
    hood.clock.chain += 3600;
    const error = await gateway.courier.authenticate(frame).catch((thrown: unknown) => thrown);
    expect((error as Error).cause).to.equal(undefined);
    expect((error as Error).message).to.equal('the request does not show who asks; sign a new one');
    expect(gateway.refused[0]).to.include({ code: 'MessageExpired' });
  });
});
