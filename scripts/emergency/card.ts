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
import { loadDeployment, manifestOf, walletOf } from '../../src/config/deployment.ts';
import { processEnvironment } from '../../src/config/settings.ts';
import { CarelatticeError } from '../../src/errors.ts';

const text = { type: 'string' } as const;
const command = {
  usage:
    'npm run emergency -- (card [--withdraw] | end) [--custodian NODE --custodian NODE --custodian NODE] [--at NODE] [--summary FILE [--language en|zh] [--labels LABEL[,...]]] [--out CARD-FILE] [--wallet FILE] [--passphrase-file FILE] [--rpc URL] [--network NAME] [--deployments DIR]; card without --custodian and --at prints the present card',
  options: {
    ...{ custodian: { type: 'string', multiple: true } as const, at: text },
    ...{ withdraw: { type: 'boolean' } as const, summary: text, language: text, labels: text },
    ...{ out: text, wallet: text, 'passphrase-file': text },
    ...{ rpc: text, network: text, deployments: text },
  },
} as const;

/** The patient makes, renews, prints or withdraws her card; `end` with a new key behind it. */
export async function card(args: readonly string[], act: 'card' | 'end' = 'card'): Promise<void> {
  const { values } = commandLine(command, args);
  const { rpc: rpcUrl, network, deployments, at, withdraw = false } = values;
  const { custodian: custodians = [], summary: file } = values;
  if (withdraw && (act === 'end' || custodians.length > 0 || file !== undefined))
    throw new CarelatticeError('UnknownOption', `--withdraw stands alone. Usage: ${command.usage}`);
  const passphraseFile = values['passphrase-file'];
  const config = loadDeployment(processEnvironment(), {
    ...{ rpcUrl, network, deployments, passphraseFile },
  });
  const out = values.out ?? join(config.deployments, config.network, 'emergency-card.txt');
  const summary = file === undefined ? undefined : { file, ...summaryOrder(values) };
  using desk = await openDesk(config, manifestOf(config), values.wallet ?? walletOf(config));
  const options = { custodians, at, summary, out };
  const isNew = custodians.length > 0 || at !== undefined;
  const told = withdraw
    ? await withdrawCardByCommand(desk)
    : await (act === 'end' ? endByCommand : isNew ? makeCardByCommand : showCardByCommand)(
        desk,
        options,
      );
  for (const line of told.lines) console.log(line);
  if (!told.ok) process.exitCode = 1;
}
