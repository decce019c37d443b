import type { EdgeEvent } from '../../chain/edgeEvents.ts';
import type { EventStream } from '../../chain/eventStream.ts';
import type { IncomingMessage } from '../../courier/ports.ts';
import { CarelatticeError } from '../../errors.ts';
import { MessageType } from '../../wire/envelope.ts';
import { decodeMessage, holderCount } from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { type DeliveryChecks, deliveryChecks } from '../holding/deliveryChecks.ts';
import { audit } from '../holding/audit.ts';
import { fetchDue } from '../holding/fetchContents.ts';
import { observeChain } from '../holding/observeChain.ts';
import { sendReport } from '../holding/settle.ts';
import { takeDeliveries, takePart } from '../holding/takeDelivery.ts';
import { judgeProofs, takeProofs } from '../holding/takeProofs.ts';
import type { Role } from '../role.ts';
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
      done += await fetchDue(c);
      done += await sendReport(c);
      done += judgeProofs(c);
      done += requestAgain(c);
      done += await audit(c);
      return done;
    },
    async handle(message: IncomingMessage) {
      switch (message.type) {
        case MessageType.DeliveryList:
          requireSender(c, message.sender, CONSENSUS);
          takePart(c, message.body);
          return undefined;
        case MessageType.RoundProofs:
          requireSender(c, message.sender, CONSENSUS);
          takeProofs(c, message.body);
          return undefined;
        case MessageType.HolderCount:
          requireSender(c, message.sender, CONSENSUS);
          c.author.setHolderCount(decodeMessage(holderCount, message.body));
          return undefined;
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
