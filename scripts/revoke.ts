/** Takes a consent back by one signature, or all of them; without either, lists what the wallet has signed. */
import { openDesk } from '../src/client/consent/consentDesk.node.ts';
import {
  consentLines,
  revokeAllByCommand,
  revokeByCommand,
  revokeDelegatedByCommand,
} from '../src/client/consent/revokeByCommand.node.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, manifestOf, walletOf } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';
import { CarelatticeError } from '../src/errors.ts';
import { fromHex, toHex } from '../src/hash/bytes.ts';

const text = { type: 'string' } as const;
const command = {
  usage:
    'npm run revoke -- [--consent DIGEST | --delegated DIGEST | --all] [--wallet FILE] [--passphrase-file FILE] [--rpc URL] [--network NAME] [--deployments DIR]',
  options: {
    ...{ consent: text, delegated: text, all: { type: 'boolean' } as const },
    ...{ wallet: text, 'passphrase-file': text, rpc: text, network: text, deployments: text },
  },
} as const;

await runCommand(async () => {
  const { values } = commandLine(command, process.argv.slice(2));
  if ([values.consent, values.delegated, values.all].filter((one) => one !== undefined).length > 1)
    throw new CarelatticeError('UnknownOption', `Give one of the three. Usage: ${command.usage}`);
  const { rpc: rpcUrl, network, deployments, consent, delegated } = values;
  const given = { rpcUrl, network, deployments, passphraseFile: values['passphrase-file'] };
  const config = loadDeployment(processEnvironment(), given);
  using desk = await openDesk(config, manifestOf(config), values.wallet ?? walletOf(config));
  if (values.all === true) {
    const epoch = await revokeAllByCommand(desk);
    console.log(`All is taken back that was signed before; from now on she signs epoch ${epoch}.`);
  } else if (consent === undefined && delegated === undefined) {
    for (const line of consentLines(desk.wallet)) console.log(line);
  } else {
    const digest = toHex(fromHex(consent ?? delegated ?? '', 32));
    await (consent === undefined ? revokeDelegatedByCommand : revokeByCommand)(desk, digest);
    console.log(`Taken back: ${digest}. From the next block on it is refused, for ever.`);
  }
});
