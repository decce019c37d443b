import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import {
  SUMMARY_CATEGORY,
  type SummaryAnswer,
  summaryQuestion,
} from '../../wire/emergencyMessages.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { packageOf } from '../holding/patients.ts';
import { inboxOf } from '../inbox/sendNotice.ts';
import { ownRecordOf } from '../reading/patientRecords.ts';
import { admitEmergency, type EmergencyGround } from './admitEmergency.ts';

/** Versions of the summary that are shown: the newest ones. */
const MOST = 8;
/** Records looked through for them. */
const LOOKED_AT = 100_000;

/**
 * Type 113: the holder shows where the patient's summary lies, and nothing else of hers; its gateway gives the blocks
 * until the emergency ends. Without two custodians' shares they stay closed.
 * @throws `NoSummary` and as `admitEmergency`
 */
export async function serveSummary(c: Components, body: Uint8Array): Promise<Uint8Array> {
  const question = decodeMessage(summaryQuestion, body);
  const admitted = await admitEmergency(c, question, ({ emergency }) =>
    groundOf(c, emergency.patientId),
  );
  if (admitted === undefined) return encodeMessage({ state: 'anchoring' } satisfies SummaryAnswer);
  const { access, receipt, signature } = admitted;
  const records = access.anchors.flatMap((anchor) => {
    const held = c.holding.held(anchor);
    return held?.state === 'held' ? [ownRecordOf(held)] : [];
  });
  return encodeMessage({
    state: 'released',
    receipt,
    signature,
    late: access.emergency.late,
    until: access.until,
    records,
  } satisfies SummaryAnswer);
}

function groundOf(c: Components, patientId: Hex): EmergencyGround {
  const patient = c.holding.patient(patientId);
  const content = patient?.state === 'enrolled' ? packageOf(c, patient) : undefined;
  const handle = content?.scopes.find(({ category }) => category === SUMMARY_CATEGORY)?.handle;
  const anchors = c.holding
    .page(patientId, LOOKED_AT)
    .filter((record) => record.handle === handle)
    .slice(0, MOST)
    .map(({ anchor }) => anchor);
  if (content === undefined || anchors.length === 0) {
    throw new CarelatticeError(
      'NoSummary',
      'this node holds no emergency summary of the patient; ask the hospital that wrote it',
    );
  }
  return {
    kind: 'emergency-summary',
    accessKey: content.accessKey,
    anchors,
    inboxes: inboxOf(c, patientId),
  };
}
