import { assemble } from '../../domain/parts.ts';
import { fold, NO_HISTORY } from '../../domain/sharingTable.ts';
import { CarelatticeError, messageOf } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import { toHex } from '../../hash/bytes.ts';
import { merkleTree } from '../../hash/merkleTree.ts';
import { entryLeafOf } from '../../domain/deliveries.ts';
import type { SeenSeal } from '../../journal/chainTables.ts';
import type { HeldRecord } from '../../journal/holdingTables.ts';
import {
  decodeMessage,
  type DeliveryList,
  deliveryList,
  deliveryPart,
} from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import type { DeliveryChecks } from './deliveryChecks.ts';

/** Step 4 of shared storage, at the node that gets its list: put together, checked, and noted as due. */

/** Type 40: one part; padding carries none. */
export function takePart(c: Components, body: Uint8Array): void {
  const part = decodeMessage(deliveryPart, body);
  if (part.parts === 0) return;
  c.db.transaction(() => {
    if (
      c.holding.delivery(part.from) !== undefined &&
      c.holding.delivery(part.from)?.state !== 'receiving'
    )
      return;
    c.holding.addPart(part);
    c.holding.putDelivery({ from: part.from, to: part.to, state: 'receiving' });
  });
}

/** Checks every list whose parts are all there, oldest first, and says how many it took. */
export function takeDeliveries(c: Components, checks: DeliveryChecks): number {
  let taken = 0;
  for (const { from, to } of c.holding.deliveriesIn('receiving')) {
    const seal = c.seen.sealOf(from);
    const { expected, parts } = c.holding.parts(from);
    if (seal?.from !== from || seal.to !== to || parts.filter(Boolean).length < expected) continue;
    const list = decodeMessage(deliveryList, assemble(parts, expected));
    c.db.transaction(() => {
      takeList(c, list, seal, checks);
      c.holding.putDelivery({ from, to, state: 'checked' });
      c.holding.dropParts(from);
    });
    taken++;
  }
  return taken;
}

function takeList(c: Components, list: DeliveryList, seal: SeenSeal, checks: DeliveryChecks): void {
  try {
    checks.listIsPromised(c, list, seal);
  } catch (error) {
    refuseAll(c, list, seal, error);
    return;
  }
  const leaves = merkleTree(list.entries.map((entry) => entryLeafOf(entry, list.batches)));
  for (const patient of list.patients) {
    const due = list.entries.flatMap((entry, index) =>
      entry.patientId === patient.patientId
        ? [heldOf(list, index, seal, leaves.proof(index).map(toHex))]
        : [],
    );
    try {
      checks.patientIsProven(c, patient, seal);
      checks.relationStands(c, patient, seal);
      checks.historyGrows(c, patient, due);
      for (const record of due) {
        checks.batchIsAuthors(c, list, record);
        checks.anchorIsNew(c, record);
        c.holding.addHeld(record);
      }
      for (const { handle } of patient.afterHandles) rememberHistory(c, patient, handle, due);
    } catch (error) {
      if (!(error instanceof CarelatticeError)) throw error;
      for (const record of due)
        c.holding.addHeld({ ...record, state: 'refused', reason: error.code });
      alarm(c, seal, error);
    }
  }
}

function refuseAll(c: Components, list: DeliveryList, seal: SeenSeal, error: unknown): void {
  if (!(error instanceof CarelatticeError)) throw error;
  list.entries.forEach((_, index) => {
    c.holding.addHeld({ ...heldOf(list, index, seal, []), state: 'refused', reason: error.code });
  });
  alarm(c, seal, error);
}

function alarm(c: Components, seal: SeenSeal, error: CarelatticeError): void {
  c.holding.addAlarm(error.code, seal.from, messageOf(error), c.self.nodeId);
}

function heldOf(list: DeliveryList, index: number, seal: SeenSeal, entryPath: Hex[]): HeldRecord {
  const entry = list.entries[index];
  const batch = entry === undefined ? undefined : list.batches[entry.batch];
  const patient = list.patients.find(({ patientId }) => patientId === entry?.patientId);
  if (entry === undefined || batch === undefined || patient === undefined) {
    throw new CarelatticeError(
      'DeliveryMalformed',
      'an entry of the delivery list has no batch or patient',
    );
  }
  const { salt, batch: _, batchPath: __, peers, ...record } = entry;
  return {
    ...record,
    request: batch.request,
    author: batch.author,
    authorKeyEpoch: batch.keyEpoch,
    batchRoot: batch.batchRoot,
    state: 'due',
    peers,
    attempts: 0,
    ground: {
      kind: 'delivery',
      entry: { salt, request: batch.request, anchor: entry.anchor },
      entryPath,
      range: { salt: list.salt, from: seal.from, to: seal.to, digest: listDigestOf(list) },
      rangePath: list.path,
      relation: patient.relation,
    },
  };
}

const listDigestOf = (list: DeliveryList): Hex =>
  toHex(merkleTree(list.entries.map((entry) => entryLeafOf(entry, list.batches))).root);

/** What this node knows of the handle's history now; what was sealed before it was enrolled counts as missing. */
function rememberHistory(
  c: Components,
  patient: DeliveryList['patients'][number],
  handle: Hex,
  due: readonly HeldRecord[],
): void {
  const own = due.filter((record) => record.handle === handle);
  const known = c.holding.history(patient.patientId, handle);
  const before = patient.beforeHandles.find((state) => state.handle === handle) ?? NO_HISTORY;
  const { count, historyHead } = known ?? before;
  c.holding.setHistory(patient.patientId, handle, {
    ...fold({ count, historyHead }, own),
    missing: known?.missing ?? before.count,
  });
}
