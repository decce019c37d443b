import { recoverAccount } from '../crypto/signatures.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { envelopeDigest, type SignedEnvelope } from '../wire/envelope.ts';
import type { Peer, Self } from './ports.ts';

/** The longest a message may wait, in seconds: so long the recipient keeps its id. */
export const MAX_LIFETIME = 30 * 86_400;

const refusal = (code: string, message: string, retryable = false): CarelatticeError =>
  new CarelatticeError(code, message, { retryable });

/** Throws unless `sender`, as the registry knows it, signed exactly this for this node, and it is in time. */
export function verifyEnvelope(
  envelope: SignedEnvelope,
  sender: Peer,
  self: Self,
  chainTime: number,
): void {
  if (envelope.networkId !== self.networkId || envelope.chainId !== self.chainId) {
    throw refusal('WrongNetwork', 'a message is for another network');
  }
  if (envelope.recipient !== self.nodeId) {
    throw refusal('WrongRecipient', 'a message is for another node');
  }
  if (envelope.sender !== sender.nodeId) {
    throw refusal('WrongSender', 'a message came under the session of another node');
  }
  if (sender.suspended) throw refusal('PeerSuspended', 'the sender is suspended', true);
  if (envelope.keyEpoch !== sender.keyEpoch) {
    // A newer key than this node's chain shows is on its way; an older one is gone.
    const isNewer = envelope.keyEpoch > sender.keyEpoch;
    throw refusal('WrongKeyEpoch', 'a message is signed by a key of another epoch', isNewer);
  }
  if (
    recoverAccount(envelopeDigest(self.federationId, envelope), envelope.signature) !==
    sender.signingAccount
  ) {
    throw refusal('BadSignature', 'a message is not signed by its sender');
  }
  if (envelope.expiry <= chainTime) throw refusal('MessageExpired', 'a message is late');
  if (envelope.expiry > chainTime + MAX_LIFETIME + 86_400) {
    throw refusal('ExpiryTooFar', 'a message may wait 30 days at most');
  }
}

/** The peer, admitted and not suspended. @throws `UnknownPeer`, `PeerSuspended` (both retryable: the chain may change) */
export function assertPeer(peer: Peer | undefined, nodeId: Hex): Peer {
  const facts = { nodeId };
  if (peer === undefined) {
    throw new CarelatticeError('UnknownPeer', 'no such node is admitted on the own chain', {
      facts,
      retryable: true,
    });
  }
  if (peer.suspended) {
    throw new CarelatticeError('PeerSuspended', 'the node is suspended', {
      facts,
      retryable: true,
    });
  }
  return peer;
}
