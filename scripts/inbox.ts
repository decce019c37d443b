/** Shows the patient what her nodes have told her: emergencies, and changes of her account. */
import { openDesk } from '../src/client/consent/consentDesk.node.ts';
import { dropByCommand, showInbox } from '../src/client/inbox/inboxByCommand.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, manifestOf, walletOf } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';

const text = { type: 'string' } as const;
const command = {
  usage:
    'npm run inbox -- [--drop] [--wallet FILE] [--passphrase-file FILE] [--rpc URL] [--network NAME] [--deployments DIR]',
  options: {
    drop: { type: 'boolean' },
    ...{ wallet: text, 'passphrase-file': text, rpc: text, network: text, deployments: text },
  },
} as const;

await runCommand(async () => {
  const { values } = commandLine(command, process.argv.slice(2));
  const { rpc: rpcUrl, network, deployments } = values;
  const given = { rpcUrl, network, deployments, passphraseFile: values['passphrase-file'] };
  const config = loadDeployment(processEnvironment(), given);
  using desk = await openDesk(config, manifestOf(config), values.wallet ?? walletOf(config));
  const { lines, items, ok } = await showInbox(desk.wallet, desk.manifest, desk.ways);
  for (const line of lines) console.log(line);
  if (!ok) process.exitCode = 1;
  if (values.drop !== true || items.length === 0) return;
  const told = await dropByCommand(desk.wallet, desk.manifest, desk.ways, items);
  for (const line of told) console.log(line);
});
