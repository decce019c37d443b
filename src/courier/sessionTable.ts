import type { Session } from '../crypto/session.ts';
import type { Hex } from '../hash/bytes.ts';
import type { Peer } from './ports.ts';

/** A session of this node, in memory only. */
export interface PeerSession extends Session {
  readonly peer: Hex;
  /** The peer's key epochs when the session was made: newer keys want a new one. */
  readonly peerKeys: string;
  readonly day: number;
}

const keysOf = ({ keyEpoch, kemKeyEpoch }: Peer): string => `${keyEpoch} ${kemKeyEpoch}`;

export const peerSession = (session: Session, peer: Peer, day: number): PeerSession => ({
  ...session,
  peer: peer.nodeId,
  peerKeys: keysOf(peer),
  day,
});

/** Sessions of one peer that are kept; older ones give way, and the peer opens a new one. */
const PER_PEER = 4;

export interface SessionTable {
  add(session: PeerSession): void;
  find(sessionId: Hex): PeerSession | undefined;
  /** The newest session with a peer of this day and under the peer's present keys. */
  newest(peer: Peer, day: number): PeerSession | undefined;
  /** Drops a session and the older ones with its peer. */
  drop(session: PeerSession): void;
  dropPeer(peer: Hex): void;
  /** Drops the sessions of days before `day`. */
  dropBefore(day: number): void;
}

export function createSessionTable(): SessionTable {
  const byId = new Map<Hex, PeerSession>();
  /** Oldest first. */
  const byPeer = new Map<Hex, readonly PeerSession[]>();

  const keep = (peer: Hex, sessions: readonly PeerSession[]): void => {
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
