import { readFile } from 'node:fs/promises';
import { createSecretFile, replaceSecretFile } from '../../crypto/secretFile.node.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { nodeNamed } from '../../domain/nodeNamed.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import { CATEGORIES } from '../../fhir/categories.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { consentText, parseConsent } from '../../wire/consentFile.ts';
import { PURPOSES } from '../../wire/consentForm.ts';
import { readPackageText } from '../../wire/readPackage.ts';
import type { Consent } from '../../wire/typedData.ts';
import type { ConsentDesk } from './consentDesk.node.ts';
import { consentFileText } from './consentFileText.node.ts';
import { waitForState } from './consentState.ts';
import { draftConsent } from './draftConsent.ts';
import { submit } from '../enrolment/enroll.ts';
import { readPackageFor, signConsent, signingTask, type SigningTask } from './signConsent.ts';
import { signInBrowser } from './signingPage.node.ts';
import { authorityOf, networkOf } from '../wallet/wallet.ts';

/** What `sign-consent` does, from its options to the file for the reader. */

/** As typed; lists are separated by commas. */
export interface ConsentOptions {
  /** Name or id of a node or reader, or `any`. */
  readonly reader?: string | undefined;
  readonly purpose?: string | undefined;
  /** `all`, or names of categories. */
  readonly categories?: string | undefined;
  readonly labels?: string | undefined;
  /** `2026-12-31` (its last second, as an end) or `2026-12-31T10:00Z`. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly language?: string | undefined;
}

const badOption = (problem: string, facts: Record<string, string | readonly string[]> = {}) =>
  new CarelatticeError('BadOption', problem, { facts });

/** @throws `BadOption`, as `nodeNamed`, `MalformedConsent` */
export async function draftByCommand(options: ConsentOptions, desk: ConsentDesk): Promise<Consent> {
  const { wallet, manifest, ways, state } = desk;
  const { reader = '', purpose = 'TREAT', categories = '', labels = '', language = 'en' } = options;
  const { until } = options;
  if (reader === '' || categories === '' || until === undefined)
    throw badOption('say who, what and until when: --reader, --categories, --until');
  const account = authorityOf(wallet);
  const known = PURPOSES.find((code) => code === purpose);
  if (known === undefined) throw badOption('there is no such purpose', { there: PURPOSES });
  if (language !== 'en' && language !== 'zh') throw badOption('the text is in en or in zh');
  const now = BigInt(ways.now());
  const wish = {
    patient: account,
    language,
    reader:
      reader === 'any'
        ? reader
        : nodeNamed(admitted(ways.nodes), reader, 'no admitted node or reader has this name'),
    purpose: known,
    categories: categories === 'all' ? CATEGORIES : listed(categories),
    sensitivity: listed(labels),
    from: options.from === undefined ? now - (now % 60n) : dateOf(options.from, 0n),
    until: dateOf(until, 86_399n),
    epoch: await state.minEpochOf(account),
    places: [
      {
        ...networkOf(wallet, manifest),
        registry: manifest.contracts.ConsentRegistry.address,
        name: manifest.name,
      },
    ],
  } as const;
  return draftConsent(wish, ways.random);
}

const listed = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** @param wholeDay added where no hour is given */
function dateOf(text: string, wholeDay: bigint): bigint {
  const [, hour] = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(?::\d{2})?Z)?$/.exec(text) ?? ['', 'none'];
  const time = Date.parse(text);
  if (hour === 'none' || Number.isNaN(time)) {
    throw badOption('a date is 2026-12-31 or 2026-12-31T10:00Z', { given: text });
  }
  return BigInt(time) / 1000n + (hour === undefined ? wholeDay : 0n);
}

const admitted = (nodes: ReadonlyMap<Hex, KnownNode>): KnownNode[] =>
  [...nodes.values()].filter(({ state }) => state === 'admitted');

/** The text, then the typed data as JSON. */
export const taskText = ({ statement, typedData }: SigningTask): string =>
  `${statement}\n\n${JSON.stringify(typedData, undefined, 2)}`;

/** What her account is to sign. @throws as `signingTask` */
export const taskOf = ({ wallet, manifest }: ConsentDesk, consent: Consent): SigningTask =>
  signingTask(consent, manifest.federationId, authorityOf(wallet));

/** Keeps a consent until its signature comes; the same file may be written anew. @returns what to do next */
export async function keepDraft(
  path: string,
  consent: Consent,
  { signer }: SigningTask,
): Promise<string> {
  await replaceSecretFile(path, consentText(consent));
  return `Not signed. Sign it elsewhere as ${signer}, then run this again with --signature; it is kept in ${path}.`;
}

/** The signature made elsewhere: on a page of this machine, or given as hex; undefined: the wallet itself signs. */
export function signatureMade(
  task: SigningTask,
  given: string | undefined,
  browser: boolean,
): Promise<Hex | undefined> {
  if (!browser) return Promise.resolve(given === undefined ? given : toHex(fromHex(given)));
  const announce = (url: string): void => {
    console.log(`Open this page in the browser that has her wallet:\n${url}\n`);
  };
  return signInBrowser(task, { announce });
}

/** @throws `NoConsentFile`, `MalformedConsent` with the place */
export const readDraft = async (path: string): Promise<Consent> =>
  parseConsent(await consentFileText(path));

/** Writes a file of its owner's; one with the same text, of an earlier try, stays. @throws `SecretFileExists` */
async function createOnce(path: string, text: string): Promise<void> {
  try {
    await createSecretFile(path, text);
  } catch (error) {
    if (!hasCode(error, 'SecretFileExists') || (await readFile(path, 'utf8')) !== text) throw error;
  }
}

export interface Granted {
  readonly consent: Consent;
  /** Made elsewhere; else the wallet signs. */
  readonly signature?: Hex | undefined;
  /** Name or id of the holder that is to serve the reader. */
  readonly serving: string;
  /** Where the reader's file goes. */
  readonly out: string;
}

/**
 * Signs, writes the reader's file, brings the grant to the chain and waits until it stands there.
 * @throws `BadSignature`, as `nodeNamed`, `ConsentNotSeen`, the consensus node's refusals
 */
export async function grantByCommand(
  { wallet, manifest, ways, state, save }: ConsentDesk,
  { consent, signature, serving, out }: Granted,
): Promise<Hex> {
  const holders = admitted(ways.nodes).filter(({ role }) => role === 'recording');
  const holder = nodeNamed(holders, serving, 'only an admitted recording node serves readers');
  const { federationId, networkId } = manifest;
  const { kept, grant } = signConsent(wallet, federationId, consent, signature);
  const shown = readPackageFor(wallet, kept.digest, { networkId, serving: holder.nodeId });
  await save();
  await createOnce(out, readPackageText(shown));
  try {
    await submit(ways.transport, manifest, ways.consensus, grant);
  } catch (error) {
    // It stands there already, by an earlier try.
    if (!hasCode(error, 'Used')) throw error;
  }
  await waitForState(state, ways, kept, 'granted');
  return kept.digest;
}
