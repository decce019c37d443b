import { kemKeyHash } from '../../crypto/derivations.ts';
import { kemPublicKeyOf } from '../../crypto/hpkeSealing.ts';
import { recoverAccount } from '../../crypto/signatures.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import { keccakOf } from '../../wire/abi.ts';
import {
  type EmergencyQuestion,
  EMERGENCY_PURPOSE,
  type WireEmergency,
  type WireLicence,
} from '../../wire/emergencyMessages.ts';
import { typedDigest } from '../../wire/typedData.ts';
import type { Components, NetworkId } from '../components.ts';
import type { ProvenRequest } from '../reading/access.ts';
import { readRequestDigest } from '../../wire/readDigests.ts';
import type { EmergencyTime } from './chainClock.ts';

/** A hospital asks in an emergency: signed by it for this node, for a clinician whom it has licensed, with a reason. */

/** Longest emergency, seconds. */
export const LONGEST = 72 * 3600;
/** How far the asking hospital's clock may run ahead, seconds. */
const SKEW = 300;

export interface ProvenEmergency extends ProvenRequest {
  /** Salted: what stands on chain. */
  readonly id: Hex;
  readonly emergency: WireEmergency;
}

/** @throws `RequestNotProven`: nothing is known of who asks */
export function provenEmergency(c: Components, question: EmergencyQuestion): ProvenEmergency {
  const { emergency, emergencySignature, request, signature } = question;
  const digest = readRequestDigest(c.self.network, request);
  const reader = c.nodes.byId(request.reader);
  const id = emergencyId(c.self.network, emergency);
  const isProven =
    request.holder === c.self.nodeId &&
    emergency.requester === request.reader &&
    request.basis === id &&
    isHospital(c, reader) &&
    recoverAccount(digest, signature) === reader.account &&
    recoverAccount(emergencyDigest(c.self.network, emergency), emergencySignature) ===
      reader.account;
  if (!isProven) {
    throw new CarelatticeError(
      'RequestNotProven',
      'the request is not signed by an admitted hospital with its present key for this node',
    );
  }
  return { request: { ...request, signature }, digest: toHex(digest), reader, id, emergency };
}

const isHospital = (c: Components, node: KnownNode | undefined): node is KnownNode =>
  node?.role === 'recording' && node.state === 'admitted' && node.activeFrom <= c.now();

/** What is wrong with a proven request, as text of a signed paper: licence, reason, purpose, times. */
export function emergencyRefusal(
  c: Pick<Components, 'self'>,
  { request, emergency, reader }: ProvenEmergency,
  { licence, licenceSignature, kemKey }: EmergencyQuestion,
  { now }: Pick<EmergencyTime, 'now'>,
): CarelatticeError | undefined {
  if (request.purpose !== EMERGENCY_PURPOSE)
    return new CarelatticeError('WrongPurpose', 'an emergency is read for the purpose ETREAT only');
  if (emergency.reason.trim() === '')
    return new CarelatticeError('ReasonMissing', 'an emergency request says why; give a reason');
  if (licence === undefined || licenceSignature === undefined)
    return licenceRefused('the request shows no licence');
  const digest = licenceDigest(c.self.network, licence);
  if (licence.node !== reader.nodeId || recoverAccount(digest, licenceSignature) !== reader.account)
    return licenceRefused('the licence is not signed by the asking hospital with its present key');
  if (emergency.licenceDigest !== toHex(digest))
    return licenceRefused('the request was signed for another licence');
  const key = kemKeyHash(kemPublicKeyOf(kemKey));
  if (licence.kemKeyHash !== key || request.kemKeyId !== key)
    return licenceRefused("the key is not the licensed clinician's");
  if (now >= licence.notAfter) return licenceRefused('the licence has ended');
  const { requestedAt, expiry } = emergency;
  if (requestedAt > now + SKEW || expiry > requestedAt + LONGEST || request.expiry > expiry)
    return new CarelatticeError(
      'EmergencyTooLong',
      'an emergency begins now and ends within 72 hours',
    );
  if (now >= expiry || now >= request.expiry) return emergencyEnded();
  return undefined;
}

const licenceRefused = (why: string): CarelatticeError =>
  new CarelatticeError('LicenceRefused', `the clinician's licence is not accepted: ${why}`);

export const emergencyEnded = (): CarelatticeError =>
  new CarelatticeError('EmergencyEnded', 'this emergency has ended; make a new request');

const place = ({ networkId, chainId }: NetworkId) => ({ networkId, chainId: BigInt(chainId) });

/** The 32 bytes that a hospital signs for its clinician. */
export const licenceDigest = (network: NetworkId, licence: WireLicence): Uint8Array =>
  typedDigest('ClinicianLicence', network.federationId, {
    ...place(network),
    ...licence,
    notAfter: BigInt(licence.notAfter),
  });

/** The 32 bytes that a hospital signs for one emergency. */
export const emergencyDigest = (network: NetworkId, emergency: WireEmergency): Uint8Array =>
  typedDigest('EmergencyRequest', network.federationId, {
    ...place(network),
    ...emergency,
    requestedAt: BigInt(emergency.requestedAt),
    expiry: BigInt(emergency.expiry),
  });

/** keccak256(abi.encode(salt, digest)): says nothing of whom it is about. */
export const emergencyId = (network: NetworkId, emergency: WireEmergency): Hex =>
  toHex(
    keccakOf(['bytes32', 'bytes32'], [emergency.salt, toHex(emergencyDigest(network, emergency))]),
  );
