import { headerAt } from '../chain/blocks.ts';
import { edgeContracts } from '../chain/contracts.ts';
import { bytecodeHashOf } from '../chain/manifest.ts';
import type { Manifest } from '../chain/manifest.ts';
import { hexOf } from '../chain/quantity.ts';
import { rpcMalformed } from '../chain/rpcAnswer.ts';
import { sendAll } from '../chain/rpc.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { edgeArtifact } from './artifacts.ts';
import type { EdgeDeployment } from './edgeDeployment.ts';

type ContractNames = keyof Manifest['contracts'];

/** The manifest of what was just deployed; code and windows are read back from the chain. */
export async function manifestDraft(
  deployment: EdgeDeployment,
  addresses: ReadonlyMap<string, Hex>,
  deployBlock: number,
): Promise<Manifest> {
  const { rpc, members } = deployment;
  const entry = async (name: ContractNames): Promise<Manifest['contracts'][ContractNames]> => {
    const address = addresses.get(name);
    if (address === undefined) {
      throw new CarelatticeError('DeploymentFailed', 'the module did not deploy every contract', {
        facts: { contract: name },
      });
    }
    const code = hexOf(await rpc.send('eth_getCode', [address, 'latest']), 'eth_getCode');
    const { abi } = await edgeArtifact(name);
    return { address, abi, bytecodeHash: bytecodeHashOf(code) };
  };
  const contracts = {
    Consortium: await entry('Consortium'),
    AccessManager: await entry('AccessManager'),
    NodeRegistry: await entry('NodeRegistry'),
    PatientRegistry: await entry('PatientRegistry'),
    ConsentRegistry: await entry('ConsentRegistry'),
    AccessLedger: await entry('AccessLedger'),
    RecordExchange: await entry('RecordExchange'),
    RecordLocator: await entry('RecordLocator'),
  };
  const genesis = await headerAt(rpc, 0);
  if (genesis === undefined) throw rpcMalformed(rpc.endpoint, 'no genesis block');
  return {
    name: deployment.name,
    profile: deployment.profile,
    federationId: deployment.federationId,
    networkId: deployment.networkId,
    chainId: deployment.chainId,
    rpcUrls: [...(deployment.rpcUrls ?? [])],
    deployBlock,
    genesisHash: genesis.hash,
    finality: deployment.finality ?? { kind: 'instant' },
    contracts,
    members: members.map(({ account }) => account).sort(),
    threshold: deployment.threshold,
    windows: await windowsOf(deployment, contracts),
  };
}

async function windowsOf(
  { rpc }: EdgeDeployment,
  contracts: Manifest['contracts'],
): Promise<Manifest['windows']> {
  const { exchange, patientRegistry, nodeRegistry } = edgeContracts({ contracts }, rpc);
  const read = [
    exchange.reading('roundSeconds', []),
    exchange.reading('answerRounds', []),
    exchange.reading('takeOverSeconds', []),
    exchange.reading('tagEpochSeconds', []),
    exchange.reading('auditSeconds', []),
    patientRegistry.reading('forceSeconds', []),
    nodeRegistry.reading('admissionDelay', []),
  ] as const;
  const answers = await sendAll(
    rpc,
    read.map((one) => one.call('latest')),
  );
  const number = (index: number): number => Number(read[index]?.decode(answers[index]));
  return {
    roundSeconds: number(0),
    answerRounds: number(1),
    takeOverSeconds: number(2),
    tagEpochSeconds: number(3),
    auditSeconds: number(4),
    forceSeconds: number(5),
    admissionDelaySeconds: number(6),
  };
}
