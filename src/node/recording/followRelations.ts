import { holdsRelation } from '../../domain/relations.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { Components } from '../components.ts';
import { packageOf, relationOf } from '../holding/patients.ts';

/** The chain shows a patient's new relations: an enrolment asked for takes effect, a withdrawal ends it. */
export function followRelations(c: Components, patientId: Hex, digest: Hex): void {
  const patient = c.holding.patient(patientId);
  if (patient === undefined) return;
  const relation = relationOf(packageOf(c, patient));
  if (holdsRelation(relation, c.self.nodeId, digest)) {
    c.holding.putPatient({ ...patient, relation, state: 'enrolled' });
    c.log('patient enrolled');
    return;
  }
  // Not (or no longer) under the new digest by what this node was shown. When others came or went, the client sends
  // the new leaf before it signs; without one the relation has ended.
  if (patient.state === 'enrolled') {
    c.holding.putPatient({ ...patient, state: 'withdrawn' });
    c.log('patient withdrew');
  }
}
