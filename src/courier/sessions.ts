import { acceptSession, openSession } from '../crypto/session.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { bodyMap, decodeBody, encodeBody } from '../wire/cbor.ts';
import { decodeEnvelope, MessageType } from '../wire/envelope.ts';
import { acknowledge, exchange, readAnswer } from './answering.ts';
import type { CourierComponents } from './components.ts';
import type { Peer } from './ports.ts';
import { createSessionTable, peerSession, type PeerSession } from './sessionTable.ts';
import { signDraft } from './signing.ts';
import { assertPeer, verifyEnvelope } from './verifyEnvelope.ts';

/** The sessions of a node: one per peer and day, in memory, opened on demand. */
export interface Sessions {
  /** A session of today with the peer, whoever opened it. @throws `SelfAddressed`, `PeerRefused`, `PeerUnreachable` */
  to(peer: Peer, signal: AbortSignal): Promise<PeerSession>;
  find(sessionId: Hex): PeerSession | undefined;
  /** Takes a peer's opening (a signed envelope) and returns the answering frame. @throws when it is not accepted */
  accept(opening: Uint8Array): Promise<Uint8Array>;
  /** Drops a session that the peer does not know, and older ones. */
  drop(session: PeerSession): void;
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
  const bound = {
    federationId: self.federationId,
    networkId: self.networkId,
    allowedSuites: components.allowedSuites,
  };
  const table = createSessionTable();
  const running = new Map<Hex, Promise<PeerSession>>();
  const today = (): number => Math.floor(clock.chainTime() / DAY);

  const open = async (peer: Peer, signal: AbortSignal): Promise<PeerSession> => {
    const day = today();
    const { session, opening } = await openSession(
      {
        ...bound,
        opener: self.nodeId,
        openerKeyEpoch: self.keyEpoch,
        peer: peer.nodeId,
        peerKeyEpoch: peer.kemKeyEpoch,
        day,
      },
      peer.kemPublicKey,
      random,
    );
    const envelope = signDraft(self, {
      recipient: peer.nodeId,
      messageType: MessageType.SessionOpening,
      correlationId: session.sessionId,
      term: 0,
      expiry: clock.chainTime() + OPENING_LIFETIME,
      body: encodeBody({ day, keyEpoch: peer.kemKeyEpoch, sealed: opening }),
    });
    const answer = await exchange(components, peer, { kind: 'opening', envelope }, signal);
    const opened = peerSession(session, peer, day);
    // That the peer can answer in the session shows that it holds its KEM key.
    readAnswer(components, answer, opened, peer, session.sessionId);
    table.add(opened);
    return opened;
  };

  return {
    async to(peer, signal) {
      // With itself both directions would have one key.
      if (peer.nodeId === self.nodeId) throw selfAddressed();
      table.dropBefore(today() - 1);
      const known = table.newest(peer, today());
      if (known !== undefined) return known;
      const started = running.get(peer.nodeId);
      if (started !== undefined) return started;
      const opened = open(peer, signal).finally(() => running.delete(peer.nodeId));
      running.set(peer.nodeId, opened);
      return opened;
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
      const session = await acceptSession(
        {
          ...bound,
          opener: sender,
          openerKeyEpoch: envelope.keyEpoch,
          peer: self.nodeId,
          peerKeyEpoch: keyEpoch,
          day,
        },
        sessionId,
        sealed,
        keyPair,
      );
      // The id is durable: after a restart the same opening, replayed, cannot bring the same key with counter 0 again.
      if (seen.remember(sessionId, sender, expiry) === 'seen') throw notAccepted('it came before');
      const accepted = peerSession(session, peer, day);
      table.add(accepted);
      return acknowledge(components, accepted, envelope, { result: 'taken' });
    },
    drop: (session) => table.drop(session),
    forget: (peer) => table.dropPeer(peer),
  };
}
