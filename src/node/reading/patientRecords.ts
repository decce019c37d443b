import type { HeldRecord } from '../../journal/holdingTables.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import { type OwnRecord, patientRecordsQuestion } from '../../wire/readMessages.ts';
import type { Components } from '../components.ts';
import { historiesOf, packageOf } from '../holding/patients.ts';
import { requirePatient } from './patientToken.ts';

/** The patient's own door: her records as this node holds them. The blocks come from the gateway, by her own request. */

/** As many as one answer names. */
const ABSENT = 1000;

/** Type 15. @throws `Unauthorized` */
export function patientRecords(c: Components, body: Uint8Array): Uint8Array {
  const { token, after, limit } = decodeMessage(patientRecordsQuestion, body);
  const patientId = requirePatient(c, token);
  const records = c.holding.page(patientId, limit, after).map(ownRecordOf);
  const patient = c.holding.patient(patientId);
  const handles = patient === undefined ? [] : packageOf(c, patient).relation.handles;
  const histories = historiesOf(c, patientId, handles);
  const absent = after === undefined ? c.holding.absent(patientId, ABSENT) : [];
  return encodeMessage({ records, absent, histories });
}

export const ownRecordOf = (record: HeldRecord): OwnRecord => ({
  anchor: record.anchor,
  recordId: record.recordId,
  recordSalt: record.recordSalt,
  scopeKeyId: record.scopeKeyId,
  recordCid: record.recordCid,
  recordSize: record.recordSize,
  author: record.author,
  handle: record.handle,
  wrapCid: record.rewrap?.cid ?? record.wrapCid,
  wrapSize: record.rewrap?.size ?? record.wrapSize,
  request: record.request,
  batch: record.batchProof && {
    ...record.batchProof,
    batchRoot: record.batchRoot,
    keyEpoch: record.authorKeyEpoch,
  },
});
