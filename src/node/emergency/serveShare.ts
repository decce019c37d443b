import { kemPublicKeyOf, sealTo } from '../../crypto/hpkeSealing.ts';
import { concat, fromHex, toHex, utf8 } from '../../hash/bytes.ts';
import { SHARE_INFO, type ShareAnswer, shareQuestion } from '../../wire/emergencyMessages.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { accessReceiptDigest } from '../../wire/readDigests.ts';
import { admitEmergency } from './admitEmergency.ts';
import { custodyOf } from './keepCustody.ts';

/**
 * Type 110: a custodian releases its share to the licensed clinician, once its own receipt stands on chain.
 * @throws `CardUnknown` and as `admitEmergency`
 */
export async function serveShare(c: Components, body: Uint8Array): Promise<Uint8Array> {
  const { lookUp, ...question } = decodeMessage(shareQuestion, body);
  const admitted = await admitEmergency(c, question, ({ emergency }) => {
    const { accessKey, inboxKey, inboxes } = custodyOf(c, emergency.patientId, lookUp);
    return {
      kind: 'emergency-share',
      accessKey: fromHex(accessKey, 32),
      anchors: [],
      inboxes: { key: inboxKey, nodes: inboxes },
    };
  });
  if (admitted === undefined) return encodeMessage({ state: 'anchoring' } satisfies ShareAnswer);
  const { access, receipt, signature, asked } = admitted;
  const { share, scopeKeyId } = custodyOf(c, asked.emergency.patientId, lookUp);
  const sealed = await sealTo(
    kemPublicKeyOf(question.kemKey),
    concat(fromHex(share), fromHex(scopeKeyId, 32)),
    { info: utf8(SHARE_INFO), aad: accessReceiptDigest(c.self.network, receipt) },
  );
  return encodeMessage({
    state: 'released',
    receipt,
    signature,
    late: access.emergency.late,
    until: access.until,
    sealed: toHex(sealed),
  } satisfies ShareAnswer);
}
