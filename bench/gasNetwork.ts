import { Interface } from 'ethers';
import { agreementOf, proposalDigest, type ProposedCall } from '../src/chain/proposal.ts';
import { accountOf, signDigest } from '../src/crypto/signatures.ts';
import { CarelatticeError } from '../src/errors.ts';
import type { Hex } from '../src/hash/bytes.ts';
import { toHex, utf8 } from '../src/hash/bytes.ts';
import { hkdf } from '../src/hash/labelled.ts';
import type { GasCost } from './gasBaseline.ts';
import { type Deployed, type GasChain, startGasChain } from './gasChain.ts';
import type { CompiledContract, CompiledContracts } from './productionContracts.ts';
import { seededBytes } from './seededBytes.ts';

/** An edge network for measuring: production bytecode, an account per node, a term begun. */
export interface GasNetwork {
  readonly chain: GasChain;
  readonly federationId: Hex;
  readonly networkId: Hex;
  readonly registry: Deployed;
  readonly patients: Deployed;
  readonly consents: Pick<Deployed, 'address' | 'abi'>;
  readonly ledger: Deployed;
  readonly exchange: Deployed;
  readonly locator: Pick<Deployed, 'address' | 'abi'>;
  /** By position. */
  readonly hospitals: readonly { account: Hex; nodeId: Hex }[];
  /** The first one is active in term 1. */
  readonly consensus: readonly Hex[];
  /** Accounts that are nobody's. */
  readonly spare: readonly Hex[];
  /** What was measured on the way. */
  readonly founding: Readonly<Record<string, GasCost>>;
  /** A proposal that 4 of 6 members signed. */
  govern(name: string, args: readonly unknown[]): Promise<GasCost>;
  /** What governance admits for an account; the same for the same account. */
  descriptorOf(account: Hex, role: number): Readonly<Record<string, unknown>>;
}

export const ROLE = { recording: 1, consensus: 2 } as const;
export const TAKE_OVER_SECONDS = 50;
export const TAG_EPOCH_SECONDS = 86_400;

const MEMBERS = 6;
const THRESHOLD = 4;
const SPARE = 8;
/** X25519 with ML-KEM-768 behind the number of the suite. */
const KEM_KEY_BYTES = 1_217;

/** @throws `ContractMissing`, `GasRunFailed` */
export async function startGasNetwork(
  contracts: CompiledContracts,
  nodes: number,
): Promise<GasNetwork> {
  const chain = await startGasChain(1 + nodes + 2 + SPARE);
  const random = seededBytes('network');
  const [federationId, networkId] = [toHex(random(32)), toHex(random(32))];
  const members = Array.from({ length: MEMBERS }, (_, i) => {
    const key = hkdf(utf8(`member ${i}`), 'signing-key');
    return { account: accountOf(key), sign: (digest: Uint8Array) => signDigest(key, digest) };
  });
  const of = (name: string): CompiledContract => contractOf(contracts, name);

  const consortium = await chain.deploy(of('Consortium'), [
    federationId,
    networkId,
    members.map(({ account }) => account),
    THRESHOLD,
  ]);
  const manager = await chain.deploy(of('AccessManager'), [consortium.address]);
  const registry = await chain.deploy(of('NodeRegistry'), [
    federationId,
    networkId,
    manager.address,
    172_800,
    nodes + 2,
  ]);
  const patients = await chain.deploy(of('PatientRegistry'), [registry.address, 100]);
  const exchange = await chain.deploy(of('RecordExchange'), [
    registry.address,
    {
      roundSeconds: 5,
      answerRounds: 2,
      takeOverSeconds: TAKE_OVER_SECONDS,
      tagEpochSeconds: TAG_EPOCH_SECONDS,
      auditSeconds: 86_400,
    },
  ]);
  const ledger = await chain.deploy(of('AccessLedger'), [registry.address]);
  // A contract that another one made; an address from a view is 20 bytes of hex.
  const made = async (by: Deployed, view: string, name: string) => ({
    address: String(await chain.read(by, view)).toLowerCase() as Hex,
    abi: Interface.from(of(name).abi),
  });

  let nonce = 0n;
  async function propose(calls: readonly ProposedCall[]): Promise<GasCost> {
    nonce += 1n;
    const proposal = { calls, nonce, expiry: BigInt(chain.now()) + 3_600n };
    const digest = proposalDigest({ federationId, networkId, chainId: chain.chainId }, proposal);
    const signed = members
      .slice(0, THRESHOLD)
      .map(({ account, sign }) => ({ account, signature: sign(digest) }));
    return chain.send(chain.accounts[0] ?? '0x', consortium, 'execute', [
      calls,
      nonce,
      proposal.expiry,
      agreementOf(signed),
    ]);
  }
  const call = (name: string, args: readonly unknown[]): ProposedCall => ({
    target: registry.address,
    // ethers writes data as lower-case hex.
    data: registry.abi.encodeFunctionData(name, args) as Hex,
  });

  const hospitals = chain.accounts.slice(1, 1 + nodes);
  const consensus = chain.accounts.slice(1 + nodes, 3 + nodes);
  const admissions = [
    ...hospitals.map((account) => call('admit', [descriptorOf(account, ROLE.recording)])),
    ...consensus.map((account) => call('admit', [descriptorOf(account, ROLE.consensus)])),
  ];
  // As many as fit under the cap of a transaction.
  for (let i = 0; i < admissions.length; i += 16) await propose(admissions.slice(i, i + 16));
  const takeOver = await chain.send(consensus[0] ?? '0x', exchange, 'takeOver', [1]);
  const withIds = [];
  for (const account of hospitals) {
    withIds.push({
      account,
      nodeId: String(await chain.read(registry, 'nodeIdOf', [account])) as Hex,
    }); // bytes32
  }
  return {
    chain,
    federationId,
    networkId,
    registry,
    patients,
    consents: await made(patients, 'consents', 'ConsentRegistry'),
    ledger,
    exchange,
    locator: await made(exchange, 'locator', 'RecordLocator'),
    hospitals: withIds,
    consensus,
    spare: chain.accounts.slice(3 + nodes),
    founding: {
      'deploy Consortium': consortium.cost,
      'deploy AccessManager': manager.cost,
      'deploy NodeRegistry': registry.cost,
      'deploy PatientRegistry and ConsentRegistry': patients.cost,
      'deploy AccessLedger': ledger.cost,
      'deploy RecordExchange and RecordLocator': exchange.cost,
      'takeOver, first term': takeOver,
    },
    govern: (name, args) => propose([call(name, args)]),
    descriptorOf,
  };
}

/** @throws `ContractMissing` */
export function contractOf(contracts: CompiledContracts, name: string): CompiledContract {
  const contract = contracts[name];
  if (contract === undefined) {
    throw new CarelatticeError('ContractMissing', 'contracts/ has no contract of this name', {
      facts: { name },
    });
  }
  return contract;
}

function descriptorOf(account: Hex, role: number): Readonly<Record<string, unknown>> {
  const random = seededBytes(account);
  return {
    firstSigningKey: account,
    nonce: toHex(random(32)),
    role,
    kemKey: toHex(random(KEM_KEY_BYTES)),
    tlsKeyHash: toHex(random(32)),
    name: `Hospital ${account.slice(2, 10)}`,
    endpoint: `https://${account.slice(2, 18)}.hospital.example:44300`,
    licenceHash: toHex(random(32)),
  };
}

/** Keys that sign for made-up people. */
export const keyOf = (name: string): Uint8Array => hkdf(utf8(name), 'signing-key');
