import { edgeContracts } from '../chain/contracts.ts';
import type { Manifest } from '../chain/manifest.ts';
import type { Rpc } from '../chain/rpc.ts';
import { type Environment } from '../config/settings.ts';
import { loadKeyFolder } from '../config/nodeConfig.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import type { NetworkId } from './components.ts';
import { readReaderKeys } from './nodeKeys.node.ts';

/** Who reads under a consent: a reader's or node's keys under the id that the registry gives them. */
export interface ReaderOfFolder {
  readonly name: string;
  readonly nodeId: Hex;
  readonly network: NetworkId;
  readonly signingKey: Uint8Array;
  readonly kemSeed: Uint8Array;
}

/** @throws as `readReaderKeys`, and `NotAdmitted` when the registry knows no such key */
export async function readerOfFolder(
  env: Environment,
  folder: string,
  manifest: Manifest,
  rpc: Rpc,
): Promise<ReaderOfFolder> {
  const config = await loadKeyFolder(env, folder);
  const { account, signingKey, kemSeed } = await readReaderKeys(config);
  const { nodeRegistry } = edgeContracts(manifest, rpc);
  // A bytes32, which the contract's reader writes as lower-case hex.
  const nodeId = (await nodeRegistry.call('nodeIdOf', [account], 'latest')) as Hex;
  if (/^0x0{64}$/.test(nodeId)) {
    throw new CarelatticeError('NotAdmitted', 'no reader or node with these keys is admitted', {
      facts: { folder, account, network: manifest.name },
    });
  }
  const { federationId, networkId, chainId } = manifest;
  const network = { federationId, networkId, chainId };
  return { name: config.name, nodeId, network, signingKey, kemSeed };
}
