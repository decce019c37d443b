import { showOfCard } from '../../src/client/account/accountByCommand.node.ts';
import { openAccountDesk, openNetworkDesk } from '../../src/client/account/accountDesk.node.ts';
import {
  askFreeze,
  askRecovery,
  beginRecovery,
  freezeByCommand,
} from '../../src/client/account/guardiansByCommand.node.ts';
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

const BRING = '--request FILE --approval FILE --approval FILE [--approval FILE]...';
const FILES = { card: text, out: text, request: text, approval: texts } as const;

interface Given {
  readonly card?: string | undefined;
  readonly out?: string | undefined;
  readonly request?: string | undefined;
  readonly approval?: string[] | undefined;
}

/** Either a request is written, or one is brought with its approvals. @throws `UnknownOption` */
function wayOf({ card, out, request, approval: approvals }: Given, usage: string) {
  if (card !== undefined && out !== undefined && request === undefined && approvals === undefined)
    return { ask: { card, out } };
  if (request !== undefined && approvals !== undefined && card === undefined && out === undefined)
    return { bring: { request, approvals } };
  throw new CarelatticeError('UnknownOption', `Usage: ${usage}`);
}

const freezing = {
  usage: `npm run account -- freeze (--card FILE [--for 30d] --out REQUEST-FILE | ${BRING}) ${PLACE_USAGE}`,
  options: { ...FILES, for: text, ...PLACE },
} as const;

/** Guardians freeze her account: anyone of them asks, and brings it with enough approvals. */
export async function freeze(args: readonly string[]): Promise<void> {
  const { values } = commandLine(freezing, args);
  const { ask, bring } = wayOf(values, freezing.usage);
  const { config, manifestFile } = placesOf(values);
  const seconds = durationOf(values.for ?? '30d');
  using desk = await openNetworkDesk(config, manifestFile);
  if (ask !== undefined) {
    await askFreeze(desk, ask.card, seconds, ask.out);
    return print([`Send ${ask.out} to her guardians; they sign it with account -- approve.`]);
  }
  print(await showOfCard(desk, await freezeByCommand(desk, bring)));
}

const recovering = {
  usage: `npm run account -- recover (--card FILE --out REQUEST-FILE | ${BRING}) ${WALLET_USAGE} ${PLACE_USAGE}`,
  options: { ...FILES, ...WALLET, ...PLACE },
} as const;

/** Guardians give her the account of her new wallet: she asks, and brings it with enough approvals. */
export async function recover(args: readonly string[]): Promise<void> {
  const { values } = commandLine(recovering, args);
  const { ask, bring } = wayOf(values, recovering.usage);
  const { config, manifestFile, walletFile } = placesOf(values);
  using desk = await openAccountDesk(config, manifestFile, walletFile);
  if (ask !== undefined) {
    const account = await askRecovery(desk, ask.card, ask.out);
    print([`Send ${ask.out} to your guardians; they sign it with account -- approve.`]);
    return print([`Read this account out to each of them: ${account}`]);
  }
  print(await showOfCard(desk, await beginRecovery(desk, bring)));
  print(['', 'When the time has come: npm run recover -- --card FILE --wallet FILE']);
}
