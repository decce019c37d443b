/** Deploys an edge network through a running development node and makes the folders of its nodes. */
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';
import { chainIdOf } from '../src/chain/rpc.ts';
import { httpRpc } from '../src/chain/httpRpc.ts';
import { foundingNodes, foundNetwork } from '../src/localnet/foundNetwork.ts';

const command = {
  usage:
    'npm run deploy-network -- [--nodes N|FILE] [--rpc URL] [--chain-id N] [--network NAME] [--deployments DIR] [--first-port N]',
  options: {
    nodes: { type: 'string', default: '3' },
    rpc: { type: 'string' },
    'chain-id': { type: 'string' },
    network: { type: 'string' },
    deployments: { type: 'string' },
    'first-port': { type: 'string' },
  },
} as const;

await runCommand(async () => {
  const { values } = commandLine(command, process.argv.slice(2));
  const { rpcUrl, network, deployments, firstPort } = loadDeployment(processEnvironment(), {
    rpcUrl: values.rpc,
    network: values.network,
    deployments: values.deployments,
    firstPort: values['first-port'] === undefined ? undefined : Number(values['first-port']),
  });
  const nodes = await foundingNodes(values.nodes, firstPort);
  const chainId = Number(values['chain-id'] ?? (await chainIdOf(httpRpc(rpcUrl))));
  const founded = await foundNetwork({
    rpcUrl,
    chainId,
    networkName: network,
    nodes,
    folder: deployments,
  });
  console.log(
    `The network ${network} stands on chain ${chainId}; its manifest is ${founded.manifestPath}. Its nodes:`,
  );
  for (const { name, folder } of founded.nodes) console.log(`  ${folder}  ${name}`);
});
