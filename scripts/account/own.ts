import {
  completeByCommand,
  completePending,
  dismissGuardians,
  nameGuardians,
  rotateByCommand,
  showByCommand,
  showOfCard,
  vetoByCommand,
} from '../../src/client/account/accountByCommand.node.ts';
import {
  type AccountDesk,
  openAccountDesk,
  openNetworkDesk,
} from '../../src/client/account/accountDesk.node.ts';
import { readFileOf } from '../../src/client/account/guardianFiles.node.ts';
import { guardianCard } from '../../src/client/account/guardians.ts';
import { durationOf } from '../../src/client/timeText.ts';
import { commandLine } from '../../src/config/commandLine.ts';
import { CarelatticeError } from '../../src/errors.ts';
import {
  PLACE,
  PLACE_USAGE,
  placesOf,
  print,
  text,
  texts,
  WALLET,
  WALLET_USAGE,
} from '../places.ts';

const byCard = (name: string) =>
  ({
    usage: `npm run account -- ${name} [--card FILE | ${WALLET_USAGE}] ${PLACE_USAGE}`,
    options: { card: text, ...WALLET, ...PLACE },
  }) as const;

/** What stands on chain: of the wallet's owner, or of the patient on a guardian's card. */
export async function show(args: readonly string[]): Promise<void> {
  const { values } = commandLine(byCard('show'), args);
  const { config, manifestFile, walletFile } = placesOf(values);
  if (values.card === undefined) {
    using desk = await openAccountDesk(config, manifestFile, walletFile);
    return print(await showByCommand(desk));
  }
  const card = await readFileOf(guardianCard, values.card);
  using desk = await openNetworkDesk(config, manifestFile);
  print(await showOfCard(desk, card));
}

/** Completes what is due: by the owner, or by anyone with a guardian's card. */
export async function complete(args: readonly string[]): Promise<void> {
  const { values } = commandLine(byCard('complete'), args);
  const { config, manifestFile, walletFile } = placesOf(values);
  if (values.card === undefined) {
    using desk = await openAccountDesk(config, manifestFile, walletFile);
    await completeByCommand(desk);
    return print(await showByCommand(desk));
  }
  const card = await readFileOf(guardianCard, values.card);
  using desk = await openNetworkDesk(config, manifestFile);
  await completePending(desk, card);
  print(await showOfCard(desk, card));
}

const circle = {
  usage: `npm run account -- guardians (--guardian FILE --guardian FILE [--guardian FILE]... --threshold T [--delay 3d] --cards DIR | --none) ${WALLET_USAGE} ${PLACE_USAGE}`,
  options: {
    ...{ guardian: texts, threshold: text, delay: text, cards: text },
    ...{ none: { type: 'boolean' } as const, ...WALLET, ...PLACE },
  },
} as const;

/** The patient names her guardians, or none any more. */
export async function guardians(args: readonly string[]): Promise<void> {
  const { values } = commandLine(circle, args);
  const { guardian: accountFiles = [], threshold = '', delay = '3d', cards, none } = values;
  const isNaming = accountFiles.length > 0 && /^\d{1,2}$/.test(threshold) && cards !== undefined;
  const given = [values.guardian, values.threshold, values.delay, cards];
  const isNone = given.every((one) => one === undefined);
  if (none === true ? !isNone : !isNaming)
    throw new CarelatticeError('UnknownOption', `Usage: ${circle.usage}`);
  const { config, manifestFile, walletFile } = placesOf(values);
  const options = { accountFiles, threshold: Number(threshold), delay: durationOf(delay) };
  using desk = await openAccountDesk(config, manifestFile, walletFile);
  if (cards === undefined) await dismissGuardians(desk);
  else {
    const { files } = (await nameGuardians(desk, { ...options, cards })).cards;
    print(files.map(({ card, guardian }) => `${card} is the card of the guardian of ${guardian}.`));
    print(['Hand each card to its guardian, then delete it here.', '']);
  }
  print(await showByCommand(desk));
}

const owner = (name: string) =>
  ({
    usage: `npm run account -- ${name} ${WALLET_USAGE} ${PLACE_USAGE}`,
    options: { ...WALLET, ...PLACE },
  }) as const;

const byOwner =
  (name: string, act: (desk: AccountDesk) => Promise<unknown>) =>
  async (args: readonly string[]): Promise<void> => {
    const { config, manifestFile, walletFile } = placesOf(commandLine(owner(name), args).values);
    using desk = await openAccountDesk(config, manifestFile, walletFile);
    await act(desk);
    print(await showByCommand(desk));
  };

/** The patient moves to a new key. */
export const rotate = byOwner('rotate', rotateByCommand);

/** The patient drops what is pending. */
export const veto = byOwner('veto', vetoByCommand);
