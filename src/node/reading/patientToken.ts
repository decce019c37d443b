import { recoverAccount } from '../../crypto/signatures.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { PatientFetch } from '../../wire/messages.ts';
import type { WireInboxToken } from '../../wire/readMessages.ts';
import { typedDigest } from '../../wire/typedData.ts';
import type { Components } from '../components.ts';

/** What the patient shows a node when she asks about herself: signed by her authority, for this node and time, good once. */

/** Longest life of a token, in seconds of chain time. */
const LIFETIME = 600;

const unauthorized = (): CarelatticeError =>
  new CarelatticeError(
    'Unauthorized',
    'the request is not signed by the patient for this node and time; sign a new one',
  );

/** Says nothing of why: who is no patient here and who signed wrongly look alike. @throws `Unauthorized` */
export function requireOnce(
  c: Components,
  { owner, signer, digest, signature, expiry, nonce }: SignedOnce,
): void {
  const isSigned = signer !== undefined && recoverAccount(digest, signature) === signer;
  if (!isSigned || c.now() >= expiry || expiry > c.now() + LIFETIME) throw unauthorized();
  // The number, not its text: "7" and "07" are signed alike.
  if (!c.holding.useNonce(owner, BigInt(nonce).toString(), expiry, c.now())) throw unauthorized();
}

export interface SignedOnce {
  /** Whose nonces these are: a patient's or a reader's id. */
  owner: Hex;
  /** Undefined for somebody unknown. */
  signer: Hex | undefined;
  digest: Uint8Array;
  signature: Hex;
  expiry: number;
  nonce: string;
}

/** Her request for one record, or with a zero anchor for all of hers. @throws `Unauthorized` */
export function requirePatientFetch(c: Components, fetch: PatientFetch): void {
  const { federationId, networkId, chainId } = c.self.network;
  const digest = typedDigest('PatientFetch', federationId, {
    networkId,
    chainId: BigInt(chainId),
    patientId: fetch.patientId,
    gateway: c.self.nodeId,
    anchor: fetch.anchor,
    expiry: BigInt(fetch.expiry),
    nonce: BigInt(fetch.nonce),
  });
  requireOnce(c, {
    ...fetch,
    owner: fetch.patientId,
    signer: c.seen.authority(fetch.patientId),
    digest,
  });
}

/** The patient behind a token. @throws `Unauthorized` */
export function requirePatient(c: Components, token: WireInboxToken): Hex {
  const { federationId, networkId, chainId } = c.self.network;
  const digest = typedDigest('InboxToken', federationId, {
    networkId,
    chainId: BigInt(chainId),
    patientId: token.patientId,
    audience: c.self.nodeId,
    expiry: BigInt(token.expiry),
    nonce: BigInt(token.nonce),
  });
  const signer = c.seen.authority(token.patientId);
  requireOnce(c, { ...token, owner: token.patientId, signer, digest });
  return token.patientId;
}
