import { assemble } from '../../domain/parts.ts';
import { CarelatticeError, messageOf } from '../../errors.ts';
import { type Hex, toHex, ZERO_32 } from '../../hash/bytes.ts';
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
import { isGap, rememberHistory, waitsForEarlier } from './historyGaps.ts';

/** Step 4 of shared storage, at the node that gets its list: put together, checked, and noted as due. */

/** Type 40: one part; padding carries none. */
export function takePart(c: Components, body: Uint8Array): void {
  const part = decodeMessage(deliveryPart, body);
  if (part.parts === 0) return;
  if (part.part >= part.parts || part.to < part.from) throw malformed('a part is out of its list');
  c.db.transaction(() => {
    const known = c.holding.delivery(part.from);
    if (known !== undefined && known.state !== 'receiving') return;
    c.holding.addPart(part);
    c.holding.putDelivery({
      ...known,
      from: part.from,
      to: part.to,
      state: 'receiving',
      arrived: c.now(),
    });
  });
}

/** Checks every list whose parts are all there, oldest first, and says how many it took. */
export function takeDeliveries(c: Components, checks: DeliveryChecks): number {
  let taken = 0;
  for (const { from, to, arrived = 0 } of c.holding.deliveriesIn('receiving')) {
    const seal = c.seen.sealOf(from);
    const { expected, parts } = c.holding.parts(from);
    if (seal?.from !== from || seal.to !== to || parts.filter(Boolean).length < expected) continue;
    if (expected === 0) continue; // dropped as malformed
    const list = readList(parts, expected);
    if (!(list instanceof CarelatticeError) && waitsForEarlier(c, list, from, arrived)) continue;
    c.db.transaction(() => {
      c.holding.dropParts(from);
      if (list instanceof CarelatticeError) {
        alarm(c, seal, list); // still to come: from the next consensus node
        return;
      }
      takeList(c, list, seal, checks);
      c.holding.putDelivery({ ...c.holding.delivery(from), from, to, state: 'checked' });
    });
    taken++;
  }
  return taken;
}

const malformed = (why: string): CarelatticeError =>
  new CarelatticeError('DeliveryMalformed', `the delivery list does not have its form: ${why}`);

/** The list, every entry of which has its batch and patient; otherwise what is wrong with it. */
function readList(
  parts: readonly (Hex | undefined)[],
  expected: number,
): DeliveryList | CarelatticeError {
  try {
    const list = decodeMessage(deliveryList, assemble(parts, expected));
    const patients = new Set(list.patients.map(({ patientId }) => patientId));
    if (patients.size !== list.patients.length) return malformed('a patient comes twice');
    if (new Set(list.entries.map(({ anchor }) => anchor)).size !== list.entries.length)
      return malformed('a record comes twice');
    return list.entries.every(
      ({ batch, patientId }) => list.batches[batch] !== undefined && patients.has(patientId),
    )
      ? list
      : malformed('an entry has no batch or no patient');
  } catch (error) {
    if (error instanceof CarelatticeError) return malformed(error.code);
    throw error;
  }
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
        ? [
            heldOf(list, index, seal, {
              path: leaves.proof(index).map(toHex),
              digest: toHex(leaves.root),
            }),
          ]
        : [],
    );
    try {
      checks.patientIsProven(c, patient, seal);
      checks.relationStands(c, patient, seal);
      checks.historyGrows(c, patient, due);
    } catch (error) {
      if (!(error instanceof CarelatticeError)) throw error;
      for (const record of due)
        c.holding.addHeld({ ...record, state: 'refused', reason: error.code });
      alarm(c, seal, error);
      continue;
    }
    for (const record of due) takeRecord(c, list, record, seal, checks);
    if (isGap(c, patient)) {
      const detail = 'an earlier list did not come; its records are counted as missing';
      c.holding.addAlarm('listMissing', seal.from, detail, c.self.nodeId);
    }
    // Also what an author got wrong is sealed: the next leaf counts it.
    for (const { handle } of patient.afterHandles) rememberHistory(c, patient, handle, due);
  }
}

/** An author's fault costs its own record, not the patient's others. */
function takeRecord(
  c: Components,
  list: DeliveryList,
  record: HeldRecord,
  seal: SeenSeal,
  checks: DeliveryChecks,
): void {
  try {
    checks.batchIsAuthors(c, list, record);
    checks.anchorIsNew(c, record);
    c.holding.addHeld(record);
  } catch (error) {
    if (!(error instanceof CarelatticeError)) throw error;
    c.holding.addHeld({ ...record, state: 'refused', reason: error.code });
    alarm(c, seal, error);
  }
}

function refuseAll(c: Components, list: DeliveryList, seal: SeenSeal, error: unknown): void {
  if (!(error instanceof CarelatticeError)) throw error;
  list.entries.forEach((_, index) => {
    c.holding.addHeld({
      ...heldOf(list, index, seal, { path: [], digest: ZERO_32 }),
      state: 'refused',
      reason: error.code,
    });
  });
  alarm(c, seal, error);
}

function alarm(c: Components, seal: SeenSeal, error: CarelatticeError): void {
  c.holding.addAlarm(error.code, seal.from, messageOf(error), c.self.nodeId);
}

/** @param place where the entry lies under its list's digest; nowhere for a list that is refused */
function heldOf(
  list: DeliveryList,
  index: number,
  seal: SeenSeal,
  place: { path: Hex[]; digest: Hex },
): HeldRecord {
  const entry = list.entries[index];
  const batch = entry === undefined ? undefined : list.batches[entry.batch];
  const patient = list.patients.find(({ patientId }) => patientId === entry?.patientId);
  if (entry === undefined || batch === undefined || patient === undefined)
    throw malformed('an entry has no batch or no patient');
  const { salt, batch: _, batchPath, peers, ...record } = entry;
  return {
    ...record,
    request: batch.request,
    author: batch.author,
    authorKeyEpoch: batch.keyEpoch,
    batchRoot: batch.batchRoot,
    batchProof: { path: batchPath, signature: batch.signature },
    state: 'due',
    peers,
    attempts: 0,
    ground: {
      kind: 'delivery',
      entry: { salt, request: batch.request, anchor: entry.anchor },
      entryPath: place.path,
      range: { salt: list.salt, from: seal.from, to: seal.to, digest: place.digest },
      rangePath: list.path,
      relation: patient.relation,
    },
  };
}
