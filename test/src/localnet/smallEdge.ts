import { id } from 'ethers';
import { edgeContracts } from '../../../src/chain/contracts.ts';
import type { EdgeContracts } from '../../../src/chain/contracts.ts';
import type { Finality } from '../../../src/chain/finality.ts';
import type { Manifest } from '../../../src/chain/manifest.ts';
import { keySigner } from '../../../src/chain/signTransaction.ts';
import type { TransactionSigner } from '../../../src/chain/signTransaction.ts';
import type { Hex } from '../../../src/hash/bytes.ts';
import { deployEdge } from '../../../src/localnet/deployEdge.ts';
import type { NodeDescriptor } from '../../../src/localnet/foundingCeremony.ts';
import type { LocalChain } from '../../../src/localnet/localChain.ts';

/** keccak256 of a name. */
export const hash = (name: string): Hex => id(name) as Hex; // ethers writes digests as lower-case hex

export interface SmallEdge {
  readonly manifest: Manifest;
  readonly contracts: EdgeContracts;
  readonly members: readonly TransactionSigner[];
  readonly hospital: TransactionSigner;
  readonly registry: TransactionSigner;
  readonly nodeIds: readonly Hex[];
  readonly ceremonyGas: number;
}

/** A network of one recording and one consensus node, three members, two of whom sign. */
export async function smallEdge(chain: LocalChain, finality?: Finality): Promise<SmallEdge> {
  const signers = chain.accounts.map(({ privateKey }) => keySigner(privateKey));
  const [a, b, c, hospital, registry] = signers;
  if (!a || !b || !c || !hospital || !registry) throw new Error('too few accounts');
  const deployed = await deployEdge({
    rpc: chain.rpc,
    name: 'test-edge',
    profile: 'local',
    chainId: chain.chainId,
    federationId: hash('federation'),
    networkId: hash('network'),
    ...(finality === undefined ? {} : { finality }),
    members: [a, b, c],
    threshold: 2,
    nodes: [nodeOf('hospital', 'recording', hospital), nodeOf('registry', 'consensus', registry)],
    mine: () => chain.mine(),
  });
  const contracts = edgeContracts(deployed.manifest, chain.rpc);
  return { ...deployed, contracts, members: [a, b, c], hospital, registry };
}

const nodeOf = (
  name: string,
  role: NodeDescriptor['role'],
  signer: TransactionSigner,
): NodeDescriptor => ({
  signingKey: signer.account,
  nonce: hash(`nonce of ${name}`),
  role,
  kemKey: `0x${'ab'.repeat(1216)}`,
  tlsKeyHash: hash(`TLS key of ${name}`),
  name,
  endpoint: `https://${name}.example`,
  licenceHash: hash(`licence of ${name}`),
});

/** Call data of a storage request that the contract accepts. */
export const storageRequest = (edge: SmallEdge, name: string, time: number): Hex =>
  edge.contracts.exchange.encode('requestStorage', [
    hash(`batch ${name}`),
    hash(`query ${name}`),
    16,
    Math.floor(time / 86_400),
  ]);
