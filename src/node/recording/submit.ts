import { sealAtRest } from '../../crypto/atRest.ts';
import { sealRecordBytes, type SealedRecord } from '../../crypto/record.ts';
import { signDigest } from '../../crypto/signatures.ts';
import { CarelatticeError } from '../../errors.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { labelledHash } from '../../hash/labelled.ts';
import { sha256 } from '#sha256';
import type { AuthoredRecord, Submission } from '../../journal/authorTables.ts';
import type { OwnPatient } from '../../journal/holdingTables.ts';
import { typedDigest } from '../../wire/typedData.ts';
import type { ScopeEntry } from '../../wire/scopePackage.ts';
import type { Components } from '../components.ts';
import { findPatient, keyIdOf, packageOf } from '../holding/patients.ts';
import { batchKeyOf } from './batchKeys.ts';
import type { ReadSubmission } from './readSubmission.ts';
import { amendable, type Draft, draftsOf, NO_VERSION } from './recordVersions.ts';

/** Step 1 of shared storage: a bundle becomes sealed records in this node's store, waiting for the next storage request. */

export interface Accepted {
  submission: Submission;
  records: AuthoredRecord[];
}

export interface SubmitOptions {
  /** Ids of own records that the bundle's records of the same category replace. */
  amends?: readonly Hex[];
}

/**
 * Takes a bundle once: the same key and content give the same answer.
 * @throws `FhirRejected`, `SubmissionConflict`, `PatientUnknown`, `PatientAmbiguous`, `PatientNotEnrolled`,
 * `ScopeKeyOutdated`, `StoreFull`, and as `draftsOf`
 */
export async function submit(
  c: Components,
  read: ReadSubmission,
  bundle: Uint8Array,
  key: string,
  { amends = [] }: SubmitOptions = {},
): Promise<Accepted> {
  const bytes =
    amends.length === 0
      ? sha256(bundle)
      : labelledHash('amendment', bundle, ...amends.map((recordId) => fromHex(recordId, 16)));
  const digest = toHex(bytes);
  const earlier = c.author.submission(key);
  if (earlier !== undefined) return repeated(c, earlier, digest);

  const { identifiers, records, resources } = await read(bundle);
  const patient = findPatient(c, identifiers);
  const drafts = draftsOf(c, patient.patientId, records, amends);
  return submitDrafts(c, patient, drafts, { key, digest, resources });
}

/** Seals and keeps what is to be shared, once for a key. @throws as `submit` */
export async function submitDrafts(
  c: Components,
  patient: OwnPatient,
  drafts: readonly Draft[],
  about: Omit<Submission, 'anchors'>,
): Promise<Accepted> {
  const { key, digest } = about;
  const sealed: Sealed[] = [];
  for (const group of byCategory(drafts)) sealed.push(...(await sealGroup(c, patient, group)));
  const authored = await store(c, sealed, key);
  const submission = { ...about, anchors: authored.map(({ record }) => record.anchor) };
  try {
    const meanwhile = c.author.submission(key);
    if (meanwhile === undefined) {
      c.db.transaction(() => {
        for (const { previousVersion } of drafts)
          if (previousVersion !== NO_VERSION) amendable(c, previousVersion, patient.patientId);
        c.author.addSubmission(submission, authored);
      });
    } else {
      await giveUp(c, authored);
      return repeated(c, meanwhile, digest);
    }
  } catch (error) {
    await giveUp(c, authored);
    throw error;
  }
  await c.reached('recording: sealed');
  return { submission, records: authored.map(({ record }) => record) };
}

/** The same bundle, or another new version of the same record, came at the same time: what was sealed second goes. */
async function giveUp(c: Components, authored: readonly { record: AuthoredRecord }[]) {
  for (const { record } of authored) {
    await c.store.unpin(record.anchor, record.recordCid);
    await c.store.unpin(record.anchor, record.wrapCid);
  }
}

/** @throws `SubmissionConflict` */
export function repeated(c: Components, earlier: Submission, digest: Hex): Accepted {
  if (earlier.digest !== digest) {
    throw new CarelatticeError(
      'SubmissionConflict',
      'this idempotency key was used for another bundle; take a new key',
      {
        facts: { key: earlier.key },
      },
    );
  }
  return {
    submission: earlier,
    records: earlier.anchors.flatMap((anchor) => c.author.authored(anchor) ?? []),
  };
}

function byCategory(drafts: readonly Draft[]): Draft[][] {
  const groups = new Map<string, Draft[]>();
  for (const draft of drafts) {
    const { category } = draft.source;
    groups.set(category, [...(groups.get(category) ?? []), draft]);
  }
  return [...groups.values()];
}

interface Sealed {
  draft: Draft;
  patientId: Hex;
  scopeKey: ScopeEntry;
  object: Uint8Array;
  record: SealedRecord;
  wrap: Uint8Array;
  batchSecret: Uint8Array;
}

async function sealGroup(
  c: Components,
  patient: OwnPatient,
  group: readonly Draft[],
): Promise<Sealed[]> {
  const [first] = group;
  if (first === undefined) return [];
  const scopeKey = currentScopeKey(c, patient, first.source.category);
  const { batchSecret, wrap } = await batchKeyOf(c, scopeKey);
  const sealed: Sealed[] = [];
  for (const draft of group) {
    const { object, sealed: record } = await sealOne(c, draft, scopeKey, batchSecret);
    sealed.push({
      draft,
      patientId: patient.patientId,
      scopeKey,
      object,
      record,
      wrap,
      batchSecret,
    });
  }
  return sealed;
}

/** Ciphertext first, then the journal: what the journal names is in the store. Each record owns its object and its wrap. */
async function store(
  c: Components,
  sealed: readonly Sealed[],
  submission: string,
): Promise<{ record: AuthoredRecord; keys: Uint8Array }[]> {
  const places = await c.store.putMany(
    sealed.flatMap(({ record, object, wrap }) => [
      { owner: record.anchor, source: object },
      { owner: record.anchor, source: wrap },
    ]),
  );
  return sealed.map(({ draft, patientId, scopeKey, record, batchSecret }, index) => {
    const { source, status, previousVersion } = draft;
    const [content, wrap] = [places[2 * index], places[2 * index + 1]];
    if (content === undefined || wrap === undefined)
      throw new Error('the store answers for every content');
    return {
      record: {
        recordId: record.recordId,
        patientId,
        scopeKeyId: keyIdOf(scopeKey),
        handle: scopeKey.handle,
        anchor: record.anchor,
        recordSalt: record.recordSalt,
        recordCid: content.cid,
        recordSize: content.size,
        wrapCid: wrap.cid,
        wrapSize: wrap.size,
        submission,
        category: source.category,
        resourceTypes: [...source.resourceTypes],
        sealedAt: c.now(),
        ...(previousVersion === NO_VERSION ? {} : { previousVersion, status }),
      },
      keys: sealAtRest(c.self.journalKey, 'batch-secret', batchSecret),
    };
  });
}

/** @throws `ScopeKeyMissing`, `ScopeKeyOutdated` */
function currentScopeKey(c: Components, patient: OwnPatient, category: string): ScopeEntry {
  const scopeKey = packageOf(c, patient).scopes.find((key) => key.category === category);
  if (scopeKey === undefined) {
    throw new CarelatticeError(
      'ScopeKeyMissing',
      'the patient gave this node no key for this category; ask her client for it',
      {
        facts: { category },
      },
    );
  }
  const onChain = c.seen.scopeEpoch(patient.patientId, scopeKey.handle);
  if (onChain !== undefined && onChain.epoch > scopeKey.epoch) {
    throw new CarelatticeError(
      'ScopeKeyOutdated',
      "the patient's key for this category has stepped; hand the bundle in again when hers has come",
      {
        facts: { category, epoch: scopeKey.epoch, current: onChain.epoch },
        retryable: true,
      },
    );
  }
  return scopeKey;
}

function sealOne(
  c: Components,
  { source: record, status, previousVersion }: Draft,
  scopeKey: ScopeEntry,
  batchSecret: Uint8Array,
) {
  const { federationId, networkId, chainId } = c.self.network;
  return sealRecordBytes(
    {
      batchSecret,
      scopeKeyId: keyIdOf(scopeKey),
      suite: scopeKey.suite,
      description: {
        networkId,
        chainId: BigInt(chainId),
        author: c.self.nodeId,
        keyEpoch: c.self.keyEpoch,
        category: record.category,
        resourceTypes: record.resourceTypes,
        sensitivity: record.sensitivity,
        status,
        recordedAt: BigInt(c.now()),
        eventFrom: BigInt(record.eventFrom),
        eventTo: BigInt(record.eventTo),
        previousVersion,
        mediaType: record.mediaType,
      },
      sign: (message) =>
        signDigest(c.self.signingKey, typedDigest('Record', federationId, message)),
    },
    record.body,
    c.random,
  );
}
