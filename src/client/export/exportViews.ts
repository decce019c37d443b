import type { Bundle, Resource } from '@medplum/fhirtypes';
import { auditEventView, type AccessToShow } from '../../fhir/views/auditEvent.ts';
import { consentView } from '../../fhir/views/consent.ts';
import { patientSummary } from '../../fhir/views/patientSummary.ts';
import { provenanceView } from '../../fhir/views/provenance.ts';
import { toHex } from '../../hash/bytes.ts';
import { consentDigest } from '../../wire/consent.ts';
import { typedDigest } from '../../wire/typedData.ts';
import {
  itemsOf,
  type ExportedRecord,
  type ExportHead,
  type ExportItem,
  type ItemOf,
} from './exportItems.ts';
import type { Signers } from './exportSigners.ts';
import { isProven, judgedLog } from './verifyLogs.ts';

type Names = Pick<Signers, 'nameOf' | 'isSigned'>;

/**
 * The FHIR of an export, made of its other lines alone, so that anybody can make it again: the patient summary, then
 * what each consent, record and proven access is.
 */
export function exportViews(
  head: ExportHead,
  items: readonly ExportItem[],
  names: Names,
): Resource[] {
  return [
    summaryOf(head, itemsOf(items, 'record')),
    ...itemsOf(items, 'consent').map((one) => consentOf(head, one)),
    ...itemsOf(items, 'record').map((one) => provenanceOf(head, one, names)),
    ...itemsOf(items, 'log').flatMap((one) => accessesOf(head, one, names)),
  ];
}

/** Records that no other one takes the place of, newest first; what was entered in error is none. */
export function currentRecords<R extends Pick<ExportedRecord, 'message'>>(
  records: readonly R[],
): R[] {
  const replaced = new Set(records.map(({ message }) => message.previousVersion));
  return records
    .filter(({ message }) => !replaced.has(message.recordId))
    .filter(({ message }) => message.status !== 'entered-in-error')
    .map((record, index) => ({ record, index }))
    .sort((a, b) => {
      const [one, other] = [a.record.message.recordedAt, b.record.message.recordedAt];
      return one === other ? b.index - a.index : one < other ? 1 : -1;
    })
    .map(({ record }) => record);
}

function summaryOf(head: ExportHead, records: readonly ExportedRecord[]): Bundle {
  const bundles = currentRecords(records).flatMap(({ bundle }) => (isBundle(bundle) ? bundle : []));
  const { language, block, patientId } = head;
  return patientSummary(bundles, { language, composedAt: block.time, pseudonym: patientId });
}

/** Its author's node validated it before it was sealed. */
const isBundle = (value: unknown): value is Bundle =>
  typeof value === 'object' &&
  value !== null &&
  'resourceType' in value &&
  value.resourceType === 'Bundle';

function consentOf(head: ExportHead, one: ItemOf<'consent'>): Resource {
  const { consent, signer, signature, status } = one;
  return consentView({
    consent,
    digest: consentDigest(head.federationId, consent),
    signer,
    signature,
    status,
    network: consent.own,
    at: head.block.time,
  });
}

function provenanceOf(
  { federationId }: ExportHead,
  { message, signature, anchor }: ExportedRecord,
  { nameOf }: Names,
): Resource {
  const authorName = nameOf(message.author);
  return provenanceView({
    message,
    signature,
    anchor,
    digest: toHex(typedDigest('Record', federationId, message)),
    ...(authorName === undefined ? {} : { authorName }),
  });
}

function accessesOf(head: ExportHead, log: ItemOf<'log'>, names: Names): Resource[] {
  const { receipts } = judgedLog(head, log, names);
  return log.openings
    .filter((opening) => isProven(receipts, opening))
    .map(({ receipt, request, released, time }) => {
      const [readerName, holderName] = [names.nameOf(receipt.reader), names.nameOf(log.holder)];
      const view: AccessToShow = {
        receipt,
        receiptDigest: toHex(typedDigest('AccessReceipt', head.federationId, receipt)),
        recordedAt: time,
        patientId: head.patientId,
        isReleased: released,
        ...(request === undefined ? {} : { request: request.message }),
        ...(readerName === undefined ? {} : { readerName }),
        ...(holderName === undefined ? {} : { holderName }),
      };
      return auditEventView(view);
    });
}
