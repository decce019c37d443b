import { openAtRest } from '../../crypto/atRest.ts';
import { openRecord } from '../../crypto/openRecord.ts';
import { accountIn } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import { fromHex, type Hex, toHex, utf8 } from '../../hash/bytes.ts';
import { labelledHash } from '../../hash/labelled.ts';
import type { AuthoredRecord } from '../../journal/authorTables.ts';
import type { RecordMessage } from '../../wire/typedData.ts';
import type { Components } from '../components.ts';
import { amendable, type Draft } from './recordVersions.ts';
import { type Accepted, repeated, submitDrafts } from './submit.ts';

/**
 * Something should not have been written, or not about this patient: its author says so in a new version without content.
 * The old one stays where it was delivered until the patient has it erased.
 */

/** A record needs a body; this one says nothing. */
const NO_CONTENT = utf8('{"resourceType":"Bundle","type":"collection"}');

/**
 * Marks own records of one patient, once for a key.
 * @throws `NotOwnRecord`, `RecordErased`, `AlreadyAmended`, `NothingToAmend`, `SubmissionConflict`, `PatientNotEnrolled`,
 * and as `submit`
 */
export async function enterInError(
  c: Components,
  recordIds: readonly Hex[],
  key: string,
): Promise<Accepted> {
  const digest = toHex(labelledHash('in-error', ...recordIds.map((one) => fromHex(one, 16))));
  const earlier = c.author.submission(key);
  if (earlier !== undefined) return repeated(c, earlier, digest);
  const [first, ...others] = [...new Set(recordIds)].map((one) => amendable(c, one));
  if (first === undefined)
    throw new CarelatticeError('NothingToAmend', 'name the records that are in error');
  for (const { recordId } of others) amendable(c, recordId, first.patientId);
  const patient = c.holding.patient(first.patientId);
  if (patient?.state !== 'enrolled') {
    throw new CarelatticeError(
      'PatientNotEnrolled',
      'the patient is not enrolled at this node any more: nothing new about her is shared',
      { facts: { state: patient?.state ?? 'unknown' } },
    );
  }
  const drafts: Draft[] = [];
  for (const record of [first, ...others]) drafts.push(await draftOf(c, record));
  return submitDrafts(c, patient, drafts, { key, digest, resources: 0 });
}

/** As the old version in all that decides who may read it. */
async function draftOf(c: Components, record: AuthoredRecord): Promise<Draft> {
  const { resourceTypes, sensitivity, eventFrom, eventTo } = await messageOf(c, record);
  return {
    source: {
      category: record.category as Draft['source']['category'], // written by this node from a FhirRecord
      sensitivity: [...sensitivity],
      resourceTypes: [...resourceTypes],
      eventFrom: Number(eventFrom),
      eventTo: Number(eventTo),
      body: NO_CONTENT,
      mediaType: 'application/fhir+json',
    },
    status: 'entered-in-error',
    previousVersion: record.recordId,
  };
}

/** What this node signed of its own record, opened with the keys that an author keeps. */
async function messageOf(c: Components, record: AuthoredRecord): Promise<RecordMessage> {
  const { federationId, networkId, chainId } = c.self.network;
  const keys = c.author.keysOf(record.anchor);
  if (keys === undefined) throw new Error('an author keeps the keys of what is not erased');
  const self = c.nodes.byId(c.self.nodeId);
  const { message } = await openRecord(() => c.store.get(record.recordCid, record.recordSize), {
    ...record,
    federationId,
    key: { batchSecret: openAtRest(c.self.journalKey, 'batch-secret', keys) },
    origin: { networkId, chainId: BigInt(chainId), author: c.self.nodeId },
    signingAccountOf: (keyEpoch) => self && accountIn(self, keyEpoch),
  });
  return message;
}
