import { deploy } from '@nomicfoundation/ignition-core';
import type { DeploymentResult } from '@nomicfoundation/ignition-core';
import module from '../../ignition/modules/EdgeNetwork.ts';
import { headOf } from '../chain/blocks.ts';
import { edgeContracts } from '../chain/contracts.ts';
import type { Manifest } from '../chain/manifest.ts';
import { manifestOf } from '../chain/manifest.ts';
import { requireChainId, sendAll } from '../chain/rpc.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { edgeArtifact } from './artifacts.ts';
import { admitFounders } from './foundingCeremony.ts';
import type { EdgeDeployment } from './edgeDeployment.ts';
import { manifestDraft } from './manifestDraft.ts';
import { unlockedProvider } from './unlockedProvider.ts';

export type { EdgeDeployment, WindowOverrides } from './edgeDeployment.ts';

export interface DeployedEdge {
  readonly manifest: Manifest;
  /** Of the founding nodes, in the order given. */
  readonly nodeIds: readonly Hex[];
  /** Gas of the proposal that admitted them. */
  readonly ceremonyGas: number;
}

/**
 * Deploys an edge network by its Ignition module and admits the founding nodes by one proposal of the
 * consortium. @throws `WrongChain`, `NoArtifacts`, `DeploymentFailed`, `Reverted`, or of the transport
 */
export async function deployEdge(deployment: EdgeDeployment): Promise<DeployedEdge> {
  const { rpc, chainId } = deployment;
  await requireChainId(rpc, chainId);
  const deployBlock = (await headOf(rpc)).number + 1;
  const provider = await unlockedProvider(rpc, deployment.mine);
  const result = await deploy({
    config: { blockPollingInterval: 20, requiredConfirmations: 1, disableFeeBumping: true },
    artifactResolver: {
      loadArtifact: edgeArtifact,
      getBuildInfo: () => Promise.resolve(undefined),
    },
    provider,
    ignitionModule: module,
    accounts: [provider.account],
    deploymentParameters: { EdgeNetwork: parametersOf(deployment) },
  });
  const addresses = addressesOf(result);
  const draft = await manifestDraft(deployment, addresses, deployBlock);
  const contracts = edgeContracts(draft, rpc);
  const ceremonyGas = await admitFounders(deployment, contracts, provider);
  const ids = deployment.nodes.map(({ signingKey }) =>
    contracts.nodeRegistry.reading('nodeIdOf', [signingKey]),
  );
  const answers = await sendAll(
    rpc,
    ids.map((id) => id.call('latest')),
  );
  return {
    manifest: manifestOf(draft, 'deployment'),
    // nodeIdOf gives bytes32, which ethers writes as lower-case hex.
    nodeIds: ids.map((id, index) => id.decode(answers[index]) as Hex),
    ceremonyGas,
  };
}

function parametersOf(deployment: EdgeDeployment) {
  const { federationId, networkId, members, threshold, nodes, windows = {} } = deployment;
  return {
    federationId,
    networkId,
    members: members.map(({ account }) => account),
    threshold,
    foundingCount: nodes.length,
    ...windows,
  };
}

/** The addresses of a deployment by contract. @throws `DeploymentFailed` with Ignition's reasons */
function addressesOf(result: DeploymentResult): ReadonlyMap<string, Hex> {
  if (!('contracts' in result)) {
    throw new CarelatticeError('DeploymentFailed', 'the chain did not take the contracts', {
      facts: { result: result.type, reasons: JSON.stringify(result).slice(0, 2_000) },
    });
  }
  return new Map(
    Object.values(result.contracts).map(({ contractName, address }): [string, Hex] => [
      contractName,
      // Ignition writes addresses as hex with 0x.
      address.toLowerCase() as Hex,
    ]),
  );
}
