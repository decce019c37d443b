import { openSession, type Session } from '../../src/crypto/session.ts';
import { signDigest } from '../../src/crypto/signatures.ts';
import { decodeAcknowledgement, type Acknowledgement } from '../../src/courier/acknowledgement.ts';
import { decodeFrame, encodeFrame } from '../../src/courier/frames.ts';
import type { Peer } from '../../src/courier/ports.ts';
import type { Hex } from '../../src/hash/bytes.ts';
import { encodeBody } from '../../src/wire/cbor.ts';
import {
  decodeEnvelope,
  encodeEnvelope,
  envelopeDigest,
  MessageType,
  type Envelope,
} from '../../src/wire/envelope.ts';
import { FEDERATION, type TestNode } from './courierNodes.ts';

/** A session made by hand, whose owner may say anything: how a liar talks to an honest courier. */
export interface HandMadeSession {
  readonly session: Session;
  /** The opening frame, for a replay. */
  readonly opening: Uint8Array;
  /** The message `changes` make of an honest one, signed by the owner's key. */
  envelope(changes?: Partial<Envelope>): Envelope;
  /** The sealed frame of an envelope; `signature` replaces the honest one, `federationId` what is signed. */
  frame(envelope: Envelope, lie?: { signature?: Hex; federationId?: Hex }): Uint8Array;
  /** What the answer to a frame says, or the kind of a frame that says nothing. */
  read(answer: Uint8Array): Acknowledgement | string;
}

const DAY = 86_400;

const signed = (
  owner: TestNode,
  envelope: Envelope,
  lie: { signature?: Hex; federationId?: Hex } = {},
): Uint8Array => {
  const digest = envelopeDigest(lie.federationId ?? FEDERATION, envelope);
  return encodeEnvelope({
    ...envelope,
    signature: lie.signature ?? signDigest(owner.privateKey, digest),
  });
};

/** Opens a session of `owner` with `peer` at chain time `now`; throws when it is not accepted. */
export async function handMadeSession(
  owner: TestNode,
  peer: TestNode,
  registered: Peer,
  now: number,
  openingChanges: { body?: object; envelope?: Partial<Envelope>; day?: number } = {},
): Promise<HandMadeSession> {
  const day = openingChanges.day ?? Math.floor(now / DAY);
  const { session, opening: sealed } = await openSession(
    {
      federationId: FEDERATION,
      networkId: owner.self.networkId,
      opener: owner.nodeId,
      openerKeyEpoch: owner.self.keyEpoch,
      peer: peer.nodeId,
      peerKeyEpoch: registered.kemKeyEpoch,
      day,
    },
    registered.kemPublicKey,
  );
  let serial = 0;
  const envelope = (changes: Partial<Envelope> = {}): Envelope => ({
    networkId: owner.self.networkId,
    chainId: owner.self.chainId,
    sender: owner.nodeId,
    recipient: peer.nodeId,
    keyEpoch: owner.self.keyEpoch,
    messageType: MessageType.Alarm,
    correlationId: `0x${(++serial).toString(16).padStart(32, '0')}`,
    term: 0,
    expiry: now + 3600,
    body: encodeBody('by hand'),
    ...changes,
  });
  const opening = encodeFrame({
    kind: 'opening',
    envelope: signed(
      owner,
      envelope({
        messageType: MessageType.SessionOpening,
        correlationId: session.sessionId,
        body: encodeBody({
          day,
          keyEpoch: registered.kemKeyEpoch,
          sealed,
          ...openingChanges.body,
        }),
        ...openingChanges.envelope,
      }),
    ),
  });
  const read = (answer: Uint8Array): Acknowledgement | string => {
    const frame = decodeFrame(answer);
    if (frame.kind !== 'sealed') return frame.kind;
    return decodeAcknowledgement(decodeEnvelope(session.open(frame.sealed)).body);
  };
  const said = read(await peer.courier.receive(opening));
  if (typeof said === 'string') throw new Error(said);
  return {
    session,
    opening,
    envelope,
    frame: (message, lie) =>
      encodeFrame({ kind: 'sealed', sealed: session.seal(signed(owner, message, lie)) }),
    read,
  };
}
