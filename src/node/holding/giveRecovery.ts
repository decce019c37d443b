import { kemKeyHash } from '../../crypto/derivations.ts';
import { kemPublicKeyOf } from '../../crypto/hpkeSealing.ts';
import { sealRecovery } from '../../crypto/recoveryPackage.ts';
import { signDigest } from '../../crypto/signatures.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import {
  type RecoveryAnswer,
  type RecoveryContent,
  type RecoveryQuestion,
  recoveryQuestion,
} from '../../wire/recoveryMessages.ts';
import { typedDigest } from '../../wire/typedData.ts';
import type { Components } from '../components.ts';
import { requireOnce } from '../reading/patientToken.ts';
import { historiesOf, packageOf } from './patients.ts';
import { rewrapHeld } from './rewrap.ts';

/**
 * Gives a patient who has lost her root key what this node knows of her. Only to an account that her guardians gave her:
 * to whoever else signs for her it would hand the keys that a thief of her wallet lacks.
 */

/** Records sealed anew for one question: it ends within a second. */
const REWRAPS = 250;

/**
 * Type 19, at a holder. Sealing her records to keys that the chain shows is done for whoever signs for her.
 * @throws `Unauthorized`, `NotRecovered`, `PatientUnknown`
 */
export async function giveRecovery(c: Components, body: Uint8Array): Promise<Uint8Array> {
  const question = requireSigned(c, body);
  const { patientId, wish } = question;
  const patient = c.holding.patient(patientId);
  if (patient === undefined)
    throw new CarelatticeError('PatientUnknown', 'this patient is not enrolled here');
  if (wish === 'rewrap')
    return encodeMessage({ kind: 'rewrap', ...(await rewrapHeld(c, patientId, REWRAPS)) });

  requireRecovered(c, patientId);
  const given = packageOf(c, patient);
  const histories = historiesOf(c, patientId, given.relation.handles);
  return sealedAnswer(c, question, {
    patientId,
    seq: Math.max(patient.seq, c.seen.relations(patientId)?.seq ?? 0),
    scopes: given.scopes.map(({ privateSeed, publicKey, ...scope }) => ({
      ...scope,
      publicKey: toHex(publicKey),
      ...(privateSeed === undefined ? {} : { privateSeed: toHex(privateSeed) }),
    })),
    presenceEpoch: given.presenceEpoch,
    accessKey: toHex(given.accessKey),
    histories,
  });
}

/** Who asks is the patient. @throws `Unauthorized` */
export function requireSigned(c: Components, body: Uint8Array): RecoveryQuestion {
  const question = decodeMessage(recoveryQuestion, body);
  const { patientId, expiry, nonce, inboxKey } = question;
  const { federationId, networkId, chainId } = c.self.network;
  const digest = typedDigest('RecoveryRequest', federationId, {
    networkId,
    chainId: BigInt(chainId),
    patientId,
    custodian: c.self.nodeId,
    kemKeyHash: kemKeyHash(kemPublicKeyOf(inboxKey)),
    expiry: BigInt(expiry),
    nonce: BigInt(nonce),
  });
  requireOnce(c, { ...question, owner: patientId, signer: c.seen.authority(patientId), digest });
  return question;
}

/** @throws `NotRecovered` */
export function requireRecovered(c: Components, patientId: Hex): void {
  if (c.seen.isRecovered(patientId)) return;
  throw new CarelatticeError(
    'NotRecovered',
    'her guardians did not give her this account; only then are her keys given back',
  );
}

/** Sealed to the key of the question, signed by this node. */
export async function sealedAnswer(
  c: Components,
  { inboxKey }: RecoveryQuestion,
  content: RecoveryContent,
): Promise<Uint8Array> {
  const { federationId, networkId, chainId } = c.self.network;
  const address = { networkId, chainId: BigInt(chainId), nodeId: c.self.nodeId };
  const { sealed, signature } = await sealRecovery(
    content,
    address,
    kemPublicKeyOf(inboxKey),
    (message) => signDigest(c.self.signingKey, typedDigest('Package', federationId, message)),
  );
  c.log('recovery package given', { scopes: content.scopes.length });
  const answer: RecoveryAnswer = {
    kind: 'package',
    seq: content.seq,
    sealed: toHex(sealed),
    signature,
  };
  return encodeMessage(answer);
}
