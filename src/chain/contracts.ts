import type { BaseContract, Interface } from 'ethers';
import type {
  AccessLedger,
  AccessManager,
  ConsentRegistry,
  Consortium,
  NodeRegistry,
  PatientRegistry,
  RecordExchange,
  RecordLocator,
} from '../../typechain-types/index.ts';
import type { Hex } from '../hash/bytes.ts';
import { edgeContract } from './contract.ts';
import type { EdgeContract } from './contract.ts';
import type { ContractName, EventSource } from './edgeEvents.ts';
import type { Manifest } from './manifest.ts';
import type { Rpc } from './rpc.ts';

/** The contracts of an edge network, bound to the addresses and ABIs of its manifest. */
export interface EdgeContracts {
  readonly consortium: EdgeContract<Consortium>;
  readonly accessManager: EdgeContract<AccessManager>;
  readonly nodeRegistry: EdgeContract<NodeRegistry>;
  readonly patientRegistry: EdgeContract<PatientRegistry>;
  readonly consents: EdgeContract<ConsentRegistry>;
  readonly ledger: EdgeContract<AccessLedger>;
  readonly exchange: EdgeContract<RecordExchange>;
  readonly locator: EdgeContract<RecordLocator>;
  /** For `eventStream`. */
  readonly eventSources: readonly EventSource[];
  /** For `contractErrorOf` and the sender: every error any of the contracts may throw. */
  readonly abis: readonly Interface[];
}

export function edgeContracts(manifest: Pick<Manifest, 'contracts'>, rpc: Rpc): EdgeContracts {
  const bind = <C extends BaseContract>(name: ContractName): EdgeContract<C> =>
    edgeContract<C>(name, manifest.contracts[name], rpc);
  const consortium = bind<Consortium>('Consortium');
  const accessManager = bind<AccessManager>('AccessManager');
  const nodeRegistry = bind<NodeRegistry>('NodeRegistry');
  const patientRegistry = bind<PatientRegistry>('PatientRegistry');
  const consents = bind<ConsentRegistry>('ConsentRegistry');
  const ledger = bind<AccessLedger>('AccessLedger');
  const exchange = bind<RecordExchange>('RecordExchange');
  const locator = bind<RecordLocator>('RecordLocator');
  const eventSources: readonly EventSource[] = [
    { name: 'Consortium', ...place(consortium) },
    { name: 'AccessManager', ...place(accessManager) },
    { name: 'NodeRegistry', ...place(nodeRegistry) },
    { name: 'PatientRegistry', ...place(patientRegistry) },
    { name: 'ConsentRegistry', ...place(consents) },
    { name: 'AccessLedger', ...place(ledger) },
    { name: 'RecordExchange', ...place(exchange) },
    { name: 'RecordLocator', ...place(locator) },
  ];
  const abis = eventSources.map(({ abi }) => abi);
  return {
    consortium,
    accessManager,
    nodeRegistry,
    patientRegistry,
    consents,
    ledger,
    exchange,
    locator,
    eventSources,
    abis,
  };
}

const place = ({ address, abi }: { address: Hex; abi: Interface }) => ({ address, abi });
