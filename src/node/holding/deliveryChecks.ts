import { deliveryLeafOf } from '../../domain/deliveries.ts';
import { holdsRelation } from '../../domain/relations.ts';
import { fold, type HistoryState, isHandleUnder, isLeafUnder } from '../../domain/sharingTable.ts';
import { CarelatticeError } from '../../errors.ts';
import { fromHex, type Hex } from '../../hash/bytes.ts';
import { isInTree } from '../../hash/merkleTree.ts';
import type { SeenSeal } from '../../journal/chainTables.ts';
import type { HeldRecord } from '../../journal/holdingTables.ts';
import type { DeliveryList } from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { isSignedByAuthor } from './authorSignature.ts';
import { isEarlierMissing, toldBefore } from './historyGaps.ts';

type PatientPart = DeliveryList['patients'][number];
type Checker = Pick<Components, 'seen' | 'holding' | 'nodes' | 'self' | 'windows' | 'now'>;

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

/** Batches of which it is known whether their author signed them: the signature is the same for all records of a batch. */
const signed = new WeakMap<DeliveryList['batches'][number], boolean>();

function isBatchSigned(c: Checker, author: Hex, batch: DeliveryList['batches'][number]): boolean {
  const isSigned = signed.get(batch) ?? isSignedByAuthor(c, author, batch);
  signed.set(batch, isSigned);
  return isSigned;
}

const hashes = (path: readonly Hex[]): Uint8Array[] => path.map((hash) => fromHex(hash, 32));

/** A list follows what is known, or stands behind one that never came, or is the one that was missed. */
function isContinued(
  c: Checker,
  told: HistoryState,
  known: HistoryState & { missing?: number },
  delivered: number,
  [first]: readonly HeldRecord[],
): boolean {
  if (told.count === known.count) return told.historyHead === known.historyHead;
  const request = first?.request ?? 0;
  if (told.count < known.count) {
    const [newest] = first === undefined ? [] : c.holding.timeline(first.patientId, 1);
    return (known.missing ?? 0) >= delivered && (newest?.request ?? 0) > request;
  }
  return isEarlierMissing(c, c.seen.sealOf(request)?.from ?? 0);
}

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
    const hidden = patient.relation.handles.find(
      (handle) =>
        (c.holding.history(patient.patientId, handle)?.count ?? 0) > 0 &&
        !patient.afterHandles.some((after) => after.handle === handle),
    );
    if (hidden !== undefined) {
      throw new CarelatticeError(
        'HistoryShort',
        'the new leaf does not show a history that this node knows',
      );
    }
    for (const after of patient.afterHandles) {
      const own = records.filter((record) => record.handle === after.handle);
      const told = toldBefore(patient, after.handle);
      const known = c.holding.history(patient.patientId, after.handle) ?? told;
      if (!isContinued(c, told, known, own.length, records)) {
        throw new CarelatticeError(
          'HistoryRewritten',
          'the history in the old leaf is not the one this node knows',
          {
            facts: { known: known.count, told: told.count },
          },
        );
      }
      const grown = fold(told, own);
      if (grown.count !== after.count || grown.historyHead !== after.historyHead) {
        throw new CarelatticeError(
          'HistoryShort',
          'the delivered records do not lead to the new leaf',
          {
            facts: { delivered: own.length, expected: after.count - told.count },
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
    const batch = entry === undefined ? undefined : list.batches[entry.batch];
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
    if (batch === undefined || !isBatchSigned(c, record.author, batch)) {
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
