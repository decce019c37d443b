import { draftConsent } from '../src/client/consent/draftConsent.ts';
import { submit } from '../src/client/enrolment/enroll.ts';
import { type Reading, readRecords } from '../src/client/reading/readRecords.ts';
import type { Reader } from '../src/client/reading/requestRecords.ts';
import { revokeConsent } from '../src/client/consent/revoke.ts';
import {
  readPackageFor,
  signConsent,
  type SignedConsent,
} from '../src/client/consent/signConsent.ts';
import { authorityOf } from '../src/client/wallet/wallet.ts';
import { lookText } from '../src/client/reading/whoLookedText.ts';
import { type NodeLog, whoLooked } from '../src/client/reading/whoLooked.ts';
import { CarelatticeError } from '../src/errors.ts';
import { type LocalNetwork } from '../src/localnet/network.ts';
import { type Ways, waysInto } from '../src/localnet/ways.ts';
import { type Enrolled, random } from './network.ts';
import { count, type Tell } from './story.ts';

/** The second story: an insurer asks, the patient decides with one signature, sees who looked, and takes it back. */

export const INSURER = 'Harbour Health Insurance';

/** What the checks at the end look at once more. */
export interface ConsentStory {
  readonly enrolled: Enrolled;
  readonly holder: string;
  readonly categories: readonly string[];
  readonly before: string;
  readonly readings: readonly Reading[];
  readonly after: string;
  /** Asks once more under the same consent; the code of the refusal. */
  readonly again: () => Promise<string>;
  readonly log: NodeLog;
}

/** What an insurer likes to see; who has none of it is asked for what she has. */
const WANTED: readonly string[] = ['result', 'medication'];
const DAY = 86_400n;

export async function tellConsentStory(
  network: LocalNetwork,
  enrolled: Enrolled,
  present: readonly string[],
  tell: Tell,
  print: (line: string) => void,
): Promise<ConsentStory> {
  const liked = WANTED.filter((category) => present.includes(category));
  const categories = liked.length > 0 ? liked : present.slice(0, 1);
  const { patient, wallet, network: own } = enrolled;
  const [holder = ''] = patient.hospitals.slice(-1);
  const reader = network.readers.get(INSURER);
  if (reader === undefined) throw new Error('the demo admits an insurer');
  const ways = await waysInto(network, random);
  const consents = await signInBoth(network, enrolled, reader, categories, ways, print, tell);
  const shown = readPackageFor(wallet, consents.kept.digest, {
    networkId: own.networkId,
    serving: network.node(holder).self.nodeId,
  });
  const read = (): Promise<Reading> => readRecords(reader, shown, 'HPAYMT', ways);
  const before = await refusal(read);
  tell(
    `${INSURER} shows ${holder} a consent that is not on the chain yet: refused (${before}). ` +
      'No record, no key, and no way to learn whether there is one.',
  );
  await submit(ways.transport, own, ways.consensus, consents.grant);
  await network.settle();
  tell(
    'Her wallet signed that text once and sent it sealed to the consensus node. The chain learns a digest, her ' +
      'account and "active": not who may read, not what.',
  );
  const readings = [await read(), await read()];
  await network.settle();
  tellReadings(readings, holder, tell);
  const node = ways.nodes.get(network.node(holder).self.nodeId);
  if (node === undefined) throw new Error('the holder is a node');
  const log = await whoLooked(wallet, own, node, await waysInto(network, random));
  tellLog(log, ways, tell);
  await revokeConsent(wallet, consents.kept, new Map([[own.networkId, ways]]));
  await network.settle();
  const after = await refusal(read);
  tell(
    `She takes it back with one signature. From the next block ${holder} refuses (${after}). ` +
      'What was read cannot be called back, and the consent said so.',
  );
  return {
    ...{ enrolled, holder, categories, before, readings, after, log },
    again: () => refusal(read),
  };
}

/** Drafts the consent in both languages, shows both texts, and signs the one in her language. */
async function signInBoth(
  network: LocalNetwork,
  { wallet, network: own, patient }: Enrolled,
  reader: Reader & { readonly name: string },
  categories: readonly string[],
  ways: Ways,
  print: (line: string) => void,
  tell: Tell,
): Promise<SignedConsent> {
  const { networkId, chainId, federationId, contracts } = network.manifest;
  const now = BigInt(ways.now());
  const [english, chinese] = (['en', 'zh'] as const).map((language) =>
    draftConsent(
      {
        patient: authorityOf(wallet),
        language,
        categories,
        from: now,
        until: now + 7n * DAY,
        epoch: 0n,
        places: [
          {
            networkId,
            chainId,
            registry: contracts.ConsentRegistry.address,
            patientId: own.patientId,
            name: 'Riverside',
          },
        ],
        reader,
        purpose: 'HPAYMT',
      },
      random,
    ),
  );
  if (english === undefined || chinese === undefined) throw new Error('two languages, two texts');
  tell(
    `${reader.name} wants to check a bill and asks ${patient.name} for some of her records. ` +
      'This is the whole text that her wallet shows her and signs, in English or in Chinese:',
  );
  for (const { statement } of [english, chinese])
    for (const line of ['', ...statement.split('\n')]) print(`      ${line}`.trimEnd());
  print('');
  return signConsent(wallet, federationId, english);
}

function tellReadings(readings: readonly Reading[], holder: string, tell: Tell): void {
  const [first, second] = readings;
  if (first === undefined || second === undefined) throw new Error('two readings');
  const kinds = [...new Set(first.records.map(({ message }) => message.category))];
  tell(
    `${INSURER} asks again. ${holder} checks the consent, writes a receipt, waits until the receipt stands on the ` +
      `chain, looks at the consent once more, and only then hands over the keys: ${count(first.records.length, 'record')} ` +
      `(${kinds.join(', ')}), each opened and checked to its author's signature. Everything else stays closed.`,
  );
  tell(
    `A second request under the same signature: ${count(second.records.length, 'record')}, receipt ${second.receipt.n}. ` +
      'She need not be asked again.',
  );
}

function tellLog({ node, verdict, openings }: NodeLog, { nodes }: Ways, tell: Tell): void {
  const lines = openings.map((opening) => lookText(opening, node, nodes));
  tell(
    `Who looked? Her wallet reads the log of ${node.name} (${verdict.kind === 'ok' ? 'it gives every root on the chain, and no number is missing' : 'WITH FAULTS'}): ` +
      `${lines.join('; ')}.`,
  );
}

/** The code with which an act is refused. */
export async function refusal(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (error instanceof CarelatticeError) return error.code;
    throw error;
  }
  return 'not refused';
}
