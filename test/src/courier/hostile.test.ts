import { inspect } from 'node:util';
import { expect } from 'chai';
import { createInProcessBus, type Passage } from '../../../src/courier/inProcessTransport.ts';
import type { Handle, Peer } from '../../../src/courier/ports.ts';
import { deriveKemKeyPair } from '../../../src/crypto/hpkeSealing.ts';
import { toHex } from '../../../src/hash/bytes.ts';
import { labelledHash } from '../../../src/hash/labelled.ts';
import { encodeBody } from '../../../src/wire/cbor.ts';
import { MessageType, type Envelope } from '../../../src/wire/envelope.ts';
import { X25519_SUITE } from '../../../src/wire/kemSuite.ts';
import { idOf, neighbourhood, type TestNode } from '../../support/courierNodes.ts';
import { handMadeSession } from '../../support/handMadeSession.ts';

const DAY = 86_400;

async function setting(handle?: Handle) {
  const hood = neighbourhood();
  const passages: Passage[] = [];
  const bus = createInProcessBus({ onPassage: (passage) => passages.push(passage) });
  const options = { transport: bus.transport, listen: bus.listen, ...(handle ? { handle } : {}) };
  const [ann, ben, cat] = [
    await hood.add('ann', options),
    await hood.add('ben', options),
    await hood.add('cat', options),
  ];
  const registered = ({ nodeId }: TestNode): Peer => {
    const peer = hood.peers.get(nodeId);
    if (peer === undefined) throw new Error('the registry has lost a node');
    return peer;
  };
  const byHand = (
    owner: TestNode,
    peer: TestNode,
    changes?: Parameters<typeof handMadeSession>[4],
  ) => handMadeSession(owner, peer, registered(peer), hood.clock.chain, changes);
  return { hood, bus, passages, ann, ben, cat, registered, byHand };
}

const codesOf = (errors: readonly unknown[]): string[] =>
  errors.map((error) => (error as { code: string }).code);

const messageOfThrown = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => (error as Error).message,
  );

describe('a courier among liars', () => {
  it('takes an honest message that was made by hand', async () => {
    const { ann, ben, byHand } = await setting();
    const hand = await byHand(ann, ben);
    const answer = await ben.courier.receive(hand.frame(hand.envelope()));
    expect(hand.read(answer)).to.include({ result: 'taken' });
    expect(ben.taken).to.have.length(1);
  });

  it('hostile 34: acknowledges a replayed frame again and handles it once', async () => {
    const { ann, ben, byHand } = await setting();
    const hand = await byHand(ann, ben);
    const frame = hand.frame(hand.envelope());
    expect(hand.read(await ben.courier.receive(frame))).to.include({ result: 'taken' });
    expect(hand.read(await ben.courier.receive(frame))).to.include({ result: 'known' });
    expect(ben.taken).to.have.length(1);
  });

  const lies: [string, string, 'refused' | 'later', Partial<Envelope>][] = [
    ['for another network', 'WrongNetwork', 'refused', { networkId: `0x${'a1'.repeat(32)}` }],
    ['for another chain', 'WrongNetwork', 'refused', { chainId: 31_337n }],
    ['for another node', 'WrongRecipient', 'refused', { recipient: idOf('cat') }],
    ['in the name of another node', 'WrongSender', 'refused', { sender: idOf('cat') }],
    ['under a retired key', 'WrongKeyEpoch', 'refused', { keyEpoch: 0 }],
    ['under a key not seen yet', 'WrongKeyEpoch', 'later', { keyEpoch: 2 }],
    ['at its expiry', 'MessageExpired', 'refused', { expiry: 1_800_000_000 }],
    ['late by a year', 'MessageExpired', 'refused', { expiry: 1_768_000_000 }],
    ['that never expires', 'ExpiryTooFar', 'refused', { expiry: 1_900_000_000 }],
    ['that is an acknowledgement', 'UnknownMessage', 'refused', { messageType: 2 }],
    ['that is a session opening', 'UnknownMessage', 'refused', { messageType: 1 }],
    ['that is for the gateway', 'UnknownMessage', 'refused', { messageType: 80 }],
  ];
  for (const [what, code, result, changes] of lies) {
    it(`hostile 34: does not take a message ${what}`, async () => {
      const { ann, ben, byHand } = await setting();
      const hand = await byHand(ann, ben);
      const answer = await ben.courier.receive(hand.frame(hand.envelope(changes)));
      expect(hand.read(answer)).to.include({ result, code });
      expect(ben.taken).to.deep.equal([]);
    });
  }

  it('does not take a message that another key, or another federation, signed', async () => {
    const { ann, ben, byHand } = await setting();
    const hand = await byHand(ann, ben);
    for (const lie of [
      { signature: `0x${'11'.repeat(64)}1b` as const },
      { federationId: `0x${'fd'.repeat(32)}` as const },
    ]) {
      const answer = await ben.courier.receive(hand.frame(hand.envelope(), lie));
      expect(hand.read(answer)).to.include({ result: 'refused', code: 'BadSignature' });
    }
    expect(ben.taken).to.deep.equal([]);
  });

  it('does not take a message passed on by its recipient to a third node', async () => {
    const { ann, ben, cat, byHand } = await setting();
    const toBen = await byHand(ann, ben);
    const said = toBen.envelope();
    const benToCat = await byHand(ben, cat);
    const answer = await cat.courier.receive(benToCat.frame({ ...said, recipient: cat.nodeId }));
    expect(benToCat.read(answer)).to.include({ result: 'refused', code: 'WrongSender' });
    expect(cat.taken).to.deep.equal([]);
  });

  it('does not take a frame with any byte altered, cut or reflected, and says nothing of why', async () => {
    const { ann, ben, byHand } = await setting();
    const hand = await byHand(ann, ben);
    const frame = hand.frame(hand.envelope());
    const kinds = new Set<unknown>();
    for (let at = 0; at < frame.length; at += at < 40 ? 1 : 37) {
      const altered = frame.slice();
      altered[at] = (altered[at] ?? 0) ^ 0x01;
      kinds.add(hand.read(await ben.courier.receive(altered)));
    }
    for (const size of [0, 1, 16, 17, 24, 25, 40, frame.length - 1]) {
      kinds.add(hand.read(await ben.courier.receive(frame.subarray(0, size))));
    }
    expect([...kinds].sort()).to.deep.equal(['notTaken', 'unknownSession']);
    expect(ben.taken).to.deep.equal([]);
    const answer = await ben.courier.receive(frame);
    expect(hand.read(await ben.courier.receive(answer))).to.equal('notTaken');
  });

  it('does not open a session for an opening that is replayed after a restart: no counter comes twice', async () => {
    const { ann, ben, byHand } = await setting();
    const hand = await byHand(ann, ben);
    const frame = hand.frame(hand.envelope());
    await ben.courier.receive(frame);
    ben.restart();
    expect(hand.read(await ben.courier.receive(hand.opening))).to.equal('notTaken');
    expect(hand.read(await ben.courier.receive(frame))).to.equal('unknownSession');
    expect(codesOf(ben.refused)).to.deep.equal(['OpeningRefused']);
  });

  it('does not open a session for a stranger, in another name, of another day or for another key', async () => {
    const { hood, ann, ben, byHand } = await setting();
    for (const changes of [
      { envelope: { sender: idOf('cat') } },
      { envelope: { recipient: idOf('cat') } },
      { envelope: { messageType: MessageType.Alarm } },
      { envelope: { expiry: hood.clock.chain } },
      { envelope: { correlationId: `0x${'00'.repeat(16)}` as const } },
      { day: 1 },
      { body: { keyEpoch: 2 } },
      { body: { day: Math.floor(hood.clock.chain / DAY) + 1 } },
      { body: { sealed: new Uint8Array(1169) } },
      { body: { sealed: 'text' } },
      { body: { more: 1 } },
    ]) {
      expect(await messageOfThrown(byHand(ann, ben, changes))).to.equal('notTaken');
    }
    hood.peers.delete(ann.nodeId);
    expect(await messageOfThrown(byHand(ann, ben))).to.equal('notTaken');
    expect(codesOf(ben.refused)).to.deep.equal([
      'BadSignature',
      'WrongRecipient',
      'OpeningRefused',
      'MessageExpired',
      'OpeningFailed',
      'OpeningRefused',
      'OpeningRefused',
      'OpeningFailed',
      'OpeningFailed',
      'MalformedBody',
      'MalformedBody',
      'UnknownPeer',
    ]);
  });

  it('hostile 42: opens no session to a key of a suite the network does not allow', async () => {
    const { hood, ann, ben, registered } = await setting();
    const weak = await deriveKemKeyPair(X25519_SUITE, labelledHash('weak'));
    hood.peers.set(ben.nodeId, { ...registered(ben), kemPublicKey: weak.publicKey });
    ann.courier.send(ben.nodeId, MessageType.Alarm, 1);
    await ann.courier.flush();
    expect(ann.outbox.entries()[0]).to.include({ state: 'waiting', reason: 'SuiteRefused' });
  });

  it('takes nothing from a node from the moment it is suspended, in an open session too', async () => {
    const { hood, ann, ben, registered, byHand } = await setting();
    const hand = await byHand(ann, ben);
    hood.peers.set(ann.nodeId, { ...registered(ann), suspended: true });
    const answer = await ben.courier.receive(hand.frame(hand.envelope()));
    expect(hand.read(answer)).to.include({ result: 'later', code: 'PeerSuspended' });
    hood.peers.set(ann.nodeId, { ...registered(ann), suspended: false, keyEpoch: 2 });
    const old = await ben.courier.receive(hand.frame(hand.envelope()));
    expect(hand.read(old)).to.include({ result: 'refused', code: 'WrongKeyEpoch' });
    expect(ben.taken).to.deep.equal([]);
  });

  it('does not believe an answer to another message, of another session or from another hand', async () => {
    const { hood, ben, registered } = await setting();
    const answers: Uint8Array[] = [];
    const bus = createInProcessBus({
      onPassage({ direction, bytes }) {
        if (direction === 'answer') answers.push(bytes);
      },
    });
    const dan = await hood.add('dan', {
      transport: {
        async exchange(peer, frame, signal) {
          const honest = await bus.transport.exchange(peer, frame, signal);
          const lie = lies.shift();
          return lie === undefined ? honest : lie(honest);
        },
      },
    });
    bus.listen(registered(ben).endpoint, (frame) => ben.courier.receive(frame));
    const lies: ((honest: Uint8Array) => Uint8Array)[] = [];
    dan.courier.send(ben.nodeId, MessageType.Alarm, 'first');
    await dan.courier.flush();
    const old = answers.at(-1) ?? new Uint8Array();
    for (const lie of [
      () => old,
      () => new Uint8Array(),
      () => Uint8Array.of(4),
      () => Uint8Array.of(9, 9),
      (honest: Uint8Array) => honest.map((byte, at) => (at === 60 ? byte ^ 1 : byte)),
      (honest: Uint8Array) => honest.subarray(0, honest.length - 1),
    ]) {
      dan.courier.send(ben.nodeId, MessageType.Alarm, 'next');
      lies.push(lie);
      expect(await dan.courier.flush()).to.deep.equal({ acknowledged: 0, failed: 1, refused: 0 });
      expect(dan.outbox.entries()[0]).to.include({ state: 'waiting', reason: 'PeerRefused' });
      hood.clock.wall += 60_000;
      expect(await dan.courier.flush()).to.include({ acknowledged: 1 });
    }
    expect(ben.taken).to.have.length(7);
  });

  it('hostile 29: a yes and a no, a full and an empty report, are equal in number and size of frames', async () => {
    const { ann, ben, passages } = await setting();
    ann.courier.send(ben.nodeId, MessageType.Alarm, 'opens the session');
    await ann.courier.flush();
    const wireOf = async (body: unknown): Promise<string[]> => {
      passages.length = 0;
      ann.courier.send(ben.nodeId, MessageType.RoundReport, body);
      await ann.courier.flush();
      return passages.map(({ direction, bytes }) => `${direction} ${bytes[0]} ${bytes.length}`);
    };
    const bitmap = (byte: number) => new Uint8Array(128).fill(byte);
    const receipt = { anchorsRoot: new Uint8Array(32), signature: new Uint8Array(65) };
    const wires = [
      await wireOf({ answers: [{ request: 1, bitmap: bitmap(0x00) }], settlements: [] }),
      await wireOf({ answers: [{ request: 1, bitmap: bitmap(0xff) }], settlements: [] }),
      await wireOf({ answers: [], settlements: [] }),
      await wireOf({ answers: [], settlements: Array.from({ length: 100 }, () => receipt) }),
    ];
    expect(new Set(wires.map((wire) => wire.join())).size).to.equal(1);
    expect(wires[0]).to.have.length(2);
  });

  it('hostile 29: no two frames of one message have a block of bytes in common', async () => {
    const { hood, ann, ben, passages } = await setting();
    ann.courier.send(ben.nodeId, MessageType.Alarm, 'opens the session');
    await ann.courier.flush();
    passages.length = 0;
    ben.stop();
    for (let n = 0; n < 2; n++) {
      if (n === 0) ann.courier.send(ben.nodeId, MessageType.RoundReport, { answers: [] });
      await ann.courier.flush();
      hood.clock.wall += 60_000;
    }
    expect(passages).to.have.length(2);
    const [first, second] = passages.map(({ bytes }) => Buffer.from(bytes).toString('hex'));
    // Kind and session are in the clear; the counter differs, and all behind it is fresh.
    expect(first?.slice(0, 34)).to.equal(second?.slice(0, 34));
    for (let at = 50; at + 32 <= (first?.length ?? 0); at += 32) {
      expect(second).not.to.contain(first?.slice(at, at + 32));
    }
  });

  it('hostile 1: nothing of a body, in any form, is in the bytes on the way', async () => {
    const { ann, ben, passages } = await setting();
    const canary = 'CANARY-7f3a Müller';
    ann.courier.send(ben.nodeId, MessageType.RecordList, { note: canary });
    await ann.courier.flush();
    await ann.courier.request(ben.nodeId, MessageType.Alarm, canary).catch(() => undefined);
    await ann.courier.authorizeGatewayRequest(ben.nodeId, { want: [canary] });
    expect(ben.taken).to.have.length(2);
    const forms = [
      Buffer.from(canary),
      Buffer.from(Buffer.from(canary).toString('hex')),
      Buffer.from(Buffer.from(canary).toString('base64').slice(0, 20)),
      Buffer.from(canary, 'utf16le'),
    ];
    for (const { bytes } of passages) {
      for (const form of forms) expect(Buffer.from(bytes).includes(form)).to.equal(false);
    }
    expect(passages.length).to.be.above(4);
  });

  it('hostile 40: no error and no outbox reason holds a key, a body or what a handler said', async () => {
    const secret = 'PATIENT-0815';
    const { ann, ben, byHand } = await setting(async () => {
      throw new Error(`cannot take ${secret}`);
    });
    ann.courier.send(ben.nodeId, MessageType.RecordList, { secret });
    await ann.courier.flush();
    const asked = await ann.courier
      .request(ben.nodeId, MessageType.RecordList, { secret })
      .catch((error: unknown) => error);
    const hand = await byHand(ann, ben);
    const frame = hand.frame(hand.envelope({ body: encodeBody(secret), keyEpoch: 0 }));
    await ben.courier.receive(frame);
    await ben.courier.receive(frame.map((byte, at) => (at === 100 ? byte ^ 1 : byte)));
    await ben.courier.authenticate(frame).catch((error: unknown) => ben.refused.push(error));
    // The handler's own error stays on its node; everything else is searched.
    const own = ben.refused.filter((error) => !String(error).startsWith('Error: cannot take'));
    expect(own).to.have.length(4);
    const text = [asked, ...own, ann.outbox.entries().map(({ reason }) => reason)]
      .map((value) => inspect(value, { depth: 10 }))
      .join();
    for (const key of [ann.privateKey, ben.privateKey]) {
      expect(text).not.to.contain(toHex(key).slice(2));
    }
    expect(text).not.to.contain(secret);
    expect(text).to.contain('HandlerFailed');
  });

  it('hostile 39: judges time by the chain alone, whatever the clock of the machine says', async () => {
    const { hood, ann, ben } = await setting();
    ann.courier.send(ben.nodeId, MessageType.Alarm, 1, { expiresIn: 60 });
    hood.clock.wall += 600_000;
    await ann.courier.flush();
    expect(ben.taken).to.have.length(1);
  });

  it('hostile 35: takes any bytes as a frame without falling over', async () => {
    const { ben } = await setting();
    for (let size = 0; size < 600; size += 7) {
      for (const kind of [0, 1, 2, 3, 4, 255]) {
        const bytes = new Uint8Array(size).fill(kind);
        const [answer] = await ben.courier.receive(bytes);
        expect(answer).to.be.oneOf([3, 4]);
      }
    }
    expect(ben.taken).to.deep.equal([]);
  });
});
