import type {
  EmergencyDesk,
  LicensedClinician,
} from '../../src/client/emergency/askInEmergency.ts';
import {
  breakGlass,
  type EmergencyReading,
  type EmergencyWay,
} from '../../src/client/emergency/breakGlass.ts';
import { makeEmergencyCard } from '../../src/client/emergency/emergencyCard.ts';
import type { EmergencyCard } from '../../src/client/emergency/emergencyCardText.ts';
import { ask } from '../../src/client/ask.ts';
import { cardLookUp } from '../../src/crypto/derivations.ts';
import { deriveKemKeyPair, registeredKemKey } from '../../src/crypto/hpkeSealing.ts';
import { signDigest } from '../../src/crypto/signatures.ts';
import { fromHex, type Hex, toHex } from '../../src/hash/bytes.ts';
import type { LocalNetwork } from '../../src/localnet/network.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { emergencyOperator } from '../../src/node/doors/emergencyOperator.ts';
import { readInEmergency } from '../../src/node/emergency/emergencyDesk.ts';
import { emergencyForOperator } from '../../src/node/emergency/emergencyForOperator.ts';
import {
  emergencyDigest,
  emergencyId,
  licenceDigest,
} from '../../src/node/emergency/provenEmergency.ts';
import { readRequestDigest } from '../../src/wire/readDigests.ts';
import type { WireEmergency, WireLicence } from '../../src/wire/emergencyMessages.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import { HYBRID_SUITE } from '../../src/wire/kemSuite.ts';
import { encodeMessage } from '../../src/wire/messages.ts';
import type { WireReadRequest } from '../../src/wire/readMessages.ts';
import { codeOf } from './codeOf.ts';
import { clientOf, knownNode, random, type TestPatient, timeOf } from './edgeNetwork.ts';

/** Emergencies on small networks: cards, licensed clinicians, and what goes wrong. */

/** A new card of hers. */
export async function cardFor(
  network: LocalNetwork,
  { wallet, network: own }: TestPatient,
  custodians: readonly string[],
  holder: string,
): Promise<EmergencyCard> {
  const { card } = await makeEmergencyCard(wallet, own, clientOf(network), {
    custodians: custodians.map((name) => knownNode(network, name)),
    holder: knownNode(network, holder),
  });
  return card;
}

export type TestClinician = LicensedClinician & { readonly hospital: string };

/** The operator's door of a hospital, as JSON goes through it. */
export const operatorAt = (network: LocalNetwork, hospital: string) =>
  emergencyOperator(async (schema, act) => {
    const asked: unknown = JSON.parse(JSON.stringify(act));
    const answer = await emergencyForOperator(network.node(hospital).open.components, asked);
    return schema.parse(JSON.parse(JSON.stringify(answer)));
  });

const kemKeyOf = async (kemSeed: Uint8Array): Promise<Hex> =>
  registeredKemKey((await deriveKemKeyPair(HYBRID_SUITE, kemSeed)).publicKey);

/** A clinician with a key of her own, licensed by a hospital for a week. */
export async function clinicianAt(
  network: LocalNetwork,
  hospital: string,
  kemSeed = random(32),
): Promise<TestClinician> {
  const { licence, signature } = await operatorAt(network, hospital).license({
    clinician: 'Dr. Mei Lin',
    licence: 'TW-30417',
    kemKey: await kemKeyOf(kemSeed),
    notAfter: (await timeOf(network)) + 86_400 * 7,
  });
  return { hospital, kemSeed, licence, licenceSignature: signature };
}

/** What her hospital does for her. */
export async function deskOf(
  network: LocalNetwork,
  { hospital, kemSeed, licence, licenceSignature: signature }: TestClinician,
): Promise<EmergencyDesk> {
  return operatorAt(network, hospital).desk({ licence, signature }, await kemKeyOf(kemSeed));
}

export const emergencyWays = async (network: LocalNetwork) => ({
  ...(await waysInto(network, random)),
  network: network.manifest,
});

/** The whole way, from the card to the opened summary. */
export async function breakGlassAt(
  network: LocalNetwork,
  card: EmergencyCard,
  clinician: TestClinician,
  { reason = 'unconscious after a fall', lasting, ...change }: Partial<EmergencyAttempt> = {},
): Promise<EmergencyReading> {
  const way = {
    clinician,
    desk: await deskOf(network, clinician),
    network: await emergencyWays(network),
    ...change,
  };
  return breakGlass(card, reason, way, lasting);
}

export interface EmergencyAttempt extends EmergencyWay {
  readonly reason: string;
  readonly lasting: number;
}

/** One question to a custodian as its type 110 has it, whatever a hostile hospital makes of it. */
export interface ShareQuestion {
  readonly emergency: WireEmergency;
  readonly emergencySignature: Hex;
  readonly licence: WireLicence | undefined;
  readonly licenceSignature: Hex | undefined;
  readonly kemKey: Hex;
  readonly request: WireReadRequest;
  readonly signature: Hex;
  readonly lookUp: Hex;
}

/** What a hospital that follows no rule may change before it signs. */
export interface Twist {
  readonly emergency?: Partial<WireEmergency>;
  readonly request?: Partial<WireReadRequest>;
  readonly licence?: Partial<WireLicence>;
  readonly question?: Partial<ShareQuestion>;
  /** Its id is not brought to the chain. */
  readonly isHidden?: boolean;
}

/** Asks a custodian with a question that is signed in every part, and says the code of its refusal, or `none`. */
export async function askShare(
  network: LocalNetwork,
  card: EmergencyCard,
  clinician: TestClinician,
  custodian: string,
  twist: Twist = {},
): Promise<string> {
  const { components } = network.node(clinician.hospital).open;
  const own = components.self.network;
  const sign = (digest: Uint8Array): Hex => signDigest(components.self.signingKey, digest);
  const licence = { ...clinician.licence, ...twist.licence };
  const now = await timeOf(network);
  const emergency: WireEmergency = {
    requester: components.self.nodeId,
    patientId: card.patientId,
    licenceDigest: toHex(licenceDigest(own, licence)),
    reason: 'unconscious',
    requestedAt: now,
    expiry: now + 3600,
    salt: toHex(random(32)),
    ...twist.emergency,
  };
  const id = emergencyId(own, emergency);
  if (twist.isHidden !== true) {
    const { ledger } = components.contracts;
    const data = ledger.encode('requestEmergency', [id]);
    await components.sender.send(`test ${id}`, ledger.address, data);
    await network.step();
  }
  const kemKey = await kemKeyOf(clinician.kemSeed);
  const holder = network.node(custodian).self.nodeId;
  const usual = readInEmergency(components, { id, emergency }, holder, kemKey);
  const request = { ...usual.request, ...twist.request };
  const question: ShareQuestion = {
    emergency,
    emergencySignature: sign(emergencyDigest(own, emergency)),
    licence,
    licenceSignature:
      twist.licence === undefined ? clinician.licenceSignature : sign(licenceDigest(own, licence)),
    kemKey,
    request,
    signature: sign(readRequestDigest(components.self.network, request)),
    lookUp: cardLookUp(fromHex(card.secret, 32), card.cardEpoch),
    ...twist.question,
  };
  const { transport, manifest } = network;
  const node = knownNode(network, custodian);
  const body = encodeMessage(question);
  const asked = () => ask(transport, manifest.networkId, node, MessageType.EmergencyRequest, body);
  return codeOf(asked);
}

/** Chain time passes. */
export async function passTime(network: LocalNetwork, seconds: number): Promise<void> {
  await network.chain.setTime((await timeOf(network)) + seconds);
  await network.chain.mine();
  await network.settle();
}
