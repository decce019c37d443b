import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import { inboxItem, inboxQuestion } from '../../wire/inboxMessages.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { requirePatient } from '../reading/patientToken.ts';

/** The inbox of a patient at this node: sealed items come by courier, she reads and acknowledges them by her signature. */

const PAGE = 100;
/** Items of one sender that wait for one patient. */
const MOST_FROM_ONE = 200;

/** Type 18: her items, oldest first, after those that she has read are dropped. @throws `Unauthorized` */
export function patientInbox(c: Components, body: Uint8Array): Uint8Array {
  const { token, inboxKey, acknowledged, skip } = decodeMessage(inboxQuestion, body);
  const patientId = requirePatient(c, token);
  c.db.transaction(() => {
    if (inboxKey !== undefined) c.inbox.putKey(patientId, inboxKey);
    for (const { from, id } of acknowledged) c.inbox.drop(patientId, from, id);
  });
  const items = c.inbox
    .items(patientId, PAGE, skip)
    .map(({ from, id, sealed, arrived }) => ({ from, id, sealed, arrived }));
  return encodeMessage({
    items,
    left: Math.max(0, c.inbox.count(patientId) - skip - items.length),
  });
}

/** Type 91, from another node. @throws `PatientUnknown`, `InboxFull` */
export function takeInboxItem(c: Components, from: Hex, body: Uint8Array): void {
  const { patientId, id, sealed } = decodeMessage(inboxItem, body);
  if (c.holding.patient(patientId) === undefined)
    throw new CarelatticeError('PatientUnknown', 'this patient is not enrolled here');
  if (c.inbox.countFrom(patientId, from) >= MOST_FROM_ONE)
    throw new CarelatticeError('InboxFull', 'too many items of this sender wait for the patient', {
      facts: { most: MOST_FROM_ONE },
    });
  c.inbox.add({ patientId, from, id, arrived: c.now(), sealed });
}
