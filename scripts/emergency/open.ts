import { httpRpc } from '../../src/chain/httpRpc.ts';
import { loadManifest } from '../../src/chain/manifestFile.ts';
import { openByCommand } from '../../src/client/emergency/openByCommand.node.ts';
import { httpsWays } from '../../src/client/httpsWays.node.ts';
import { commandLine } from '../../src/config/commandLine.ts';
import { loadDeployment, manifestOf, nodesHere } from '../../src/config/deployment.ts';
import { processEnvironment } from '../../src/config/settings.ts';
import { nodeNamed } from '../../src/domain/nodeNamed.ts';
import { emergencyOperator } from '../../src/node/doors/emergencyOperator.ts';
import { operatorOf } from '../../src/node/doors/operatorClient.node.ts';

const text = { type: 'string' } as const;
const command = {
  usage:
    'npm run emergency -- open CARD-FILE --at NODE --clinician NAME --licence NUMBER --reason TEXT [--lasting 12h] [--out FHIR-FILE] [--rpc URL] [--network NAME] [--deployments DIR]',
  options: {
    ...{ at: text, clinician: text, licence: text, reason: text, lasting: text, out: text },
    ...{ rpc: text, network: text, deployments: text },
  },
  least: 1,
  most: 1,
  needs: ['at'],
} as const;

/** A clinician opens a summary with the patient's card, at a hospital whose node runs on this machine. */
export async function open(args: readonly string[]): Promise<void> {
  const { values, positionals } = commandLine(command, args);
  const { at = '', rpc: rpcUrl, network, deployments, lasting, out } = values;
  const { clinician = '', licence = '', reason = '' } = values;
  const [card = ''] = positionals;
  const env = processEnvironment();
  const config = loadDeployment(env, { rpcUrl, network, deployments });
  const operator = await operatorOf(nodeNamed(await nodesHere(env, config), at).data);
  try {
    const rpc = httpRpc(config.rpcUrl);
    const manifest = await loadManifest(manifestOf(config), rpc);
    const ways = await httpsWays(manifest, rpc);
    const asked = { card, clinician, licence, reason, lasting, out };
    const hospital = emergencyOperator(operator.emergency);
    const told = openByCommand(hospital, asked, { manifest, ways }, (line) => console.log(line));
    await told.finally(() => ways.close());
  } finally {
    operator.close();
  }
}
