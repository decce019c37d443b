/** Shows the patient who opened her records at each node where she is enrolled, and whether the logs hold. */
import { httpRpc } from '../src/chain/httpRpc.ts';
import { loadManifest } from '../src/chain/manifestFile.ts';
import { httpsWays } from '../src/client/httpsWays.node.ts';
import { terminalOf } from '../src/client/terminal.node.ts';
import { slotSecret } from '../src/client/wallet/unlock.node.ts';
import { openWalletFile } from '../src/client/wallet/walletFile.node.ts';
import { whoLookedEverywhere } from '../src/client/reading/whoLookedText.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, manifestOf, walletOf } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';

const text = { type: 'string' } as const;
const command = {
  usage:
    'npm run who-looked -- [--wallet FILE] [--passphrase-file FILE] [--rpc URL] [--network NAME] [--deployments DIR]',
  options: {
    wallet: text,
    'passphrase-file': text,
    rpc: text,
    network: text,
    deployments: text,
  },
} as const;

await runCommand(async () => {
  const { values } = commandLine(command, process.argv.slice(2));
  const { rpc: rpcUrl, network, deployments } = values;
  const given = { rpcUrl, network, deployments, passphraseFile: values['passphrase-file'] };
  const config = loadDeployment(processEnvironment(), given);
  const terminal = terminalOf(process.stdin, process.stderr);
  const secret = await slotSecret('passphrase', { ...config, terminal });
  const wallet = await openWalletFile(values.wallet ?? walletOf(config), secret);
  const rpc = httpRpc(config.rpcUrl);
  const manifest = await loadManifest(manifestOf(config), rpc);
  const ways = await httpsWays(manifest, rpc);
  const { lines, ok } = await whoLookedEverywhere(wallet, manifest, ways).finally(() =>
    ways.close(),
  );
  for (const line of lines) console.log(line);
  if (!ok) process.exitCode = 1;
});
