import { type KemKeyPair, registeredKemKey } from '../../crypto/hpkeSealing.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { hasCode } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type {
  ShareAnswer,
  SummaryAnswer,
  WireEmergency,
  WireLicence,
} from '../../wire/emergencyMessages.ts';
import { encodeMessage } from '../../wire/messages.ts';
import type { GatewayTicket, WireReadRequest } from '../../wire/readMessages.ts';
import { ask } from '../ask.ts';
import {
  checkReceipt,
  notAnchored,
  type Reader,
  type ReaderNetwork,
} from '../reading/requestRecords.ts';
import { until } from '../until.ts';

/** A clinician's question to a custodian or holder, signed by her hospital, asked until the node's receipt stands on chain. */

/** What the clinician's hospital does for her (`node/emergency/emergencyDesk.ts`). */
export interface EmergencyDesk {
  /** Signs the request and brings it to the chain. */
  request(wish: {
    readonly patientId: Hex;
    readonly reason: string;
    /** Seconds; the hospital has a default. */
    readonly lasting?: number | undefined;
  }): Promise<StandingEmergency>;
  /** Signs what is asked of one node. */
  read(
    emergency: Pick<StandingEmergency, 'id' | 'emergency'>,
    holder: Hex,
  ): Promise<{ readonly request: WireReadRequest; readonly signature: Hex; readonly digest: Hex }>;
  ticket(gateway: Hex, requestDigest: Hex): Promise<GatewayTicket>;
}

export interface StandingEmergency {
  readonly id: Hex;
  readonly emergency: WireEmergency;
  readonly signature: Hex;
}

export interface LicensedClinician {
  /** Of her own KEM key: shares are sealed to it, her hospital does not see them. */
  readonly kemSeed: Uint8Array;
  readonly licence: WireLicence;
  readonly licenceSignature: Hex;
}

export interface EmergencyNetwork extends ReaderNetwork {
  readonly network: Reader['network'];
}

export interface AskingClinician {
  readonly clinician: LicensedClinician;
  readonly desk: EmergencyDesk;
  readonly network: EmergencyNetwork;
  readonly emergency: StandingEmergency;
  readonly keyPair: KemKeyPair;
}

type Answer = ShareAnswer | SummaryAnswer;
export type Given<A extends Answer> = Extract<A, { state: 'released' }>;

/** A signed question to one node, to be asked again and again. */
export interface EmergencyQuestion<A extends Answer> {
  readonly node: KnownNode;
  /** Of the signed `ReadRequest`. */
  readonly digest: Hex;
  /** Undefined while the emergency or the node's receipt is on its way to the chain. @throws its refusals, `ReceiptForged` */
  ask(): Promise<Given<A> | undefined>;
}

export async function emergencyQuestion<A extends Answer>(
  { clinician, desk, network, emergency, keyPair }: AskingClinician,
  node: KnownNode,
  type: number,
  more: object,
  read: (body: Uint8Array) => A,
): Promise<EmergencyQuestion<A>> {
  const { networkId } = network.network;
  const { request, signature, digest } = await desk.read(emergency, node.nodeId);
  const body = encodeMessage({
    emergency: emergency.emergency,
    emergencySignature: emergency.signature,
    licence: clinician.licence,
    licenceSignature: clinician.licenceSignature,
    kemKey: registeredKemKey(keyPair.publicKey),
    request,
    signature,
    ...more,
  });
  return {
    node,
    digest,
    async ask() {
      const answer = await orLater(async () =>
        read(await ask(network.transport, networkId, node, type, body)),
      );
      if (!isGiven(answer)) return undefined;
      checkReceipt(network.network, node, { ...request, requestDigest: digest }, answer);
      return answer;
    },
  };
}

/** @throws as `ask` of the question, `ReceiptNotAnchored` */
export const untilGiven = <A extends Answer>(
  question: EmergencyQuestion<A>,
  network: Pick<EmergencyNetwork, 'pause'>,
): Promise<Given<A>> =>
  until(
    network,
    () => question.ask(),
    () => notAnchored(question.node),
  );

const isGiven = <A extends Answer>(answer: A | undefined): answer is Given<A> =>
  answer?.state === 'released';

/** Undefined while the emergency's own id is on its way to the chain. */
async function orLater<A>(work: () => Promise<A>): Promise<A | undefined> {
  try {
    return await work();
  } catch (error) {
    if (hasCode(error, 'EmergencyNotStanding')) return undefined;
    throw error;
  }
}
