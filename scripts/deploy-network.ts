/** Deploys an edge network through a running development node; `--nodes` is a number or a JSON file. */
import { parseArgs } from 'node:util';
import { CarelatticeError } from '../src/errors.ts';
import { foundingNodes, foundNetwork } from '../src/localnet/foundNetwork.ts';

function optionsOf(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        rpc: { type: 'string', default: 'http://127.0.0.1:8545' },
        'chain-id': { type: 'string', default: '31337' },
        'network-name': { type: 'string', default: 'edge' },
        nodes: { type: 'string', default: '3' },
        out: { type: 'string', default: 'deployments' },
      },
    }).values;
  } catch (cause) {
    const usage = '--rpc URL --chain-id N --network-name NAME --nodes N|FILE --out DIR';
    throw new CarelatticeError('BadOption', `the options are ${usage}`, { cause });
  }
}

try {
  const { rpc: rpcUrl, out: folder, ...given } = optionsOf(process.argv.slice(2));
  const nodes = await foundingNodes(given.nodes);
  const chainId = Number(given['chain-id']);
  const networkName = given['network-name'];
  const founded = await foundNetwork({ rpcUrl, chainId, networkName, nodes, folder });
  for (const node of founded.nodes) console.log(`${node.nodeId}  ${node.name}  ${node.folder}`);
  console.log(`Manifest: ${founded.manifestPath}`);
} catch (error) {
  if (!(error instanceof CarelatticeError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = error.code === 'BadOption' ? 2 : 1;
}
