import { deriveKemKeyPair } from '../../crypto/hpkeSealing.ts';
import { patientIdOf } from '../../crypto/derivations.ts';
import { openScopePackage, packageHashOf } from '../../crypto/scopePackage.ts';
import { recoverAccount, signDigest } from '../../crypto/signatures.ts';
import { holdsRelation } from '../../domain/relations.ts';
import { CarelatticeError } from '../../errors.ts';
import { fromHex, type Hex } from '../../hash/bytes.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import {
  decodeMessage,
  encodeMessage,
  enrollmentRequest,
  type EnrollmentRequest,
  scopeUpdate,
} from '../../wire/messages.ts';
import { typedDigest } from '../../wire/typedData.ts';
import type { ScopePackage } from '../../wire/scopePackage.ts';
import type { Components } from '../components.ts';
import { requireNotFrozen } from '../holding/accountFreeze.ts';
import { identifierHash, sealedPackage, withFormerKeys } from '../holding/patients.ts';

/** Enrolment at this node: identity checked, keys taken, countersigned. It takes effect when the chain shows the relations. */

/** Type 10. @throws `EnrollmentRefused`, `AuthorityFrozen`, `OpeningFailed` */
export async function countersign(c: Components, body: Uint8Array): Promise<Uint8Array> {
  const request = decodeMessage(enrollmentRequest, body);
  checkEnrollment(c, request);
  await requireNotFrozen(c, request.patientId);
  const scopePackage = await openedPackage(c, request.authority, request);
  c.db.transaction(() => {
    if (isInEffect(c, request)) return;
    const known = c.holding.patient(request.patientId);
    // Who is enrolled stays so under the old relation until the chain shows the new one.
    const standing =
      known?.state === 'enrolled'
        ? { state: known.state, relation: known.relation }
        : { state: 'asked' as const, relation: request.relation };
    c.holding.putPatient({
      ...standing,
      patientId: request.patientId,
      seq: request.seq,
      package: sealedPackage(c, withFormerKeys(c, known, scopePackage)),
    });
    if (request.inboxKey !== undefined) c.inbox.putKey(request.patientId, request.inboxKey);
    for (const identifier of request.identifiers) {
      c.holding.addIdentifier(identifierHash(c, identifier), request.patientId);
    }
  });
  const countersignature = signDigest(c.self.signingKey, enrollmentDigest(c, request));
  return encodeMessage({ countersignature });
}

const unknown = (): CarelatticeError =>
  new CarelatticeError('PatientUnknown', 'this patient is not enrolled here');

const refused = (why: string): CarelatticeError => new CarelatticeError('EnrollmentRefused', why);

function checkEnrollment(c: Components, request: EnrollmentRequest): void {
  const { networkId } = c.self.network;
  if (request.nodeId !== c.self.nodeId) throw refused('the enrolment names another node');
  const known = c.seen.authority(request.patientId);
  if (
    known === undefined &&
    patientIdOf(networkId, request.authority, request.idNonce) !== request.patientId
  ) {
    throw refused('the patient id does not follow from its authority');
  }
  if (known !== undefined && known !== request.authority)
    throw refused("the authority is not the patient's on chain");
  if (recoverAccount(enrollmentDigest(c, request), request.signature) !== request.authority) {
    throw refused("the enrolment is not signed by the patient's authority");
  }
  if (!holdsRelation(request.relation, c.self.nodeId, request.relationsDigest)) {
    throw refused('the relation is not under the digest that the patient will sign');
  }
  const newest = Math.max(
    c.seen.relations(request.patientId)?.seq ?? 0,
    c.holding.patient(request.patientId)?.seq ?? 0,
  );
  if (request.seq < newest || (request.seq === newest && isContradicted(c, request)))
    throw refused('the patient has signed something newer since; ask her client to enrol again');
}

/** Whether the chain shows other relations under this number. */
const isContradicted = (c: Components, { patientId, seq, relationsDigest }: EnrollmentRequest) => {
  const signed = c.seen.relationsAt(patientId, seq);
  return signed !== undefined && signed.digest !== relationsDigest;
};

/** The same request once more, after it took effect: the answer was lost, or somebody replays it. */
const isInEffect = (c: Components, { patientId, seq, relationsDigest }: EnrollmentRequest) =>
  c.holding.patient(patientId)?.state === 'enrolled' &&
  c.seen.relationsAt(patientId, seq)?.digest === relationsDigest;

const enrollmentDigest = (
  c: Components,
  request: Pick<EnrollmentRequest, 'patientId' | 'seq'>,
): Uint8Array =>
  typedDigest('Enrollment', c.self.network.federationId, {
    networkId: c.self.network.networkId,
    chainId: BigInt(c.self.network.chainId),
    patientId: request.patientId,
    nodeId: c.self.nodeId,
    seq: BigInt(request.seq),
  });

/** Type 13: new keys after an epoch step. @throws `PatientUnknown`, `AuthorityFrozen`, `OpeningFailed`, `ScopeUpdateStale` */
export async function takeScopeUpdate(c: Components, body: Uint8Array): Promise<Uint8Array> {
  const update = decodeMessage(scopeUpdate, body);
  const authority = c.seen.authority(update.patientId);
  if (authority === undefined || c.holding.patient(update.patientId) === undefined) throw unknown();
  await requireNotFrozen(c, update.patientId);
  const scopePackage = await openedPackage(c, authority, update);
  c.db.transaction(() => {
    // Read after the wait: the chain may have shown something meanwhile.
    const patient = c.holding.patient(update.patientId);
    if (patient === undefined) throw unknown();
    if (update.seq < patient.seq)
      throw new CarelatticeError('ScopeUpdateStale', 'newer keys are here already');
    c.holding.putPatient({
      ...patient,
      seq: update.seq,
      package: sealedPackage(c, withFormerKeys(c, patient, scopePackage)),
    });
  });
  return encodeMessage({ taken: true });
}

async function openedPackage(
  c: Components,
  authority: Hex,
  given: { patientId: Hex; seq: number; package: Hex; packageSignature: Hex },
): Promise<ScopePackage> {
  const keyPair = await deriveKemKeyPair(HYBRID_SUITE, c.self.kemSeed);
  const { federationId, networkId, chainId } = c.self.network;
  const address = { networkId, chainId: BigInt(chainId), nodeId: c.self.nodeId };
  const sealed = fromHex(given.package);
  const message = {
    ...address,
    patientId: given.patientId,
    seq: BigInt(given.seq),
    packageHash: packageHashOf(sealed),
  };
  return openScopePackage({ message, signature: given.packageSignature, sealed }, keyPair, {
    federationId,
    authority,
    address,
  });
}
