import type { BlockRef } from '../../chain/blocks.ts';
import { cursorSchema } from '../../chain/cursor.ts';
import { kemKeyHash } from '../../crypto/derivations.ts';
import { deriveKemKeyPair } from '../../crypto/hpkeSealing.ts';
import type { OpenedRecord } from '../../crypto/openRecord.ts';
import { signDigest } from '../../crypto/signatures.ts';
import { CarelatticeError } from '../../errors.ts';
import { toHex, ZERO_32 } from '../../hash/bytes.ts';
import type { HeldRecord, OwnPatient } from '../../journal/holdingTables.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import type { Components } from '../components.ts';
import { openHeld } from '../holding/openHeld.ts';
import { packageOf } from '../holding/patients.ts';
import type { Access } from './access.ts';
import { logReceipt } from './logReceipt.ts';
import { readRequestDigest } from '../../wire/readDigests.ts';

/**
 * A hospital opens records of its own patient with the keys that she gave it: logged at once, anchored with the next
 * round. No chain and no other node can keep it from its patient.
 */

/** Seconds; an own opening is done as soon as it is logged. */
const LIFETIME = 60;

export interface OwnOpening {
  readonly record: HeldRecord;
  readonly opened: OpenedRecord;
}

/** @throws `PatientNotEnrolled`, and as `openHeld`; nothing is logged of what cannot be opened */
export async function openOwn(
  c: Components,
  patient: OwnPatient,
  records: readonly HeldRecord[],
  purpose = 'TREAT',
): Promise<OwnOpening[]> {
  if (patient.state !== 'enrolled') {
    throw new CarelatticeError(
      'PatientNotEnrolled',
      'the patient is not enrolled at this node (any more, or not yet on chain)',
      { facts: { state: patient.state } },
    );
  }
  const openings: OwnOpening[] = [];
  for (const record of records) openings.push({ record, opened: await openHeld(c, record) });
  if (openings.length === 0) return [];
  const { publicKey } = await deriveKemKeyPair(HYBRID_SUITE, c.self.kemSeed);
  const anchors = records.map(({ anchor }) => anchor);
  const basis = c.seen.relations(patient.patientId)?.digest ?? ZERO_32;
  const request = {
    holder: c.self.nodeId,
    reader: c.self.nodeId,
    basis,
    purpose,
    anchors,
    kemKeyId: kemKeyHash(publicKey),
    expiry: c.now() + LIFETIME,
    nonce: BigInt(toHex(c.random(16))).toString(),
  };
  const digest = readRequestDigest(c.self.network, request);
  const block = newestBlock(c);
  c.db.transaction(() => {
    const place = logReceipt(c, {
      patientId: patient.patientId,
      accessKey: packageOf(c, patient).accessKey,
      request: { ...request, signature: signDigest(c.self.signingKey, digest) },
      requestDigest: toHex(digest),
      anchors,
      block,
    });
    const access: Access = {
      state: 'released',
      requestDigest: toHex(digest),
      reader: c.self.nodeId,
      patientId: patient.patientId,
      basis,
      standings: [],
      authority: c.seen.authority(patient.patientId) ?? `0x${'00'.repeat(20)}`,
      anchors,
      place,
      until: request.expiry,
    };
    c.receipts.putAccess(access.requestDigest, access);
  });
  c.log('own records opened', { records: records.length });
  return openings;
}

/** The newest final block that this node has read: the chain is not asked, whatever state it is in. */
const newestBlock = (c: Components): BlockRef =>
  c.seen.cursor(cursorSchema)?.window.at(-1) ?? { number: c.seen.final(), hash: ZERO_32 };
