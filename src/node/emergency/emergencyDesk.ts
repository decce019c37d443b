import { kemKeyHash } from '../../crypto/derivations.ts';
import { kemPublicKeyOf } from '../../crypto/hpkeSealing.ts';
import { signDigest } from '../../crypto/signatures.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import {
  EMERGENCY_PURPOSE,
  type WireEmergency,
  type WireLicence,
} from '../../wire/emergencyMessages.ts';
import type { GatewayTicket, WireReadRequest } from '../../wire/readMessages.ts';
import type { Components } from '../components.ts';
import { post } from '../post.ts';
import { readerFetchDigest, readRequestDigest } from '../../wire/readDigests.ts';
import { emergencyTime } from './chainClock.ts';
import { emergencyDigest, emergencyId, licenceDigest, LONGEST } from './provenEmergency.ts';

/**
 * The clinician's hospital: it licenses its clinicians and signs and posts their emergency requests. The key to what is
 * read stays with the clinician.
 */

/** How long an emergency lasts unless said otherwise, seconds. */
export const USUAL = 24 * 3600;

export interface SignedLicence {
  readonly licence: WireLicence;
  readonly signature: Hex;
}

export interface Clinician {
  readonly clinician: string;
  /** Number of the licence to practise. */
  readonly licence: string;
  /** As a registry writes KEM keys. */
  readonly kemKey: Hex;
  /** Chain time, seconds. */
  readonly notAfter: number;
}

/** @throws `LicenceRefused` without name or number */
export function signLicence(
  c: Components,
  { clinician, licence: number, kemKey, notAfter }: Clinician,
): SignedLicence {
  if (clinician.trim() === '' || number.trim() === '')
    throw new CarelatticeError(
      'LicenceRefused',
      "a licence has the clinician's name and the number of the licence",
    );
  const licence: WireLicence = {
    node: c.self.nodeId,
    clinician,
    licence: number,
    kemKeyHash: kemKeyHash(kemPublicKeyOf(kemKey)),
    notAfter,
  };
  c.log('clinician licensed', { notAfter });
  return { licence, signature: sign(c, licenceDigest(c.self.network, licence)) };
}

export interface SignedEmergency {
  readonly id: Hex;
  readonly emergency: WireEmergency;
  readonly signature: Hex;
}

export interface EmergencyWish {
  readonly patientId: Hex;
  readonly licence: SignedLicence;
  readonly reason: string;
  /** Seconds; default a day, at most 72 hours. */
  readonly lasting?: number | undefined;
}

/** Signs an emergency request and brings its salted id to the chain. @throws `ReasonMissing`, `EmergencyTooLong` */
export async function requestEmergency(
  c: Components,
  { patientId, licence, reason, lasting = USUAL }: EmergencyWish,
): Promise<SignedEmergency> {
  if (reason.trim() === '')
    throw new CarelatticeError('ReasonMissing', 'an emergency request says why; give a reason');
  if (!(lasting > 0 && lasting <= LONGEST))
    throw new CarelatticeError('EmergencyTooLong', 'an emergency ends within 72 hours');
  const { now } = await emergencyTime(c);
  const emergency: WireEmergency = {
    requester: c.self.nodeId,
    patientId,
    licenceDigest: toHex(licenceDigest(c.self.network, licence.licence)),
    reason,
    requestedAt: now,
    expiry: now + lasting,
    salt: toHex(c.random(32)),
  };
  const id = emergencyId(c.self.network, emergency);
  const { ledger } = c.contracts;
  await post(c, `emergency ${id}`, ledger.address, ledger.encode('requestEmergency', [id]));
  c.log('emergency requested', { lasting });
  return { id, emergency, signature: sign(c, emergencyDigest(c.self.network, emergency)) };
}

export interface SignedReadRequest {
  readonly request: WireReadRequest;
  readonly signature: Hex;
  readonly digest: Hex;
}

/** What this hospital signs for one custodian, or for the holder of the summary. */
export function readInEmergency(
  c: Components,
  { id, emergency }: Pick<SignedEmergency, 'id' | 'emergency'>,
  holder: Hex,
  kemKey: Hex,
): SignedReadRequest {
  const request: WireReadRequest = {
    holder,
    reader: c.self.nodeId,
    basis: id,
    purpose: EMERGENCY_PURPOSE,
    anchors: [],
    kemKeyId: kemKeyHash(kemPublicKeyOf(kemKey)),
    expiry: emergency.expiry,
    nonce: BigInt(toHex(c.random(16))).toString(),
  };
  const digest = readRequestDigest(c.self.network, request);
  return { request, signature: sign(c, digest), digest: toHex(digest) };
}

/** Seconds for which a ticket is good. */
const TICKET = 300;

/** For the gateway of the summary's holder, under the request that it granted. */
export function emergencyTicket(c: Components, gateway: Hex, requestDigest: Hex): GatewayTicket {
  const { nodeId: reader, network } = c.self;
  const expiry = c.now() + TICKET;
  const nonce = BigInt(toHex(c.random(16))).toString();
  const fetch = { reader, gateway, requestDigest, expiry, nonce };
  const digest = readerFetchDigest(network, fetch);
  const signature = sign(c, digest);
  return { kind: 'reader', reader, requestDigest, expiry, nonce, signature };
}

const sign = (c: Components, digest: Uint8Array): Hex => signDigest(c.self.signingKey, digest);
