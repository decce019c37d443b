import type { Manifest } from '../../chain/manifest.ts';
import { deriveKemKeyPair, registeredKemKey } from '../../crypto/hpkeSealing.ts';
import { assertWritable, createSecretFile } from '../../crypto/secretFile.node.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { WireLicence } from '../../wire/emergencyMessages.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import { listed, nameIn, plainLine } from '../plainLine.ts';
import type { ReaderNetwork } from '../reading/requestRecords.ts';
import { durationOf, timeText } from '../timeText.ts';
import type { EmergencyDesk } from './askInEmergency.ts';
import { breakGlass, type EmergencyReading } from './breakGlass.ts';
import { readCardFile } from './cardFile.node.ts';
import { summaryLines } from './summaryText.ts';

/** What `emergency open` does for a clinician at her hospital. */

interface SignedLicence {
  readonly licence: WireLicence;
  readonly signature: Hex;
}

/** Her hospital's node, asked through its operator door (`emergencyOperator`). */
export interface EmergencyHospital {
  license(clinician: {
    readonly clinician: string;
    readonly licence: string;
    readonly kemKey: Hex;
    readonly notAfter: number;
  }): Promise<SignedLicence>;
  desk(licence: SignedLicence, kemKey: Hex): EmergencyDesk;
}

/** As typed; what is missing is empty, and refused by the hospital's node. */
export interface OpenOptions {
  /** File of the patient's card. */
  readonly card: string;
  readonly clinician: string;
  /** Number of the licence to practise. */
  readonly licence: string;
  readonly reason: string;
  /** How long until nothing more goes out, as `12h`; the hospital has a default. */
  readonly lasting?: string | undefined;
  /** Where the summary goes, as FHIR; mode 0600. */
  readonly out?: string | undefined;
}

export interface OpenNetwork {
  readonly manifest: Pick<Manifest, 'name' | 'federationId' | 'networkId' | 'chainId'>;
  readonly ways: ReaderNetwork;
}

const DAY = 86_400;

/**
 * Opens the summary behind a card with a key that is drawn for it and kept nowhere.
 * @param tell gets, line by line, what was opened by whose shares, then the summary, before a file is written
 * @throws `NoCardFile`, `CardMalformed`, `BadOption`, `SecretFileExists`, `FolderMissing`, `LicenceRefused`, `ReasonMissing`,
 * and as `breakGlass`
 */
export async function openByCommand(
  hospital: EmergencyHospital,
  options: OpenOptions,
  { manifest, ways }: OpenNetwork,
  tell: (line: string) => void,
): Promise<void> {
  const card = await readCardFile(options.card);
  const { clinician, licence: number, reason, out } = options;
  const lasting = options.lasting === undefined ? undefined : durationOf(options.lasting);
  // An emergency is not used up for a file that cannot be written.
  if (out !== undefined) await assertWritable(out);
  const kemSeed = ways.random(32);
  const kemKey = registeredKemKey((await deriveKemKeyPair(HYBRID_SUITE, kemSeed)).publicKey);
  // By the later of two clocks: of a chain that stands still nobody's licence ends.
  const notAfter = Math.max(ways.now(), Math.floor(Date.now() / 1000)) + DAY;
  const signed = await hospital.license({ clinician, licence: number, kemKey, notAfter });
  const { transport, gateway, nodes, now, random, pause } = ways;
  const way = {
    clinician: { kemSeed, licence: signed.licence, licenceSignature: signed.signature },
    desk: hospital.desk(signed, kemKey),
    network: { transport, gateway, nodes, now, random, pause, network: manifest },
  };
  const reading = await breakGlass(card, reason, way, lasting);
  const lines = [
    `Opened in an emergency for ${plainLine(clinician)} (licence ${plainLine(number)}): ${plainLine(reason)}`,
    ...accessLines(reading, ways),
    'Compare name, sex and date of birth with the person before you.',
    '',
    ...summaryLines(reading.summary),
  ];
  for (const line of lines) tell(line);
  const { body } = reading.summary;
  if (out !== undefined) await createSecretFile(out, new TextDecoder().decode(body));
}

function accessLines(
  { emergency, releasedBy, refusedBy, receipts, until, late }: EmergencyReading,
  { nodes }: Pick<ReaderNetwork, 'nodes'>,
): string[] {
  const nameOf = (nodeId: Hex): string => nameIn(nodes, nodeId);
  const refused = [...refusedBy].map(([nodeId, code]) => `${nameOf(nodeId)} (${code})`);
  const signed = receipts.map(({ holder, n }) => `${nameOf(holder)} number ${n}`);
  return [
    `Shares of the key came from ${listed(releasedBy.map(nameOf))}.`,
    ...(refused.length === 0 ? [] : [`No share came from ${listed(refused)}.`]),
    `Receipts: ${listed(signed)}; each is signed, and the patient finds it.`,
    late
      ? 'The chain stands still: request and receipts are put on it, marked late, as soon as it is back.'
      : `The request and the receipts stand on the chain; the request is ${emergency}.`,
    'The patient is told, and a person at each of these hospitals has to look at it.',
    `Only the summary was opened. Nothing more goes out after ${timeText(until)}.`,
  ];
}
