/** Writes the whole record of a patient, with consents, receipts and what proves them, into one file. */
import { exportByCommand } from '../src/client/export/exportByCommand.node.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, manifestOf, walletOf } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';

const text = { type: 'string' } as const;
const command = {
  usage:
    'npm run export -- FILE [--chinese] [--wallet FILE] [--passphrase-file FILE] [--rpc URL] [--network NAME] [--deployments DIR]',
  options: {
    chinese: { type: 'boolean', default: false },
    wallet: text,
    'passphrase-file': text,
    rpc: text,
    network: text,
    deployments: text,
  },
  least: 1,
  most: 1,
} as const;

await runCommand(async () => {
  const { values, positionals } = commandLine(command, process.argv.slice(2));
  const { rpc: rpcUrl, network, deployments, chinese } = values;
  const given = { rpcUrl, network, deployments, passphraseFile: values['passphrase-file'] };
  const config = loadDeployment(processEnvironment(), given);
  const { lines, silent } = await exportByCommand(config, {
    file: positionals[0] ?? '',
    manifestFile: manifestOf(config),
    walletFile: values.wallet ?? walletOf(config),
    language: chinese ? 'zh-CN' : 'en',
  });
  for (const line of lines) console.log(line);
  for (const line of silent) console.error(line);
  if (silent.length > 0) process.exitCode = 1;
});
