import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { bodyMap, decodeBody, encodeBody } from '../wire/cbor.ts';
import { decodeEnvelope, MessageType } from '../wire/envelope.ts';
import { acknowledge, exchange, readAnswer } from './answering.ts';
import type { CourierComponents } from './components.ts';
import type { Peer } from './ports.ts';
import { openSecret, sealSecret, type SessionTerms } from './sessionKeys.ts';
import { createSession, createSessionTable, type Session } from './sessionTable.ts';
import { newId, signDraft } from './signing.ts';
import { assertPeer, verifyEnvelope } from './verifyEnvelope.ts';

/** The sessions of a node: one per peer and day, in memory, opened on demand. */
export interface Sessions {
  /** A session of today with the peer, whoever opened it. @throws `SelfAddressed`, `PeerRefused`, `PeerUnreachable` */
  to(peer: Peer, signal: AbortSignal): Promise<Session>;
  find(sessionId: Hex): Session | undefined;
  /** Takes a peer's opening (a signed envelope) and returns the answering frame. @throws when it is not accepted */
  accept(opening: Uint8Array): Promise<Uint8Array>;
  /** Drops a session that the peer does not know, and older ones. */
  drop(session: Session): void;
  /** Drops all sessions with a peer. */
  forget(peer: Hex): void;
}

const DAY = 86_400;
/** Seconds of chain time in which an opening must arrive. */
const OPENING_LIFETIME = 3_600;

const notAccepted = (problem: string): CarelatticeError =>
  new CarelatticeError('OpeningRefused', `a session opening is not accepted: ${problem}`);

export const selfAddressed = (): CarelatticeError =>
  new CarelatticeError('SelfAddressed', 'a node sends itself no message');

/** Body of type 1: day, epoch of the peer's KEM key, and the secret sealed to it. */
function readOpening(body: Uint8Array): { day: number; keyEpoch: number; sealed: Uint8Array } {
  const { day, keyEpoch, sealed, ...rest } = bodyMap(decodeBody(body));
  if (
    typeof day !== 'number' ||
    typeof keyEpoch !== 'number' ||
    !(sealed instanceof Uint8Array) ||
    Object.keys(rest).length > 0
  ) {
    throw new CarelatticeError('MalformedBody', 'a session opening does not have its form');
  }
  return { day, keyEpoch, sealed };
}

export function createSessions(components: CourierComponents): Sessions {
  const { self, directory, seen, clock, random } = components;
  const { federationId, networkId } = self;
  const table = createSessionTable();
  const opening = new Map<Hex, Promise<Session>>();
  const today = (): number => Math.floor(clock.chainTime() / DAY);

  const open = async (peer: Peer, signal: AbortSignal): Promise<Session> => {
    const day = today();
    const sessionId = newId(components);
    const secret = random.bytes(32);
    const terms: SessionTerms = {
      federationId,
      networkId,
      opener: self.nodeId,
      openerKeyEpoch: self.keyEpoch,
      peer: peer.nodeId,
      peerKeyEpoch: peer.kemKeyEpoch,
      day,
      sessionId,
    };
    const sealed = await sealSecret(terms, secret, peer.kemPublicKey);
    const envelope = signDraft(self, {
      recipient: peer.nodeId,
      messageType: MessageType.SessionOpening,
      correlationId: sessionId,
      term: 0,
      expiry: clock.chainTime() + OPENING_LIFETIME,
      body: encodeBody({ day, keyEpoch: peer.kemKeyEpoch, sealed }),
    });
    const answer = await exchange(components, peer, { kind: 'opening', envelope }, signal);
    const session = createSession({ sessionId, self: self.nodeId, peer, day, secret });
    // That the peer can answer in the session shows that it holds its KEM key.
    readAnswer(components, answer, session, peer, sessionId);
    table.add(session);
    return session;
  };

  return {
    async to(peer, signal) {
      // With itself both directions would have one key.
      if (peer.nodeId === self.nodeId) throw selfAddressed();
      table.dropBefore(today() - 1);
      const known = table.newest(peer, today());
      if (known !== undefined) return known;
      const running = opening.get(peer.nodeId);
      if (running !== undefined) return running;
      const started = open(peer, signal).finally(() => opening.delete(peer.nodeId));
      opening.set(peer.nodeId, started);
      return started;
    },
    find: (sessionId) => table.find(sessionId),
    async accept(encoded) {
      const envelope = decodeEnvelope(encoded);
      const { sender, correlationId: sessionId, messageType, expiry } = envelope;
      const peer = assertPeer(await directory.peer(sender), sender);
      verifyEnvelope(envelope, peer, self, clock.chainTime());
      if (messageType !== MessageType.SessionOpening) throw notAccepted('another message type');
      const { day, keyEpoch, sealed } = readOpening(envelope.body);
      if (Math.abs(day - today()) > 1) throw notAccepted('another day');
      const keyPair = self.kemKeyPair(keyEpoch);
      if (keyPair === undefined) throw notAccepted('no such KEM key');
      const terms = {
        federationId,
        networkId,
        opener: sender,
        openerKeyEpoch: envelope.keyEpoch,
        peer: self.nodeId,
        peerKeyEpoch: keyEpoch,
        day,
        sessionId,
      };
      const secret = await openSecret(terms, sealed, keyPair);
      // The id is durable: after a restart the same opening, replayed, cannot bring the same key with counter 0 again.
      if (seen.remember(sessionId, sender, expiry) === 'seen') throw notAccepted('it came before');
      const session = createSession({ sessionId, self: self.nodeId, peer, day, secret });
      table.add(session);
      return acknowledge(components, session, envelope, { result: 'taken' });
    },
    drop: (session) => table.drop(session),
    forget: (peer) => table.dropPeer(peer),
  };
}
