import type { LicensedClinician } from '../src/client/emergency/askInEmergency.ts';
import { breakGlass, type EmergencyReading } from '../src/client/emergency/breakGlass.ts';
import { makeEmergencyCard } from '../src/client/emergency/emergencyCard.ts';
import type { EmergencyCard } from '../src/client/emergency/emergencyCardText.ts';
import { type InboxItem, readInbox } from '../src/client/inbox/inbox.ts';
import { ownRecords } from '../src/client/reading/ownRecords.ts';
import type { ReadRecord } from '../src/client/reading/readRecords.ts';
import { summaryBundle } from '../src/client/emergency/summaryBundle.ts';
import { lookText } from '../src/client/reading/whoLookedText.ts';
import { whoLooked } from '../src/client/reading/whoLooked.ts';
import { deriveKemKeyPair, registeredKemKey } from '../src/crypto/hpkeSealing.ts';
import type { KnownNode } from '../src/domain/knownNode.ts';
import type { LocalNetwork, LocalNode } from '../src/localnet/network.ts';
import { type Ways, waysInto } from '../src/localnet/ways.ts';
import { emergencyOperator } from '../src/node/doors/emergencyOperator.ts';
import { emergencyForOperator } from '../src/node/emergency/emergencyForOperator.ts';
import { fhirReader } from '../src/node/recording/fhirReader.ts';
import { type Accepted, submit } from '../src/node/recording/submit.ts';
import { HYBRID_SUITE } from '../src/wire/kemSuite.ts';
import { refusal } from './consentStory.ts';
import { type Enrolled, random, type Validate } from './network.ts';
import { listed, type Tell } from './story.ts';

/** The third story: an emergency at a hospital that she never saw. */

export interface EmergencyStory {
  readonly stranger: string;
  readonly withoutReason: string;
  readonly reading: EmergencyReading;
  readonly notices: readonly InboxItem[];
}

/** Her program makes a summary of her own records; a hospital of hers hands it in as any other bundle. */
export async function handInSummary(
  network: LocalNetwork,
  { patient, wallet, network: own }: Enrolled,
  validate: Validate,
): Promise<Accepted> {
  const ways = await waysInto(network, random);
  const [home = ''] = patient.hospitals;
  const records: ReadRecord[] = [];
  for await (const record of ownRecords(wallet, own, nodeOf(network, ways, home), ways))
    records.push(record);
  const wish = { composedAt: ways.now(), language: 'en', sensitivity: [] } as const;
  const { components } = network.node(home).open;
  return submit(
    components,
    fhirReader(validate, undefined),
    summaryBundle(records, wish),
    'summary',
  );
}

export async function tellEmergencyStory(
  network: LocalNetwork,
  enrolled: Enrolled,
  tell: Tell,
): Promise<EmergencyStory | undefined> {
  const { patient, wallet, network: own } = enrolled;
  const ways = await waysInto(network, random);
  const [home = '', ...further] = patient.hospitals;
  const others = network.hospitals.filter(({ name }) => !patient.hospitals.includes(name));
  const [stranger] = others;
  if (stranger === undefined || network.hospitals.length < 3) {
    tell(
      'An emergency is not told here: it takes three hospitals as custodians, and one that she never saw.',
    );
    return undefined;
  }
  const names = [home, ...further, ...others.map(({ name }) => name)].slice(0, 3);
  const { card } = await makeEmergencyCard(wallet, own, ways, {
    custodians: names.map((name) => nodeOf(network, ways, name)),
    holder: nodeOf(network, ways, home),
  });
  tell(
    `For the day when she cannot sign: her wallet has made a short summary of her records, stored like a record. Its key is ` +
      `split among ${listed(names)}; any two shares open it, one opens nothing. A card in her purse says where to ask.`,
  );
  const open = await clinicianAt(stranger, card, ways, network);
  const withoutReason = await refusal(() => open(''));
  const reading = await open('unconscious after a fall');
  tell(
    `She is brought, unconscious, to ${stranger.name}, where nobody knows her. Dr. Mei Lin shows the card. Without a reason: ` +
      `refused (${withoutReason}). With her licence and a reason the request stands on the chain, ` +
      `${listed(reading.releasedBy.map((nodeId) => ways.nodes.get(nodeId)?.name ?? nodeId))} each log it and release ` +
      'their share, and the summary opens. The rest of her records stays closed; the access ends by itself after a day.',
  );
  await network.settle();
  const later = await waysInto(network, random);
  const nodes = patient.hospitals.map((name) => nodeOf(network, later, name));
  const notices = await readInbox(wallet, own, nodes, later);
  const [first] = nodes;
  if (first === undefined) throw new Error('she has a hospital');
  const { openings } = await whoLooked(wallet, own, first, later);
  const looks = openings.filter(({ request }) => request.purpose === 'ETREAT');
  tell(
    `When she wakes, her inbox holds ${notices.length} notices of it, and the log of ${first.name} says: ` +
      `${looks.map((look) => lookText(look, first, later.nodes)).join('; ')}. A person at each custodian has to review it.`,
  );
  return { stranger: stranger.name, withoutReason, reading, notices };
}

function nodeOf(network: LocalNetwork, { nodes }: Ways, name: string): KnownNode {
  const node = nodes.get(network.node(name).self.nodeId);
  if (node === undefined) throw new Error(`${name} is a node`);
  return node;
}

/** A clinician with a key of her own, licensed by her hospital; gives what she does with a card and a reason. */
async function clinicianAt(
  hospital: LocalNode,
  card: EmergencyCard,
  ways: Ways,
  network: LocalNetwork,
): Promise<(reason: string) => Promise<EmergencyReading>> {
  const operator = emergencyOperator(async (schema, act) =>
    schema.parse(await emergencyForOperator(hospital.open.components, act)),
  );
  const kemSeed = random(32);
  const { publicKey } = await deriveKemKeyPair(HYBRID_SUITE, kemSeed);
  const kemKey = registeredKemKey(publicKey);
  const { licence, signature } = await operator.license({
    clinician: 'Dr. Mei Lin',
    licence: 'TW-30417',
    kemKey,
    notAfter: ways.now() + 86_400,
  });
  const clinician: LicensedClinician = { kemSeed, licence, licenceSignature: signature };
  const desk = operator.desk({ licence, signature }, kemKey);
  const way = { clinician, desk, network: { ...ways, network: network.manifest } };
  return (reason) => breakGlass(card, reason, way);
}
