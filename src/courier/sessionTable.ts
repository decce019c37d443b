import type { Hex } from '../hash/bytes.ts';
import type { SealedFrame } from './frames.ts';
import type { Peer } from './ports.ts';
import { directionKey, openFrame, sealFrame } from './sessionKeys.ts';

/** Both directions of a session with one peer, in memory only. */
export interface Session {
  readonly sessionId: Hex;
  readonly peer: Hex;
  /** The peer's key epochs when the session was made: newer keys want a new one. */
  readonly peerKeys: string;
  readonly day: number;
  seal(plaintext: Uint8Array): SealedFrame;
  /** @throws `OpeningFailed` */
  open(frame: SealedFrame): Uint8Array;
}

/** What `createSession` needs to know. */
export interface SessionFacts {
  readonly sessionId: Hex;
  readonly self: Hex;
  readonly peer: Peer;
  readonly day: number;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

const keysOf = ({ keyEpoch, kemKeyEpoch }: Peer): string => `${keyEpoch} ${kemKeyEpoch}`;

export function createSession({ sessionId, self, peer, day, secret }: SessionFacts): Session {
  const outward = directionKey(secret, self, peer.nodeId);
  const inward = directionKey(secret, peer.nodeId, self);
  let counter = 0;
  return {
    sessionId,
    peer: peer.nodeId,
    peerKeys: keysOf(peer),
    day,
    seal: (plaintext) => sealFrame(outward, sessionId, counter++, plaintext),
    open: (frame) => openFrame(inward, frame),
  };
}

/** Sessions of one peer that are kept; older ones give way, and the peer opens a new one. */
const PER_PEER = 4;

export interface SessionTable {
  add(session: Session): void;
  find(sessionId: Hex): Session | undefined;
  /** The newest session with a peer of this day and under the peer's present keys. */
  newest(peer: Peer, day: number): Session | undefined;
  /** Drops a session and the older ones with its peer. */
  drop(session: Session): void;
  dropPeer(peer: Hex): void;
  /** Drops the sessions of days before `day`. */
  dropBefore(day: number): void;
}

export function createSessionTable(): SessionTable {
  const byId = new Map<Hex, Session>();
  /** Oldest first. */
  const byPeer = new Map<Hex, readonly Session[]>();

  const keep = (peer: Hex, sessions: readonly Session[]): void => {
    for (const old of byPeer.get(peer) ?? []) {
      if (!sessions.includes(old)) byId.delete(old.sessionId);
    }
    if (sessions.length === 0) byPeer.delete(peer);
    else byPeer.set(peer, sessions);
  };

  return {
    add(session) {
      byId.set(session.sessionId, session);
      keep(session.peer, [...(byPeer.get(session.peer) ?? []), session].slice(-PER_PEER));
    },
    find: (sessionId) => byId.get(sessionId),
    newest: (peer, day) =>
      byPeer
        .get(peer.nodeId)
        ?.findLast((session) => session.day === day && session.peerKeys === keysOf(peer)),
    drop(session) {
      const all = byPeer.get(session.peer) ?? [];
      keep(session.peer, all.slice(all.indexOf(session) + 1));
    },
    dropPeer: (peer) => keep(peer, []),
    dropBefore(day) {
      for (const [peer, sessions] of byPeer) {
        if (sessions.some((session) => session.day < day)) {
          keep(
            peer,
            sessions.filter((session) => session.day >= day),
          );
        }
      }
    },
  };
}
