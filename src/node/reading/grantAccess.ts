import {
  CONSENT_STATE,
  type ConsentUse,
  consentRefusal,
  HIGHEST_EPOCH,
  recordRefusal,
} from '../../domain/consentRules.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { HeldRecord } from '../../journal/holdingTables.ts';
import { consentDigest, guardianshipDigest, type ShownConsent } from '../../wire/consent.ts';
import { ACCESS } from '../../wire/consentForm.ts';
import type { ReadPackage } from '../../wire/readPackage.ts';
import type { Components } from '../components.ts';
import { contentOf } from '../holding/openHeld.ts';
import { packageOf } from '../holding/patients.ts';
import type { Access, ProvenRequest, Standing } from './access.ts';
import { logReceipt } from './logReceipt.ts';
import { countRead, requireReadQuota } from './readQuota.ts';
import { isServed, nothingAllowed, statusAt } from './standing.ts';

/** A first request under a consent: every check of it, what it allows of what is held here, and the receipt. */

/** Records looked at for one request. */
const MOST = 100_000;

/**
 * @throws `BasisMismatch`, `NothingAllowed`, `TooManyRequests`, `NotGranted` (retryable while the grant is not final), and the refusals of
 * `consentRefusal`
 */
export async function grantAccess(
  c: Components,
  asked: ProvenRequest,
  shown: ReadPackage,
): Promise<Access> {
  const { consent } = shown;
  const digest = consentDigest(c.self.network.federationId, consent);
  if (digest !== asked.request.basis) {
    throw new CarelatticeError('BasisMismatch', 'the request was signed for another consent');
  }
  const standings = standingsOf(c, shown, digest);
  const block = await c.head();
  const use = await useOf(c, asked, shown, standings, Math.max(block.time, c.now()));
  const refusal = consentRefusal(use);
  if (refusal !== undefined) throw refusal;
  await requireFinal(c, standings);
  const { patientId } = consent.own;
  requireReadQuota(c, asked, patientId);
  const patient = c.holding.patient(patientId);
  const anchors = await allowedRecords(c, consent, asked);
  if (patient === undefined || !isServed(c, patientId) || anchors.length === 0) {
    countRead(c, asked, patientId);
    throw nothingAllowed();
  }
  const { request, digest: requestDigest } = asked;
  const access = c.db.transaction(() => {
    // The same request may have come twice at a time: it gets one receipt.
    const meanwhile = c.receipts.accessOf<Access>(requestDigest);
    if (meanwhile !== undefined) return meanwhile;
    // Others may have come while the records were looked at.
    requireReadQuota(c, asked, patientId);
    countRead(c, asked, patientId);
    const place = logReceipt(c, {
      patientId: patient.patientId,
      accessKey: packageOf(c, patient).accessKey,
      request,
      requestDigest,
      anchors,
      block,
    });
    const granted: Access = {
      state: 'logged',
      requestDigest,
      reader: request.reader,
      patientId: patient.patientId,
      basis: digest,
      standings,
      authority: consent.patient,
      anchors,
      place,
      until: Math.min(request.expiry, endOf(shown)),
    };
    c.receipts.putAccess(requestDigest, granted);
    return granted;
  });
  await c.reached('reading: logged');
  c.log('access granted', { reader: asked.reader.name, records: anchors.length });
  return access;
}

/** The first second in which the consent, or the guardianship above it, holds no more. */
function endOf({ consent, guardianship }: ReadPackage): number {
  const last = [consent, guardianship?.message].map((one) => Number(one?.notAfter ?? Infinity));
  return 1 + Math.min(...last);
}

function standingsOf(c: Components, shown: ReadPackage, digest: Hex): Standing[] {
  const { consent, signer, guardianship } = shown;
  const own = { needs: 'granted', signer, digest, epoch: consent.epoch.toString() } as const;
  if (guardianship === undefined) return [own];
  const { message } = guardianship;
  const above = guardianshipDigest(c.self.network.federationId, message);
  const patient = message.patient;
  return [
    own,
    { needs: 'granted', signer: patient, digest: above, epoch: message.epoch.toString() },
    { needs: 'notRevoked', signer: patient, digest, epoch: HIGHEST_EPOCH.toString() },
  ];
}

async function useOf(
  c: Components,
  { request }: ProvenRequest,
  { consent, signer, guardianship }: ReadPackage,
  standings: readonly Standing[],
  chainTime: number,
): Promise<ConsentUse> {
  const { patientId } = consent.own;
  const [authority, status, above, taken] = await Promise.all([
    c.contracts.patientRegistry.call('authorityOf', [patientId], 'latest'),
    ...standings.map((standing) => statusAt(c, standing, 'latest')),
  ]);
  if (status === undefined) throw new Error('a consent has its own standing');
  const guardian =
    guardianship === undefined || above === undefined || taken === undefined
      ? {}
      : {
          guardian: {
            message: guardianship.message,
            digest: standings[1]?.digest ?? '0x',
            status: above,
            consentStatus: taken,
          } as const,
        };
  return {
    consent,
    signer,
    status,
    ...guardian,
    own: {
      networkId: c.self.network.networkId,
      chainId: BigInt(c.self.network.chainId),
      registry: c.contracts.consents.address,
      patientId,
      authority: /^0x0*$/.test(authority) ? undefined : (authority as Hex), // lower-case hex of the contract's reader
      granteeOf: (nodeId) => c.nodes.byId(nodeId),
    },
    chainTime: BigInt(chainTime),
    reader: request.reader,
    purpose: request.purpose,
    action: ACCESS,
  };
}

/** Grants late, revocations early: what a reorganisation may take back gives no right yet. */
async function requireFinal(c: Components, standings: readonly Standing[]): Promise<void> {
  for (const standing of standings.filter(({ needs }) => needs === 'granted')) {
    const { state } = await statusAt(c, standing, c.seen.final());
    if (state === CONSENT_STATE.active) continue;
    throw new CarelatticeError('NotGranted', 'the consent is on the chain, but not final yet', {
      retryable: true,
    });
  }
}

/** The anchors of what is held here, may be opened here, and is allowed; newest first. */
async function allowedRecords(
  c: Components,
  consent: ShownConsent,
  { request }: ProvenRequest,
): Promise<Hex[]> {
  const { patientId } = consent.own;
  const allowed: Hex[] = [];
  for (const record of candidates(c, patientId, request.anchors)) {
    const content = await contentOf(c, record);
    if (content === undefined) continue;
    const facts = { ...content.message, anchor: record.anchor };
    if (recordRefusal(consent, request.reader, facts) === undefined) allowed.push(record.anchor);
  }
  return allowed;
}

function candidates(c: Components, patientId: Hex, anchors: readonly Hex[]): HeldRecord[] {
  if (anchors.length === 0) return c.holding.page(patientId, MOST);
  return [...new Set(anchors)]
    .map((anchor) => c.holding.held(anchor))
    .filter((record) => record?.patientId === patientId && record.state === 'held')
    .filter((record) => record !== undefined);
}
