import { deliveryLeafOf } from '../../domain/deliveries.ts';
import { holdsRelation } from '../../domain/relations.ts';
import { fold, isHandleUnder, isLeafUnder, NO_HISTORY } from '../../domain/sharingTable.ts';
import { CarelatticeError } from '../../errors.ts';
import { fromHex, type Hex } from '../../hash/bytes.ts';
import { isInTree } from '../../hash/merkleTree.ts';
import type { SeenSeal } from '../../journal/chainTables.ts';
import type { HeldRecord } from '../../journal/holdingTables.ts';
import type { DeliveryList } from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { isSignedByAuthor } from './authorSignature.ts';

type PatientPart = DeliveryList['patients'][number];
type Checker = Pick<Components, 'seen' | 'holding' | 'nodes' | 'self' | 'windows'>;

/**
 * What a holder checks before it takes a record: a function per promise, so that a test can take one out and must then
 * fail. Each throws an error that names what is wrong; the records are refused and the alarm is raised.
 */
export interface DeliveryChecks {
  /** The list is the one that the seal promised to this node. */
  listIsPromised(c: Checker, list: DeliveryList, seal: SeenSeal): void;
  /** The patient's leaf before and after stands under the two roots of the seal. */
  patientIsProven(c: Checker, patient: PatientPart, seal: SeenSeal): void;
  /** The patient's signed relation to this node was current on chain. */
  relationStands(c: Checker, patient: PatientPart, seal: SeenSeal): void;
  /** Count and head grow by exactly these records. */
  historyGrows(c: Checker, patient: PatientPart, records: readonly HeldRecord[]): void;
  /** The author's node anchored and signed the batch that holds this record. */
  batchIsAuthors(c: Checker, list: DeliveryList, record: HeldRecord): void;
  /** No record is known under two anchors. */
  anchorIsNew(c: Checker, record: HeldRecord): void;
}

const hashes = (path: readonly Hex[]): Uint8Array[] => path.map((hash) => fromHex(hash, 32));

export const deliveryChecks: DeliveryChecks = {
  listIsPromised(c, list, seal) {
    const leaf = deliveryLeafOf(list, c.self.nodeId, seal.from, seal.to);
    if (!isInTree(leaf, hashes(list.path), fromHex(seal.deliveriesRoot, 32))) {
      throw new CarelatticeError(
        'DeliveryNotPromised',
        'the delivery list is not under the deliveries root of its seal',
      );
    }
  },

  patientIsProven(_c, patient, seal) {
    const proven =
      isLeafUnder(patient.patientId, patient.before, patient.beforeProof, seal.prevRoot) &&
      isLeafUnder(patient.patientId, patient.after, patient.afterProof, seal.newRoot) &&
      patient.after.version === (patient.before?.version ?? 0) + 1;
    if (!proven) {
      throw new CarelatticeError(
        'LeafNotProven',
        "the patient's leaf does not stand under the roots of the seal",
      );
    }
    const handles =
      patient.afterHandles.every((handle) => isHandleUnder(handle, patient.after.handlesRoot)) &&
      patient.beforeHandles.every(
        (handle) =>
          patient.before !== undefined && isHandleUnder(handle, patient.before.handlesRoot),
      );
    if (!handles)
      throw new CarelatticeError(
        'HandleNotProven',
        "a handle does not stand in the patient's leaf",
      );
  },

  relationStands(c, patient, seal) {
    const { relationsSeq, relationsDigest } = patient.after;
    const signed = c.seen.relationsAt(patient.patientId, relationsSeq);
    const current = c.seen.relationsBefore(patient.patientId, seal.block);
    const wasCurrent =
      signed?.digest === relationsDigest &&
      signed.block <= seal.block &&
      (current?.seq === relationsSeq ||
        (current !== undefined && current.time + c.windows.roundSeconds >= seal.time));
    if (!wasCurrent) {
      throw new CarelatticeError(
        'RelationNotCurrent',
        'the relations in the leaf are not the ones that the patient signed last',
      );
    }
    if (!holdsRelation(patient.relation, c.self.nodeId, relationsDigest)) {
      throw new CarelatticeError(
        'RelationNotProven',
        'the patient did not sign a relation to this node',
      );
    }
  },

  historyGrows(c, patient, records) {
    for (const after of patient.afterHandles) {
      const own = records.filter((record) => record.handle === after.handle);
      const told =
        patient.beforeHandles.find((handle) => handle.handle === after.handle) ?? NO_HISTORY;
      const known = c.holding.history(patient.patientId, after.handle) ?? told;
      const grown = fold(known, own);
      if (known.count !== told.count || known.historyHead !== told.historyHead) {
        throw new CarelatticeError(
          'HistoryRewritten',
          'the history in the old leaf is not the one this node knows',
          {
            facts: { known: known.count, told: told.count },
          },
        );
      }
      if (grown.count !== after.count || grown.historyHead !== after.historyHead) {
        throw new CarelatticeError(
          'HistoryShort',
          'the delivered records do not lead to the new leaf',
          {
            facts: { delivered: own.length, expected: after.count - known.count },
          },
        );
      }
    }
    if (
      records.some(
        (record) => !patient.afterHandles.some((handle) => handle.handle === record.handle),
      )
    ) {
      throw new CarelatticeError(
        'HistoryShort',
        'a delivered record has no handle in the new leaf',
      );
    }
  },

  batchIsAuthors(c, list, record) {
    const request = c.seen.request(record.request);
    const entry = list.entries.find(({ anchor }) => anchor === record.anchor);
    const batch = list.batches.find(({ request: number }) => number === record.request);
    const anchored =
      request?.nodeId === record.author &&
      request.batchRoot === record.batchRoot &&
      entry !== undefined &&
      isInTree(fromHex(record.anchor, 32), hashes(entry.batchPath), fromHex(record.batchRoot, 32));
    if (!anchored) {
      throw new CarelatticeError(
        'BatchNotAnchored',
        'the record is not under a batch root that its author anchored',
      );
    }
    if (batch === undefined || !isSignedByAuthor(c, record.author, batch)) {
      throw new CarelatticeError(
        'BatchNotSigned',
        'the batch is not signed by the node of its author',
      );
    }
  },

  anchorIsNew(c, record) {
    const known = c.holding.heldById(record.recordId);
    if (known !== undefined && known.anchor !== record.anchor) {
      throw new CarelatticeError('AnchorContradicts', 'this record is known under another anchor');
    }
  },
};
