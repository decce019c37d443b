/**
 * Shows the patient who opened her records at each node where she is enrolled, and whether the logs hold; or whether the
 * receipt that a reader shows her stands in the log of its holder.
 */
import { httpRpc } from '../src/chain/httpRpc.ts';
import { loadManifest } from '../src/chain/manifestFile.ts';
import { httpsWays } from '../src/client/httpsWays.node.ts';
import { terminalOf } from '../src/client/terminal.node.ts';
import { slotSecret } from '../src/client/wallet/unlock.node.ts';
import { openWalletFile } from '../src/client/wallet/walletFile.node.ts';
import { readReceiptFile } from '../src/client/reading/readByCommand.node.ts';
import { holdReceipt, whoLookedEverywhere } from '../src/client/reading/whoLookedText.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, manifestOf, walletOf } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';

const text = { type: 'string' } as const;
const command = {
  usage:
    'npm run who-looked -- [--receipt FILE] [--wallet FILE] [--passphrase-file FILE] [--rpc URL] [--network NAME] [--deployments DIR]',
  options: {
    receipt: text,
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
  const receipt = values.receipt === undefined ? undefined : await readReceiptFile(values.receipt);
  const terminal = terminalOf(process.stdin, process.stderr);
  const secret = await slotSecret('passphrase', { ...config, terminal });
  const wallet = await openWalletFile(values.wallet ?? walletOf(config), secret);
  const rpc = httpRpc(config.rpcUrl);
  const manifest = await loadManifest(manifestOf(config), rpc);
  const ways = await httpsWays(manifest, rpc);
  const looked =
    receipt === undefined
      ? whoLookedEverywhere(wallet, manifest, ways)
      : holdReceipt(wallet, manifest, ways, receipt);
  const { lines, ok } = await looked.finally(() => ways.close());
  for (const line of lines) console.log(line);
  if (!ok) process.exitCode = 1;
});
