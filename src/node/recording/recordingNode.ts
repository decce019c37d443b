import type { EdgeEvent } from '../../chain/edgeEvents.ts';
import type { EventStream } from '../../chain/eventStream.ts';
import type { IncomingMessage } from '../../courier/ports.ts';
import { CarelatticeError } from '../../errors.ts';
import { MessageType } from '../../wire/envelope.ts';
import { decodeMessage, holderCount } from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { type DeliveryChecks, deliveryChecks } from '../holding/deliveryChecks.ts';
import { audit } from '../holding/audit.ts';
import { eraseRecords, finishErasures } from '../holding/eraseRecords.ts';
import { fetchDue } from '../holding/fetchContents.ts';
import { giveRecovery } from '../holding/giveRecovery.ts';
import { observeChain } from '../holding/observeChain.ts';
import { sendReport } from '../holding/settle.ts';
import { takeDeliveries, takePart } from '../holding/takeDelivery.ts';
import { judgeProofs, takeProofs } from '../holding/takeProofs.ts';
import { answerLookUp, takeCustody } from '../emergency/keepCustody.ts';
import { postLate } from '../emergency/postLate.ts';
import { serveShare } from '../emergency/serveShare.ts';
import { serveSummary } from '../emergency/serveSummary.ts';
import { noteAccountChange, sendAccountNotices } from '../inbox/accountNotices.ts';
import { patientInbox, takeInboxItem } from '../inbox/patientInbox.ts';
import { anchorReceipts } from '../reading/anchorReceipts.ts';
import { patientRecords } from '../reading/patientRecords.ts';
import { serveRead } from '../reading/serveRead.ts';
import { showReceiptLog } from '../reading/showReceiptLog.ts';
import { type Role, takeMarked } from '../role.ts';
import { CONSENSUS, requireSender } from '../senders.ts';
import { countersign, takeScopeUpdate } from './countersign.ts';
import { readReceipts } from './patientReceipts.ts';
import { followRelations } from './followRelations.ts';
import { requestAgain } from './requestAgain.ts';
import { linkRequest, requestStorage, sendRecordList } from './requestStorage.ts';

/** A recording node: a hospital, lab or clinic that writes, holds and serves its own patients' records. */
export function recordingNode(
  c: Components,
  events: EventStream,
  deployBlock: number,
  checks: DeliveryChecks = deliveryChecks,
): Role {
  let hasQueuedList = false;
  const onEvent = (event: EdgeEvent): void => {
    if (event.name === 'StorageRequested') {
      const isOwn = linkRequest(c, Number(event.args.request), event.args.queryDigest);
      hasQueuedList = isOwn || hasQueuedList;
    }
    noteAccountChange(c, event);
    if (event.name === 'RelationsSet')
      followRelations(c, event.args.patientId, event.args.relationsDigest);
    if (event.name === 'TermStarted') startAnew(c);
  };
  return {
    async tick() {
      let done = await observeChain(c, events, deployBlock, onEvent);
      if (hasQueuedList) await c.reached('recording: list queued');
      hasQueuedList = false;
      done += await requestStorage(c);
      const taken = takeDeliveries(c, checks);
      if (taken > 0) await c.reached('holding: delivery stored');
      done += taken;
      done += await finishErasures(c);
      done += await fetchDue(c);
      done += await sendReport(c);
      done += judgeProofs(c);
      done += requestAgain(c);
      done += await audit(c);
      done += await sendAccountNotices(c);
      done += await postLate(c);
      done += await anchorReceipts(c);
      return done;
    },
    async handle(message: IncomingMessage) {
      switch (message.type) {
        case MessageType.DeliveryList:
          requireSender(c, message.sender, CONSENSUS);
          return takeMarked(c, message, () => takePart(c, message.body));
        case MessageType.RoundProofs:
          requireSender(c, message.sender, CONSENSUS);
          return takeMarked(c, message, () => takeProofs(c, message.body));
        case MessageType.HolderCount:
          requireSender(c, message.sender, CONSENSUS);
          return takeMarked(c, message, () =>
            c.author.setHolderCount(decodeMessage(holderCount, message.body)),
          );
        case MessageType.InboxItem:
          requireSender(c, message.sender, ['recording']);
          return takeMarked(c, message, () => takeInboxItem(c, message.sender, message.body));
        default:
          throw new CarelatticeError(
            'MessageNotForRole',
            'a recording node takes no such message',
            {
              facts: { type: message.type },
            },
          );
      }
    },
    async ask(type, body) {
      switch (type) {
        case MessageType.EnrollmentRequest:
          return countersign(c, body);
        case MessageType.ScopeUpdate:
          return takeScopeUpdate(c, body);
        case MessageType.PatientFetch:
          return readReceipts(c, body);
        case MessageType.PatientRecords:
          return patientRecords(c, body);
        case MessageType.PatientReceiptLog:
          return showReceiptLog(c, body);
        case MessageType.EraseRecords:
          return eraseRecords(c, body);
        case MessageType.ReadRequest:
          return serveRead(c, body);
        case MessageType.RecoveryRequest:
          return giveRecovery(c, body);
        case MessageType.PatientInbox:
          return patientInbox(c, body);
        case MessageType.EmergencyShare:
          return takeCustody(c, body);
        case MessageType.EmergencyLookUp:
          return answerLookUp(c, body);
        case MessageType.EmergencyRequest:
          return serveShare(c, body);
        case MessageType.EmergencySummary:
          return serveSummary(c, body);
        default:
          throw new CarelatticeError(
            'MessageNotForRole',
            'a recording node answers no such question',
            { facts: { type } },
          );
      }
    },
  };
}

/** A new consensus node has begun: it gets anew what the one before may not have passed on. */
function startAnew(c: Components): void {
  for (const { request, nodeId } of c.seen.openRequests()) {
    if (nodeId === c.self.nodeId) sendRecordList(c, request);
    c.seen.forgetAnswer(request);
  }
  for (const delivery of c.holding.deliveriesIn('settled')) {
    if (delivery.from > c.seen.lastSettled())
      c.holding.putDelivery({ ...delivery, state: 'checked' });
  }
}
