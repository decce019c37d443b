import { cardLookUp } from '../../crypto/derivations.ts';
import { deriveKemKeyPair, type KemKeyPair } from '../../crypto/hpkeSealing.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import { fromHex, type Hex } from '../../hash/bytes.ts';
import { lookUpAnswer, summaryAnswer } from '../../wire/emergencyMessages.ts';
import { MessageType } from '../../wire/envelope.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import type { WireAccessReceipt } from '../../wire/readMessages.ts';
import { ask } from '../ask.ts';
import { askCustodians } from './askCustodians.ts';
import {
  type AskingClinician,
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
 * custodians, two of them give the key, a holder's gateway gives the blocks. Her hospital signs; the key stays with her.
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
  /** Theirs, in the same order, then the one of the node that served the summary; each checked. */
  readonly receipts: readonly WireAccessReceipt[];
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
  const { custodians, holder } = await lookUpCard(card, lookUp, network);
  const emergency = await desk.request({ patientId: card.patientId, reason, lasting });
  const keyPair = await deriveKemKeyPair(HYBRID_SUITE, clinician.kemSeed);
  const asking = { clinician, desk, network, emergency, keyPair };
  const nodes = custodians.map((custodian) => nodeOf(network, custodian));
  const {
    keyPair: summaryKey,
    late,
    receipts,
    ...by
  } = await askCustodians(asking, { nodes, lookUp });
  const holders = [holder, ...custodians.filter((custodian) => custodian !== holder)];
  const found = await firstToServe(
    holders.map((nodeId) => nodeOf(network, nodeId)),
    (node) => served(asking, node, summaryKey),
  );
  return {
    emergency: emergency.id,
    summary: found.summary,
    until: found.answer.until,
    late: late || found.answer.late,
    receipts: [...receipts, found.answer.receipt],
    ...by,
  };
}

/** The summary at one node. @throws that node's refusals, and as `openedSummary` */
async function served(asking: AskingClinician, node: KnownNode, summaryKey: KemKeyPair) {
  const { desk, network } = asking;
  const { EmergencySummary } = MessageType;
  const question = await emergencyQuestion(asking, node, EmergencySummary, {}, (body) =>
    decodeMessage(summaryAnswer, body),
  );
  const answer = await untilGiven(question, network);
  const ticket = () => desk.ticket(node.nodeId, question.digest);
  const summary = await openedSummary(answer.records, summaryKey, node, network, ticket);
  return { answer, summary };
}

/**
 * The holder that the card names comes first. Where it gives nothing, a custodian may be another hospital of hers that
 * holds the summary too: a summary is not missed because one hospital is down. @throws what the first one answered
 */
async function firstToServe<T>(
  nodes: readonly KnownNode[],
  serve: (node: KnownNode) => Promise<T>,
): Promise<T> {
  const refusals: CarelatticeError[] = [];
  for (const node of nodes) {
    try {
      return await serve(node);
    } catch (error) {
      if (!(error instanceof CarelatticeError)) throw error;
      refusals.push(hasCode(error, 'PeerUnreachable') ? unreachable(node, error) : error);
    }
  }
  throw refusals[0] ?? new Error('a card names a holder');
}

/** By the name that people know. */
export const unreachable = ({ name }: KnownNode, cause: unknown): CarelatticeError =>
  new CarelatticeError('PeerUnreachable', 'this hospital does not answer; call it, or try again', {
    facts: { node: name },
    retryable: true,
    cause,
  });

/**
 * The custodians, as most of the nodes that know the card name them: all three keep the list, so that one liar is
 * outvoted by two of them. @throws `NotThisNetwork`, `CardUnknown`
 */
async function lookUpCard(card: EmergencyCard, lookUp: Hex, ways: EmergencyNetwork) {
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
