import { join } from 'node:path';
import { openDesk } from '../../src/client/consent/consentDesk.node.ts';
import {
  endByCommand,
  makeCardByCommand,
  showCardByCommand,
  withdrawCardByCommand,
} from '../../src/client/emergency/cardByCommand.node.ts';
import { summaryOrder } from '../../src/client/emergency/ownSummary.ts';
import { commandLine } from '../../src/config/commandLine.ts';
import { CarelatticeError } from '../../src/errors.ts';
import { PLACE, placesOf, print, text, texts, WALLET } from '../places.ts';

const command = {
  usage:
    'npm run emergency -- (card [--withdraw] | end) [--custodian NODE --custodian NODE --custodian NODE] [--at NODE] [--summary FILE [--language en|zh] [--labels LABEL[,...]]] [--out CARD-FILE] [--wallet FILE] [--passphrase-file FILE] [--rpc URL] [--network NAME] [--deployments DIR]; card without --custodian and --at prints the present card',
  options: {
    ...{ custodian: texts, at: text },
    ...{ withdraw: { type: 'boolean' } as const, summary: text, language: text, labels: text },
    ...{ out: text, ...WALLET, ...PLACE },
  },
} as const;

/** The patient makes, renews, prints or withdraws her card; `end` with a new key behind it. */
export async function card(args: readonly string[], act: 'card' | 'end' = 'card'): Promise<void> {
  const { values } = commandLine(command, args);
  const { at, withdraw = false } = values;
  const { custodian: custodians = [], summary: file } = values;
  if (withdraw && (act === 'end' || custodians.length > 0 || file !== undefined))
    throw new CarelatticeError('UnknownOption', `--withdraw stands alone. Usage: ${command.usage}`);
  const { config, manifestFile, walletFile } = placesOf(values);
  const out = values.out ?? join(config.deployments, config.network, 'emergency-card.txt');
  const summary = file === undefined ? undefined : { file, ...summaryOrder(values) };
  using desk = await openDesk(config, manifestFile, walletFile);
  const options = { custodians, at, summary, out };
  const isNew = custodians.length > 0 || at !== undefined;
  const told = withdraw
    ? await withdrawCardByCommand(desk)
    : await (act === 'end' ? endByCommand : isNew ? makeCardByCommand : showCardByCommand)(
        desk,
        options,
      );
  print(told.lines);
  if (!told.ok) process.exitCode = 1;
}
