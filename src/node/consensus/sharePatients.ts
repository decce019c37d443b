import type { EdgeEvent } from '../../chain/edgeEvents.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { labelledHash } from '../../hash/labelled.ts';
import { MessageType } from '../../wire/envelope.ts';
import { decodeMessage, patientMessage, type PatientMessage } from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { isAccountMessage } from './accountMessages.ts';
import { standbysOf } from './journalDelta.ts';

/** What a patient was told is taken must not go down with one consensus node: the standbys keep it too. */

/** Kind of the `PatientBatch` item that carries a relation list. */
export const SET_RELATIONS = 2;
export const OPEN_PATIENT = 1;
export const SCOPE_EPOCH = 3;

/** Sends a patient's message on, as it came. */
export function sharePatientMessage(c: Components, body: Uint8Array): void {
  for (const { nodeId } of standbysOf(c)) c.courier.send(nodeId, MessageType.PatientMessage, body);
}

/** At a standby: it waits here until the chain shows it, or until this node is active and submits it. */
export function keepPatientMessage(c: Components, body: Uint8Array): void {
  const message = decodeMessage(patientMessage, body);
  addMessage(c, message);
}

/** An account message was tried and may be due again in the same words: a completion has neither number nor signature. */
export const addMessage = (
  { consensus }: Pick<Components, 'consensus'>,
  message: PatientMessage,
): 'new' | 'known' =>
  (isAccountMessage(message) ? consensus.addAgain : consensus.addMessage)(
    messageKey(message),
    message,
  );

/** Whether it came before, in these words and under this signature, and is on its way. */
export const isKnown = (
  { consensus }: Pick<Components, 'consensus'>,
  message: PatientMessage,
): boolean => consensus.hasMessage(messageKey(message));

/** What stands on chain, or behind what stands there, waits no longer. */
export function settleMessages(c: Components, event: EdgeEvent): void {
  switch (event.name) {
    case 'PatientOpened':
      c.consensus.settleMessages(event.args.patientId, OPEN_PATIENT, () => true);
      return;
    case 'RelationsSet': {
      const { patientId, seq } = event.args;
      const isBehind = ([, word = '0x0']: readonly Hex[]): boolean => BigInt(word) <= seq;
      c.consensus.settleMessages(patientId, SET_RELATIONS, isBehind);
      return;
    }
    case 'ScopeEpochSet': {
      const { patientId, handle, epoch } = event.args;
      const isBehind = ([, , key, word = '0x0']: readonly Hex[]): boolean =>
        key === handle && BigInt(word) <= epoch;
      c.consensus.settleMessages(patientId, SCOPE_EPOCH, isBehind);
      return;
    }
    default:
  }
}

/** One message once, however often it comes; under another signature it is another message. */
const messageKey = ({ kind, words, signature }: PatientMessage): Hex =>
  toHex(
    labelledHash(
      'patient-message',
      String(kind),
      ...[...words, signature].map((word) => fromHex(word)),
    ),
  );
