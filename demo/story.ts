import { short } from '../src/trace/trace.ts';
import type { Accepted } from '../src/node/recording/submit.ts';
import type { LocalNetwork } from '../src/localnet/network.ts';
import { storageReceipts } from '../src/client/reading/receipts.ts';
import { openOwn } from '../src/node/reading/openOwn.ts';
import type { Dataset } from './dataset.ts';
import { kilobytes } from './matrix.ts';
import {
  directoryOf,
  type Enrolled,
  enrollPatient,
  handIn,
  random,
  type Validate,
} from './network.ts';

/** The first patient's first bundle, step by step, each told from what the nodes and the chain show. */

export type Tell = (sentence: string) => void;

/** Numbers the sentences and keeps long ones readable. */
export function teller(print: (text: string) => void): Tell {
  let number = 0;
  return (sentence) => {
    number += 1;
    const [first = '', ...rest] = wrapped(sentence, 112);
    print(`${String(number).padStart(2)}  ${first}`);
    for (const line of rest) print(`    ${line}`);
  };
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

export interface FirstStory {
  enrolled: Enrolled;
  accepted: Accepted;
}

export async function tellFirstStory(
  network: LocalNetwork,
  dataset: Dataset,
  validate: Validate,
  tell: Tell,
): Promise<FirstStory> {
  const { hospitals } = network;
  const [patient] = dataset.patients;
  const [handedIn] = patient?.bundles ?? [];
  if (patient === undefined || handedIn === undefined)
    throw new Error('a dataset has a patient with a bundle');
  const { members, threshold, chainId } = network.manifest;
  tell(
    `${capital(inWords(hospitals.length))} hospitals, one consensus node and a standby share an edge chain (id ${chainId}). ` +
      `Nobody is in charge alone: ${threshold} of ${members.length} members must agree.`,
  );
  const enrolled = await enrollPatient(network, patient);
  await network.settle();
  tell(
    `${patient.name} opens her wallet and enrols at ${listed(patient.hospitals)}. ` +
      `The chain learns one random number (${short(enrolled.network.patientId)}), not her name.`,
  );
  const accepted = await handIn(
    network,
    handedIn,
    `${handedIn.hospital} 1`,
    validate,
    dataset.directory,
  );
  const { records, submission } = accepted;
  const categories = [...new Set(records.map(({ category }) => category))];
  tell(
    `${handedIn.hospital} hands in a FHIR bundle: ${submission.resources} resources, valid. ` +
      `They become ${count(records.length, 'record')}: ${categories.join(', ')}.`,
  );
  const bytes = records.reduce((sum, record) => sum + record.recordSize, 0);
  tell(
    `Sealed: ${count(records.length, 'record')}, ${kilobytes(bytes)}, stored as ciphertext under IPFS addresses. ` +
      'Only holders of her keys can open them.',
  );
  await network.settle();
  await tellRound(network, handedIn.hospital, accepted, tell);
  await tellDelivery(network, enrolled, handedIn.hospital, accepted, tell);
  await tellOpening(network, enrolled, handedIn.hospital, accepted, tell);
  return { enrolled, accepted };
}

async function tellRound(
  network: LocalNetwork,
  author: string,
  { records }: Accepted,
  tell: Tell,
): Promise<void> {
  const { seen } = network.node(author).open.components;
  const number =
    network.node(author).open.components.author.authored(records[0]?.anchor ?? '0x')?.request ?? 0;
  const request = seen.request(number);
  const seal = seen.sealOf(number);
  if (request === undefined || seal === undefined)
    throw new Error('the request of the story was sealed');
  tell(
    `Broadcast: storage request ${number} (block ${request.block}). ` +
      `It shows one root and ${request.paddedCount} tags that mean nothing to strangers.`,
  );
  const bells = network.hospitals.filter(({ open }) =>
    /[1-9a-f]/.test((open.components.seen.request(number)?.answered ?? '0x').slice(2)),
  );
  const others = bells.filter(({ name }) => name !== author).length;
  tell(
    `Every hospital answers, sealed and in equal size. One of the tags rings a bell, ` +
      `at ${others === 0 ? 'no other hospital' : `${inWords(others)} other${others === 1 ? '' : 's'} besides ${author}`}.`,
  );
  tell(
    `The consensus node marks its table and seals it: root ${short(seal.prevRoot)} becomes ${short(seal.newRoot)} ` +
      `(block ${seal.block}). The table itself stays secret.`,
  );
}

async function tellDelivery(
  network: LocalNetwork,
  enrolled: Enrolled,
  author: string,
  { records }: Accepted,
  tell: Tell,
): Promise<void> {
  const { patient } = enrolled;
  const receivers = patient.hospitals.filter((name) => name !== author);
  const rest = network.hospitals.filter(({ name }) => !patient.hospitals.includes(name));
  let blocks = 0;
  for (const { open } of rest) {
    for (const { recordCid, wrapCid } of records) {
      if (await open.components.store.has(recordCid)) blocks += 1;
      if (await open.components.store.has(wrapCid)) blocks += 1;
    }
  }
  tell(
    `Delivered: ${listed(receivers)} fetched ${count(records.length, 'record')}, checked author, anchor and place in the table, and keeps them. ` +
      `The other ${inWords(rest.length)} hospitals got an empty list of the same size. They hold nothing of hers: ${blocks} blocks.`,
  );
  const { seen } = network.node(author).open.components;
  const request =
    network.node(author).open.components.author.authored(records[0]?.anchor ?? '0x')?.request ?? 0;
  const settled = seen.settledOf(request);
  const bits = (settled?.bitmap ?? 0n).toString(2).replaceAll('0', '').length;
  const [first] = receivers;
  const node =
    first === undefined ? undefined : directoryOf(network).get(network.node(first).self.nodeId);
  const receipts =
    node === undefined
      ? []
      : await storageReceipts(
          enrolled.wallet,
          enrolled.network,
          network.transport,
          node,
          network.node(author).open.components.now(),
          random,
        );
  const valid = receipts.filter((receipt) => receipt.valid).length;
  tell(
    `Settled: ${bits} of ${network.hospitals.length} settlements (block ${settled?.block ?? '?'}). ` +
      `${first ?? 'Nobody'}'s signed receipts over ${count(valid, 'record')} reached her wallet.`,
  );
}

async function tellOpening(
  network: LocalNetwork,
  enrolled: Enrolled,
  author: string,
  { records }: Accepted,
  tell: Tell,
): Promise<void> {
  const [receiver = author] = enrolled.patient.hospitals.filter((name) => name !== author);
  const { components } = network.node(receiver).open;
  const results = records.find(({ category }) => category === 'result') ?? records[0];
  const held = results === undefined ? undefined : components.holding.held(results.anchor);
  if (results === undefined || held === undefined)
    throw new Error('the receiver of the story holds the record');
  const own = components.holding.patient(enrolled.network.patientId);
  if (own === undefined) throw new Error('the receiver has enrolled her');
  const [opening] = await openOwn(components, own, [held]);
  if (opening === undefined) throw new Error('what was asked for was opened');
  const { message } = opening.opened;
  const stranger = network.hospitals.find(({ name }) => !enrolled.patient.hospitals.includes(name));
  const has =
    stranger !== undefined && (await stranger.open.components.store.has(results.recordCid));
  const knows = stranger?.open.components.holding.patient(enrolled.network.patientId) !== undefined;
  tell(
    `${receiver} opens the ${message.category} (${message.resourceTypes.join(', ')}) with the key she gave it: signature and content fit, and the look is logged for her. ` +
      (stranger === undefined
        ? ''
        : `${stranger.name} ${has || knows ? 'could, which is wrong' : 'cannot: no key, no block'}.`),
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

const WORDS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const inWords = (n: number): string => WORDS[n] ?? String(n);

export const listed = (names: readonly string[]): string =>
  names.length < 2
    ? (names[0] ?? 'nobody else')
    : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
