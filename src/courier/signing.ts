import { toHex, type Hex } from '../hash/bytes.ts';
import { decodeEnvelope, encodeEnvelope, envelopeDigest, type Envelope } from '../wire/envelope.ts';
import type { CourierComponents } from './components.ts';
import type { Self } from './ports.ts';

/** What the caller says of a message; the courier knows the rest. */
export interface Draft {
  readonly recipient: Hex;
  readonly messageType: number;
  readonly correlationId: Hex;
  readonly term: number;
  /** Chain time in seconds. */
  readonly expiry: number;
  readonly body: Uint8Array;
}

const signed = (self: Self, envelope: Envelope): Uint8Array =>
  encodeEnvelope({
    ...envelope,
    signature: self.sign(envelopeDigest(self.federationId, envelope)),
  });

/** The signed part of a message of this node. */
export function signDraft(self: Self, draft: Draft): Uint8Array {
  const { networkId, chainId, nodeId, keyEpoch } = self;
  return signed(self, { ...draft, networkId, chainId, sender: nodeId, keyEpoch });
}

/** The signed part as it is to be sent now: signed anew when the signing key has changed since. */
export function withCurrentKey(self: Self, encoded: Uint8Array): Uint8Array {
  const envelope = decodeEnvelope(encoded);
  if (envelope.keyEpoch === self.keyEpoch) return encoded;
  return signed(self, { ...envelope, keyEpoch: self.keyEpoch });
}

/** 16 random bytes that name a message or a session. */
export const newId = ({ random }: Pick<CourierComponents, 'random'>): Hex => toHex(random(16));
