import { httpRpc } from '../../src/chain/httpRpc.ts';
import { loadManifest } from '../../src/chain/manifestFile.ts';
import { closeReviewByCommand, reviewLines } from '../../src/client/emergency/reviewByCommand.ts';
import { httpsWays } from '../../src/client/httpsWays.node.ts';
import { commandLine } from '../../src/config/commandLine.ts';
import { loadDeployment, manifestOf, nodesHere } from '../../src/config/deployment.ts';
import { processEnvironment } from '../../src/config/settings.ts';
import { nodeNamed } from '../../src/domain/nodeNamed.ts';
import { fromHex, toHex } from '../../src/hash/bytes.ts';
import { emergencyOperator } from '../../src/node/doors/emergencyOperator.ts';
import { operatorOf } from '../../src/node/doors/operatorClient.node.ts';

const text = { type: 'string' } as const;
const command = {
  usage:
    'npm run emergency -- review --at NODE [--close DIGEST --verdict TEXT] [--rpc URL] [--network NAME] [--deployments DIR]',
  options: {
    ...{ at: text, close: text, verdict: text },
    ...{ rpc: text, network: text, deployments: text },
  },
  needs: ['at'],
} as const;

/** A person at a hospital whose node runs on this machine sees which emergencies it answered, and closes one. */
export async function review(args: readonly string[]): Promise<void> {
  const { values } = commandLine(command, args);
  const { at = '', rpc: rpcUrl, network, deployments, close, verdict = '' } = values;
  const env = processEnvironment();
  const config = loadDeployment(env, { rpcUrl, network, deployments });
  const operator = await operatorOf(nodeNamed(await nodesHere(env, config), at).data);
  try {
    const queue = emergencyOperator(operator.emergency);
    const lines =
      close === undefined
        ? await reviewLines(queue, at, await hospitals(config))
        : await closeReviewByCommand(queue, toHex(fromHex(close, 32)), verdict);
    for (const line of lines) console.log(line);
  } finally {
    operator.close();
  }
}

/** Who asked, by the names that the chain has. */
async function hospitals(config: ReturnType<typeof loadDeployment>) {
  const rpc = httpRpc(config.rpcUrl);
  const ways = await httpsWays(await loadManifest(manifestOf(config), rpc), rpc);
  ways.close();
  return ways.nodes;
}
