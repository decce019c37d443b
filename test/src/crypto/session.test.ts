import { expect } from 'chai';
import fc from 'fast-check';
import { deriveKemKeyPair } from '../../../src/crypto/hpkeSealing.ts';
import { acceptSession, openSession, sessionIdOf } from '../../../src/crypto/session.ts';
import type { SessionParties } from '../../../src/crypto/session.ts';
import { signDigest } from '../../../src/crypto/signatures.ts';
import { toHex, type Hex } from '../../../src/hash/bytes.ts';
import { decodeEnvelope, encodeEnvelope, envelopeDigest } from '../../../src/wire/envelope.ts';
import { codeOf } from '../../support/codeOf.ts';

const id = (byte: string): Hex => `0x${byte.repeat(32)}`;
const parties: SessionParties = {
  federationId: id('f0'),
  networkId: id('01'),
  opener: id('0a'),
  openerKeyEpoch: 1,
  peer: id('0b'),
  peerKeyEpoch: 2,
  day: 20_000,
};
const peerKey = await deriveKemKeyPair(1, new Uint8Array(32).fill(5));

function envelopeOf(body: Uint8Array): Uint8Array {
  const envelope = {
    networkId: parties.networkId,
    chainId: 31337n,
    sender: parties.opener,
    recipient: parties.peer,
    keyEpoch: 1,
    messageType: 2,
    correlationId: `0x${'0c'.repeat(16)}`,
    term: 0,
    expiry: 1_800_000_000,
    body,
  } as const;
  const digest = envelopeDigest(parties.federationId, envelope);
  return encodeEnvelope({ ...envelope, signature: signDigest(new Uint8Array(32).fill(7), digest) });
}

async function pairOfSessions() {
  const { session, opening } = await openSession(parties, peerKey.publicKey);
  return [session, await acceptSession(parties, session.sessionId, opening, peerKey)] as const;
}

describe('session', () => {
  it('carries envelopes both ways', async () => {
    const [opener, peer] = await pairOfSessions();
    expect(peer.sessionId).to.equal(opener.sessionId);
    for (const [from, to] of [
      [opener, peer],
      [peer, opener],
      [opener, peer],
    ] as const) {
      const body = new Uint8Array(50).fill(3);
      const frame = from.seal(envelopeOf(body));
      expect(sessionIdOf(frame)).to.equal(opener.sessionId);
      expect(decodeEnvelope(to.open(frame)).body).to.deep.equal(body);
    }
  });

  it('shows of a body its size class only', async () => {
    const [opener] = await pairOfSessions();
    const sizes = [0, 1, 1024, 1025, 4096].map(
      (size) => opener.seal(envelopeOf(new Uint8Array(size))).length,
    );
    const [first = 0] = sizes;
    expect(sizes).to.deep.equal([first, first, first, first + 3072, first + 3072]);
  });

  it('never seals two frames alike: the counter rises', async () => {
    const [opener, peer] = await pairOfSessions();
    const envelope = envelopeOf(new Uint8Array(5));
    const frames = [opener.seal(envelope), opener.seal(envelope), opener.seal(envelope)];
    expect(frames.map((frame) => frame[23])).to.deep.equal([0, 1, 2]);
    expect(new Set(frames.map((frame) => toHex(frame.subarray(24)))).size).to.equal(3);
    // Late and out of order is fine; the recipient knows repeated messages by their ids.
    for (const frame of frames.reverse()) expect(peer.open(frame)).to.have.length.above(0);
  });

  it('refuses a frame reflected to its sender or sealed in another session', async () => {
    const [opener, peer] = await pairOfSessions();
    const [, stranger] = await pairOfSessions();
    const frame = opener.seal(envelopeOf(new Uint8Array(5)));
    expect(await codeOf(() => opener.open(frame))).to.equal('OpeningFailed');
    expect(await codeOf(() => stranger.open(frame))).to.equal('UnknownSession');
    const renamed = frame.slice();
    renamed.set(stranger.seal(envelopeOf(new Uint8Array(5))).subarray(0, 16));
    expect(await codeOf(() => stranger.open(renamed))).to.equal('OpeningFailed');
    expect(await codeOf(() => peer.open(new Uint8Array(23)))).to.equal('UnknownSession');
    expect(await codeOf(() => peer.open(frame.subarray(0, 24)))).to.equal('OpeningFailed');
  });

  it('opens no frame that was changed', async () => {
    const [opener, peer] = await pairOfSessions();
    const frame = opener.seal(envelopeOf(new Uint8Array(5)));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(frame.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (i, by) => {
          const changed = frame.slice();
          changed[i] = (changed[i] ?? 0) ^ by;
          const code = await codeOf(() => peer.open(changed));
          expect(code).to.equal(i < 16 ? 'UnknownSession' : 'OpeningFailed');
        },
      ),
      { numRuns: 200 },
    );
  });

  const otherwise: [string, Partial<SessionParties>][] = [
    ['federation', { federationId: id('f1') }],
    ['network', { networkId: id('02') }],
    ['opener', { opener: id('0d') }],
    ['key epoch of the opener', { openerKeyEpoch: 9 }],
    ['peer', { peer: id('0d') }],
    ['key epoch of the peer', { peerKeyEpoch: 9 }],
    ['day', { day: 20_001 }],
  ];
  for (const [name, change] of otherwise) {
    it(`accepts no opening made for another ${name}`, async () => {
      const { session, opening } = await openSession(parties, peerKey.publicKey);
      const changed = { ...parties, ...change };
      expect(
        await codeOf(() => acceptSession(changed, session.sessionId, opening, peerKey)),
      ).to.equal('OpeningFailed');
    });
  }

  it('accepts no opening under another id, for another key, cut or empty', async () => {
    const { session, opening } = await openSession(parties, peerKey.publicKey);
    const otherKey = await deriveKemKeyPair(1, new Uint8Array(32).fill(6));
    const { sessionId } = session;
    for (const act of [
      () => acceptSession(parties, `0x${'00'.repeat(16)}`, opening, peerKey),
      () => acceptSession(parties, sessionId, opening, otherKey),
      () => acceptSession(parties, sessionId, opening.subarray(0, -1), peerKey),
      () => acceptSession(parties, sessionId, new Uint8Array(0), peerKey),
    ]) {
      expect(await codeOf(act)).to.equal('OpeningFailed');
    }
  });

  it('hostile 42: opens and accepts no session in a suite the network does not allow', async () => {
    const small = await deriveKemKeyPair(0, new Uint8Array(32).fill(5));
    const both = { ...parties, allowedSuites: [0, 1] };
    expect(await codeOf(() => openSession(parties, small.publicKey))).to.equal('SuiteRefused');
    const { session, opening } = await openSession(both, small.publicKey);
    const { sessionId } = session;
    expect(await codeOf(() => acceptSession(both, sessionId, opening, small))).to.equal('none');
    expect(await codeOf(() => acceptSession(parties, sessionId, opening, small))).to.equal(
      'SuiteRefused',
    );
    const relabelled = Uint8Array.of(1, ...opening.subarray(1));
    expect(await codeOf(() => acceptSession(both, sessionId, relabelled, small))).to.equal(
      'OpeningFailed',
    );
  });

  it('refuses a session of a node with itself', async () => {
    const self = { ...parties, peer: parties.opener };
    expect(await codeOf(() => openSession(self, peerKey.publicKey))).to.equal('SessionToSelf');
  });
});
