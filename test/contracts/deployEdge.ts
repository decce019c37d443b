import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import { hexlify, id, toUtf8Bytes } from 'ethers';
import type { Interface } from 'ethers';
import type { NetworkConnection } from 'hardhat/types/network';
import type { INodeRegistry } from '../../typechain-types/edge/NodeRegistry.js';
import { agreed, FEDERATION, NETWORK, walletOf } from './signing.ts';
import type { ProposedCall } from './signing.ts';

export const DAY = 86_400;
export const WINDOWS = {
  roundSeconds: 5,
  answerRounds: 2,
  takeOverSeconds: 50,
  tagEpochSeconds: DAY,
  auditSeconds: DAY,
};
export const ROLE = { recording: 1, consensus: 2, index: 3, reader: 4, observer: 5 } as const;
export const STATE = { unknown: 0, admitted: 1, suspended: 2, removed: 3, replaced: 4 } as const;

export interface Deployment {
  readonly admissionDelay?: number;
  readonly foundingCount?: number;
  readonly windows?: typeof WINDOWS;
}

export const members = ['member 1', 'member 2', 'member 3'].map(walletOf);

/** What governance admits for a key, told apart by name. */
export const descriptorOf = (
  name: string,
  firstSigningKey: string,
  role: number,
): INodeRegistry.NodeDescriptorStruct => ({
  firstSigningKey,
  nonce: id(`nonce of ${name}`),
  role,
  kemKey: hexlify(toUtf8Bytes(`KEM key of ${name}`)),
  tlsKeyHash: id(`TLS key of ${name}`),
  name,
  endpoint: `https://${name.replaceAll(' ', '-')}.example`,
  licenceHash: id(`licence of ${name}`),
});

export type Edge = Awaited<ReturnType<typeof deployEdge>>;

/** The contracts of an edge network, deployed by a stranger, without a node. */
export async function deployContracts({ ethers }: NetworkConnection, deployment: Deployment = {}) {
  const signers = members.map((member) => member.address);
  const consortium = await ethers.deployContract('Consortium', [FEDERATION, NETWORK, signers, 2]);
  const manager = await ethers.deployContract('AccessManager', [consortium.target]);
  const nodes = await ethers.deployContract('NodeRegistry', [
    FEDERATION,
    NETWORK,
    manager.target,
    deployment.admissionDelay ?? 2 * DAY,
    deployment.foundingCount ?? 7,
  ]);
  const patients = await ethers.deployContract('PatientRegistry', [nodes.target, 100]);
  const consents = await ethers.getContractAt('ConsentRegistry', await patients.consents());
  const ledger = await ethers.deployContract('AccessLedger', [nodes.target]);
  const exchange = await ethers.deployContract('RecordExchange', [
    nodes.target,
    deployment.windows ?? WINDOWS,
  ]);
  const locator = await ethers.getContractAt('RecordLocator', await exchange.locator());
  const at = {
    consortium: await consortium.getAddress(),
    nodes: await nodes.getAddress(),
    patients: await patients.getAddress(),
    consents: await consents.getAddress(),
  };
  const nodesAbi: Interface = nodes.interface;
  let nonce = 0n;

  /** Two of three members agree, a stranger executes. */
  async function govern(...calls: ProposedCall[]) {
    nonce += 1n;
    const signature = await agreed(members.slice(0, 2), calls, nonce);
    return consortium.execute(calls, nonce, 2n ** 63n, signature);
  }

  const admitting = (name: string, key: string, role: number): ProposedCall => ({
    target: at.nodes,
    data: nodes.interface.encodeFunctionData('admit', [descriptorOf(name, key, role)]),
  });

  const onNode = (verb: 'suspend' | 'resume' | 'remove', nodeId: string): ProposedCall => ({
    target: at.nodes,
    data: nodesAbi.encodeFunctionData(verb, [nodeId]),
  });

  return {
    at,
    consortium,
    manager,
    nodes,
    patients,
    consents,
    ledger,
    exchange,
    locator,
    govern,
    admitting,
    onNode,
  };
}

const FOUNDERS = [
  ['hospital A', ROLE.recording],
  ['hospital B', ROLE.recording],
  ['gateway', ROLE.index],
  ['registry', ROLE.consensus],
  ['standby', ROLE.consensus],
  ['insurer', ROLE.reader],
  ['regulator', ROLE.observer],
] as const;

/** The founding ceremony: one proposal admits seven nodes. The deployer is none of them; term 0. */
export async function deployEdge(connection: NetworkConnection, deployment: Deployment = {}) {
  const contracts = await deployContracts(connection, deployment);
  const { ethers } = connection;
  const [deployer, stranger, ...accounts] = await ethers.getSigners();
  if (deployer === undefined || stranger === undefined)
    throw new Error('the chain has no accounts');
  const account = (index: number): HardhatEthersSigner => {
    const found = accounts[index];
    if (found === undefined) throw new Error('too few accounts');
    return found;
  };
  await contracts.govern(
    ...FOUNDERS.map(([name, role], i) => contracts.admitting(name, account(i).address, role)),
  );
  return {
    ...contracts,
    deployer,
    stranger,
    spare: accounts.slice(FOUNDERS.length),
    hospitalA: account(0),
    hospitalB: account(1),
    gateway: account(2),
    registry: account(3),
    standby: account(4),
    insurer: account(5),
    regulator: account(6),
    idOf: (signer: HardhatEthersSigner) => contracts.nodes.nodeIdOf(signer),
  };
}
