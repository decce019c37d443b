import { patientProof, provenHandles } from '../../domain/sharingTable.ts';
import type { Hex } from '../../hash/bytes.ts';
import { auditRequest, decodeMessage, encodeMessage } from '../../wire/messages.ts';
import type { TableKeeper } from './table.ts';

/** Type 60: the leaves of the asking node's patients, proved. Of everybody else's it gets what it gets of a random id: nothing. */
export function answerAudit(table: TableKeeper, sender: Hex, body: Uint8Array): Uint8Array {
  const { patientIds } = decodeMessage(auditRequest, body);
  const current = table.current();
  const proofs = patientIds.flatMap((patientId) => {
    const entry = current.entries.get(patientId);
    const relation = entry?.relations.find(({ nodeId }) => nodeId === sender);
    if (entry === undefined || relation === undefined) return [];
    return [
      {
        patientId,
        leaf: entry.leaf,
        proof: patientProof(current, patientId),
        handles: provenHandles(entry, relation.handles),
      },
    ];
  });
  return encodeMessage({ locatorRoot: current.root, proofs });
}
