import { recoverAccount } from '../../crypto/signatures.ts';
import { CarelatticeError } from '../../errors.ts';
import { opensDigest } from '../../domain/relations.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { merkleRoot } from '../../hash/merkleTree.ts';
import {
  decodeMessage,
  encodeMessage,
  patientMessage,
  type PatientMessage,
  recordList,
  roundReport,
  type Settlement,
} from '../../wire/messages.ts';
import { typedDigest } from '../../wire/typedData.ts';
import type { Components } from '../components.ts';
import { requireNotFrozen } from '../holding/accountFreeze.ts';
import { isSignedByAuthor } from '../holding/authorSignature.ts';
import { isConsentMessage, requireQuota, tryConsentMessage } from './consentMessages.ts';
import { isAccountMessage, tryAccountMessage } from './accountMessages.ts';
import {
  addMessage,
  isKnown,
  OPEN_PATIENT,
  SCOPE_EPOCH,
  SET_RELATIONS,
  sharePatientMessage,
} from './sharePatients.ts';
import { receiptsTask, sendHolderCount } from './recordReceipts.ts';
import { tryRelationMessage } from './relationMessages.ts';

/** What arrives at the consensus node by courier. Every refusal names its reason to the sender. */

/** Type 20: the author's list behind its storage request. */
export function takeRecordList(c: Components, sender: Hex, body: Uint8Array): void {
  const list = decodeMessage(recordList, body);
  const request = c.seen.request(list.request);
  if (request === undefined) {
    throw new CarelatticeError('RequestUnknown', 'this storage request is not final here yet', {
      retryable: true,
    });
  }
  const anchors = list.records.map((record) => fromHex(record.anchor, 32));
  if (
    request.nodeId !== sender ||
    request.batchRoot !== list.batchRoot ||
    toHex(merkleRoot(anchors)) !== list.batchRoot
  ) {
    throw new CarelatticeError(
      'RecordListRefused',
      'the record list does not fit its storage request',
    );
  }
  if (list.records.some((record) => record.tagIndex >= request.paddedCount)) {
    throw new CarelatticeError(
      'RecordListRefused',
      'the record list names a tag that the query does not have',
    );
  }
  if (!isSignedByAuthor(c, sender, list)) {
    throw new CarelatticeError('RecordListRefused', 'the batch is not signed by its author');
  }
  c.consensus.addRecordList(list.request, sender, list);
}

/** Type 21: presence answers and settlements of one node. */
export function takeRoundReport(c: Components, sender: Hex, body: Uint8Array): void {
  const report = decodeMessage(roundReport, body);
  c.db.transaction(() => {
    for (const { request, bitmap } of report.answers) {
      const known = c.seen.request(request);
      if (known === undefined) {
        throw new CarelatticeError('RequestUnknown', 'this storage request is not final here yet', {
          retryable: true,
        });
      }
      if (fromHex(bitmap).length * 8 !== known.paddedCount) {
        throw new CarelatticeError(
          'AnswerRefused',
          'the answer does not have the size of its query',
          {
            facts: { request },
          },
        );
      }
      c.consensus.addAnswer(request, sender, bitmap);
    }
    for (const settlement of report.settlements) takeSettlement(c, sender, settlement);
  });
}

/** Before the range is posted the newest word counts; after it a late one changes only what the author is told. */
function takeSettlement(c: Components, sender: Hex, settlement: Settlement): void {
  const { from, to } = settlement;
  if (c.sender.receiptOf(receiptsTask(from, to)) === undefined) {
    c.consensus.addSettlement(sender, settlement);
    return;
  }
  c.consensus.addLateSettlement(sender, settlement);
  const seed = c.consensus.sealChange(from)?.seal?.seed;
  if (seed === undefined) return;
  for (let request = from; request <= to; request++) sendHolderCount(c, seed, request, from);
}

/** Type 12: a patient's message for the next `PatientBatch`, tried on the chain; the relation list is checked here. */
export async function takePatientMessage(c: Components, body: Uint8Array): Promise<Uint8Array> {
  if (c.active()?.nodeId !== c.self.nodeId) {
    throw new CarelatticeError(
      'NotActive',
      'this consensus node stands by; turn to the active one',
      { retryable: true },
    );
  }
  const message = decodeMessage(patientMessage, body);
  const { kind } = message;
  if (kind === SET_RELATIONS) checkRelationList(c, message);
  if (kind === SET_RELATIONS || kind === SCOPE_EPOCH)
    await requireNotFrozen(c, message.words[0] ?? message.patientId);
  if (isConsentMessage(message)) await tryConsentMessage(c, message);
  else if (isAccountMessage(message)) await tryAccountMessage(c, message);
  else if (kind < OPEN_PATIENT || kind > SCOPE_EPOCH)
    throw new CarelatticeError('MalformedBody', 'no patient’s message has this kind', {
      facts: { kind },
    });
  else if (!isKnown(c, message) && (await tryRelationMessage(c, message)) === 'stands')
    return TAKEN;
  c.db.transaction(() => {
    if (addMessage(c, message) !== 'new') return;
    // Who brings a message again takes nothing of the account's number.
    if (kind > SCOPE_EPOCH) requireQuota(c, message);
    sharePatientMessage(c, body);
  });
  return TAKEN;
}

const TAKEN = encodeMessage({ taken: true });

function checkRelationList(c: Components, message: PatientMessage): void {
  const [patientId, , digest] = message.words;
  const list = message.relations;
  if (
    patientId === undefined ||
    digest === undefined ||
    list === undefined ||
    !opensDigest(list, digest)
  ) {
    throw new CarelatticeError(
      'RelationsRefused',
      'the relation list does not open the digest that the patient signed',
    );
  }
  const { federationId, networkId, chainId } = c.self.network;
  for (const { nodeId, enrolledSeq, countersignature } of list) {
    const node = c.nodes.byId(nodeId);
    const digestOfEnrollment = typedDigest('Enrollment', federationId, {
      networkId,
      chainId: BigInt(chainId),
      patientId,
      nodeId,
      seq: BigInt(enrolledSeq),
    });
    if (
      node === undefined ||
      recoverAccount(digestOfEnrollment, countersignature) !== node.account
    ) {
      throw new CarelatticeError(
        'EnrollmentNotCountersigned',
        'a node of the list did not countersign the enrolment',
        {
          facts: { node: node?.name ?? nodeId },
        },
      );
    }
  }
}
