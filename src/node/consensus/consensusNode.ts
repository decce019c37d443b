import type { EdgeEvent } from '../../chain/edgeEvents.ts';
import type { EventStream } from '../../chain/eventStream.ts';
import type { IncomingMessage } from '../../courier/ports.ts';
import { CarelatticeError } from '../../errors.ts';
import { MessageType } from '../../wire/envelope.ts';
import { alarm, decodeMessage } from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { observeChain } from '../holding/observeChain.ts';
import { type Role, takeMarked } from '../role.ts';
import { ANSWERING, CONSENSUS, requireSender } from '../senders.ts';
import { answerAudit } from './answerAudit.ts';
import { prepareRelations } from './applyRelations.ts';
import { takePatientMessage, takeRecordList, takeRoundReport } from './collect.ts';
import { keepPatientMessage, settleMessages } from './sharePatients.ts';
import { giveRelations } from './giveRelations.ts';
import { announceChange, takeJournalDelta } from './journalDelta.ts';
import { settleConsentMessages } from './consentMessages.ts';
import { confirmPatients, noteRefused, submitPatients } from './patientBatch.ts';
import { postChange } from './postChange.ts';
import { postReceipts, rangeToSettle, sendProofs } from './recordReceipts.ts';
import { prepareSeal } from './sealBatches.ts';
import { queueDeliveries, sendParts } from './sendDeliveries.ts';
import { keepTable } from './table.ts';
import { startTerm, takeOver } from './takeOver.ts';

/** The consensus node, active or standby: who is active stands on chain. (It is no Ethereum validator.) */
export function consensusNode(c: Components, events: EventStream, deployBlock: number): Role {
  const table = keepTable(c);
  const isActive = (): boolean => c.active()?.nodeId === c.self.nodeId;

  let hasApplied = false;
  /** Follows the chain's root; what was sealed is delivered by whoever is active then. */
  function catchUp(): void {
    for (const change of table.catchUp()) {
      hasApplied ||= change.seal !== undefined;
      if (isActive()) queueDeliveries(c, table, change);
    }
  }

  const onEvent = (event: EdgeEvent): void => {
    settleMessages(c, event);
    settleConsentMessages(c, event);
    if (event.name === 'LocatorUpdated') {
      table.moved(event.args.prevRoot, event.args.newRoot);
      catchUp();
    }
    if (event.name === 'ItemRefused') {
      noteRefused(c, event.transactionHash, Number(event.args.index), event.args.reason);
    }
    if (event.name === 'TermStarted') startTerm(c, table, Number(event.args.term));
    if (event.name === 'ReceiptsRecorded' && isActive()) {
      const change = c.consensus.sealChange(Number(event.args.from));
      if (change !== undefined) sendProofs(c, change);
    }
  };

  /** @throws as `observeChain`; the table is then as the journal has it. */
  async function observe(): Promise<number> {
    try {
      return await observeChain(c, events, deployBlock, onEvent);
    } catch (error) {
      table.reload();
      throw error;
    }
  }

  async function moveTable(): Promise<number> {
    if (table.isBehind()) return 0;
    const change =
      c.consensus.pendingChange() ?? prepareRelations(c, table) ?? prepareSeal(c, table);
    if (change === undefined || !isActive()) return 0;
    if (change.state === 'prepared' && !(await announceChange(c, change))) return 0;
    await postChange(c, change);
    return change.state === 'prepared' ? 1 : 0;
  }

  async function settle(): Promise<number> {
    const change = rangeToSettle(c);
    if (change === undefined) return 0;
    await postReceipts(c, change);
    return 0; // the chain's event is the progress
  }

  function takeDelta(body: Uint8Array): Uint8Array {
    try {
      return c.db.transaction(() => {
        const answer = takeJournalDelta(c, body);
        catchUp();
        return answer;
      });
    } catch (error) {
      table.reload();
      throw error;
    }
  }

  return {
    async tick() {
      let done = await observe();
      if (hasApplied) await c.reached('consensus: seal applied');
      hasApplied = false;
      done += !table.isBehind() && (await takeOver(c)) ? 1 : 0;
      done += await confirmPatients(c);
      done += await submitPatients(c);
      done += await moveTable();
      if (isActive()) done += await sendParts(c);
      done += await settle();
      // Holders have what these lists told them: the salts in them are of no more use here.
      done += c.consensus.forgetLists(c.seen.lastSettled());
      return done;
    },
    async handle(message: IncomingMessage) {
      switch (message.type) {
        case MessageType.RecordList:
          return takeMarked(c, message, () => takeRecordList(c, message.sender, message.body));
        case MessageType.RoundReport:
          requireSender(c, message.sender, ANSWERING);
          return takeMarked(c, message, () => takeRoundReport(c, message.sender, message.body));
        case MessageType.JournalDelta:
          requireSender(c, message.sender, CONSENSUS);
          return takeDelta(message.body);
        case MessageType.PatientMessage:
          requireSender(c, message.sender, CONSENSUS);
          keepPatientMessage(c, message.body);
          return undefined;
        case MessageType.AuditRequest:
          requireSender(c, message.sender, ANSWERING);
          return answerAudit(table, message.sender, message.body);
        case MessageType.Alarm: {
          const { kind, request, detail } = decodeMessage(alarm, message.body);
          c.holding.addAlarm(kind, request, detail, message.sender);
          return undefined;
        }
        default:
          throw new CarelatticeError(
            'MessageNotForRole',
            'a consensus node takes no such message',
            {
              facts: { type: message.type },
            },
          );
      }
    },
    async ask(type, body) {
      if (type === MessageType.PatientMessage) return takePatientMessage(c, body);
      if (type === MessageType.RecoveryRequest) return giveRelations(c, body);
      throw new CarelatticeError('MessageNotForRole', 'a consensus node answers no such question', {
        facts: { type },
      });
    },
  };
}
