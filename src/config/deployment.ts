import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CarelatticeError } from '../errors.ts';
import { loadConfig, NODE_FILE, type NodeConfig } from './nodeConfig.ts';
import {
  checked,
  type Environment,
  fromEnvironment,
  httpUrl,
  networkName,
  path,
  port,
} from './settings.ts';

const deployment = z.strictObject({
  /** A development node that signs for its first account. */
  rpcUrl: httpUrl.default('http://127.0.0.1:8545'),
  network: networkName.default('edge'),
  /** Folder of manifests and, below the network's name, of node folders. */
  deployments: path.default('deployments'),
  /** The first node's door; the others follow. */
  firstPort: port.default(44_300),
  /** Its first line opens a patient's wallet; without it the terminal asks. */
  passphraseFile: path.optional(),
});

export type DeploymentConfig = Readonly<z.infer<typeof deployment>>;

/** What the commands agree on: the options given, else the environment, else the defaults. @throws as `loadConfig` */
export const loadDeployment = (
  env: Environment,
  options: Readonly<Record<string, string | number | undefined>>,
): DeploymentConfig => {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const keys = ['rpcUrl', 'network', 'deployments', 'firstPort', 'passphraseFile'] as const;
  return checked(
    deployment,
    { ...fromEnvironment(env, keys), ...Object.fromEntries(given) },
    'options and environment',
  );
};

export const manifestOf = ({ deployments, network }: DeploymentConfig): string =>
  join(deployments, `${network}.json`);

/** Where patients' programs keep their keys on this machine. */
export const walletOf = ({ deployments, network }: DeploymentConfig): string =>
  join(deployments, network, 'patient.wallet.json');

/** The nodes of a network whose folders lie on this machine, in the order of their names. @throws `NoNetwork` */
export async function nodesHere(env: Environment, config: DeploymentConfig): Promise<NodeConfig[]> {
  const folder = join(config.deployments, config.network);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw new CarelatticeError('NoNetwork', 'no such network here; run deploy-network first', {
      facts: { folder },
      cause,
    });
  }
  const nodes: NodeConfig[] = [];
  for (const name of names.filter((one) => one.startsWith('node-')).sort()) {
    if ((await readdir(join(folder, name))).includes(NODE_FILE))
      nodes.push(await loadConfig(env, join(folder, name)));
  }
  return nodes;
}
