import { cardLookUp } from '../../crypto/derivations.ts';
import { deriveKemKeyPair } from '../../crypto/hpkeSealing.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import { fromHex, type Hex } from '../../hash/bytes.ts';
import { lookUpAnswer, summaryAnswer } from '../../wire/emergencyMessages.ts';
import { MessageType } from '../../wire/envelope.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import { ask } from '../ask.ts';
import { askCustodians } from './askCustodians.ts';
import {
  type EmergencyDesk,
  type EmergencyNetwork,
  emergencyQuestion,
  type LicensedClinician,
  untilGiven,
} from './askInEmergency.ts';
import type { EmergencyCard } from './emergencyCardText.ts';
import { openedSummary } from './openedSummary.ts';
import type { ReadRecord } from '../reading/readRecords.ts';

/**
 * A clinician opens the emergency summary of a patient who is not enrolled at her hospital: the card finds the
 * custodians, two of them give the key, the holder's gateway gives the blocks. Her hospital signs; the key stays with her.
 */

export interface EmergencyWay {
  readonly clinician: LicensedClinician;
  readonly desk: EmergencyDesk;
  readonly network: EmergencyNetwork;
}

export interface EmergencyReading {
  /** Its salted id on chain. */
  readonly emergency: Hex;
  readonly summary: ReadRecord;
  /** Seconds; nothing more goes out after it. */
  readonly until: number;
  /** Somebody released while the chain stood still: request and receipt are anchored when it is back. */
  readonly late: boolean;
  /** Custodians that released their share. */
  readonly releasedBy: readonly Hex[];
  /** Code of the refusal by custodian. */
  readonly refusedBy: ReadonlyMap<Hex, string>;
}

/**
 * @param lasting seconds; default the hospital's
 * @throws `NotThisNetwork`, `CardUnknown`, `TooFewCustodians` with the custodians' refusals, `SummaryKeyMismatch`,
 * `NoSummary`, `ReceiptForged`, `ReceiptNotAnchored`, the hospital's and the holder's refusals, and as `openedSummary`
 */
export async function breakGlass(
  card: EmergencyCard,
  reason: string,
  { clinician, desk, network }: EmergencyWay,
  lasting?: number,
): Promise<EmergencyReading> {
  const lookUp = cardLookUp(fromHex(card.secret, 32), card.cardEpoch);
  const { custodians, holder } = await found(card, lookUp, network);
  const emergency = await desk.request({ patientId: card.patientId, reason, lasting });
  const keyPair = await deriveKemKeyPair(HYBRID_SUITE, clinician.kemSeed);
  const asking = { clinician, desk, network, emergency, keyPair };
  const nodes = custodians.map((custodian) => nodeOf(network, custodian));
  const { keyPair: summaryKey, late, ...by } = await askCustodians(asking, { nodes, lookUp });
  const node = nodeOf(network, holder);
  const { EmergencySummary } = MessageType;
  const question = await emergencyQuestion(asking, node, EmergencySummary, {}, (body) =>
    decodeMessage(summaryAnswer, body),
  );
  const answer = await untilGiven(question, network);
  const ticket = () => desk.ticket(holder, question.digest);
  return {
    emergency: emergency.id,
    summary: await openedSummary(answer.records, summaryKey, node, network, ticket),
    until: answer.until,
    late: late || answer.late,
    ...by,
  };
}

/**
 * The custodians, as most of the nodes that know the card name them: all three keep the list, so that one liar is
 * outvoted by two of them. @throws `NotThisNetwork`, `CardUnknown`
 */
async function found(card: EmergencyCard, lookUp: Hex, ways: EmergencyNetwork) {
  if (card.networkId !== ways.network.networkId)
    throw new CarelatticeError('NotThisNetwork', 'the card is of another network');
  const hospitals = [...ways.nodes.values()].filter(
    ({ role, state }) => role === 'recording' && state === 'admitted',
  );
  const answers = await Promise.all(hospitals.map((node) => lookedUp(node, lookUp, ways)));
  const votes = new Map<string, number>();
  for (const answer of answers) {
    const name = JSON.stringify(answer);
    if (answer !== undefined) votes.set(name, (votes.get(name) ?? 0) + 1);
  }
  const votesOf = (answer: object | undefined): number => votes.get(JSON.stringify(answer)) ?? 0;
  const [most] = [...answers].sort((a, b) => votesOf(b) - votesOf(a));
  if (most !== undefined) return most;
  throw new CarelatticeError(
    'CardUnknown',
    'no custodian that can be reached knows this card; a newer card may have been made',
  );
}

/** Undefined where the node does not know the card, as most do not, or is down. */
async function lookedUp(
  node: KnownNode,
  lookUp: Hex,
  { transport, network: { networkId } }: EmergencyNetwork,
) {
  try {
    const body = encodeMessage({ lookUp });
    const answer = await ask(transport, networkId, node, MessageType.EmergencyLookUp, body);
    return decodeMessage(lookUpAnswer, answer);
  } catch (error) {
    if (error instanceof CarelatticeError) return undefined;
    throw error;
  }
}

function nodeOf({ nodes }: EmergencyNetwork, nodeId: Hex): KnownNode {
  const node = nodes.get(nodeId);
  if (node !== undefined) return node;
  throw new CarelatticeError('NodeUnknown', 'the card leads to a node that was never admitted', {
    facts: { nodeId },
  });
}
