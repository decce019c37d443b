import type { EdgeContracts } from '../chain/contracts.ts';
import { estimateGas, requireGas } from '../chain/gas.ts';
import type { Manifest } from '../chain/manifest.ts';
import { roleNumber } from '../chain/nodeEvents.ts';
import { agreementOf, proposalDigest } from '../chain/proposal.ts';
import type { ProposedCall } from '../chain/proposal.ts';
import { fieldsOf, hexOf, numberOf, toQuantity } from '../chain/quantity.ts';
import type { Rpc } from '../chain/rpc.ts';
import type { TransactionSigner } from '../chain/signTransaction.ts';
import { waitForBlock } from '../chain/waitForBlock.ts';
import { headOf } from '../chain/blocks.ts';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import type { UnlockedProvider } from './unlockedProvider.ts';

/** What governance admits for a node. */
export interface NodeDescriptor {
  /** The account of its first signing key. */
  readonly signingKey: Hex;
  /** 32 random bytes, part of the node id. */
  readonly nonce: Hex;
  readonly role: 'recording' | 'consensus' | 'index' | 'reader' | 'observer';
  readonly kemKey: Hex;
  /** SHA-256 of its TLS public key. */
  readonly tlsKeyHash: Hex;
  readonly name: string;
  readonly endpoint: string;
  readonly licenceHash: Hex;
}

export interface Ceremony {
  readonly rpc: Rpc;
  readonly federationId: Hex;
  readonly networkId: Hex;
  readonly chainId: Manifest['chainId'];
  readonly members: readonly TransactionSigner[];
  readonly threshold: number;
  readonly nodes: readonly NodeDescriptor[];
}

const WAIT_MS = 60_000;
const VALID_SECONDS = 3_600n;

/**
 * `threshold` members sign one proposal that admits all nodes; the deployer executes it. Returns its gas;
 * without nodes there is nothing to propose. @throws `Reverted`, `TransactionTooLarge`, `CeremonyFailed`
 */
export async function admitFounders(
  ceremony: Ceremony,
  contracts: Pick<EdgeContracts, 'consortium' | 'nodeRegistry' | 'abis'>,
  provider: UnlockedProvider,
): Promise<number> {
  const { rpc, members, threshold, nodes } = ceremony;
  if (nodes.length === 0) return 0;
  const { consortium, nodeRegistry, abis } = contracts;
  const head = await headOf(rpc);
  const calls = nodes.map((node): ProposedCall => {
    const { signingKey: firstSigningKey, role, ...rest } = node;
    const descriptor = { ...rest, firstSigningKey, role: roleNumber(role) };
    return { target: nodeRegistry.address, data: nodeRegistry.encode('admit', [descriptor]) };
  });
  const proposal = { calls, nonce: 1n, expiry: BigInt(head.time) + VALID_SECONDS };
  const digest = proposalDigest(ceremony, proposal);
  const signatures = members
    .slice(0, threshold)
    .map(({ account, sign }) => ({ account, signature: sign(digest) }));
  const data = consortium.encode('execute', [
    calls.map(({ target, data }) => ({ target, data })),
    proposal.nonce,
    proposal.expiry,
    agreementOf(signatures),
  ]);
  const from = provider.account;
  const gas = await estimateGas(rpc, from, consortium.address, data, abis);
  requireGas(gas);
  const sent = await provider.request({
    method: 'eth_sendTransaction',
    params: [{ from, to: consortium.address, data, gas: toQuantity(gas) }],
  });
  return await gasOf(rpc, hexOf(sent, 'eth_sendTransaction', 32), head.number);
}

async function gasOf(rpc: Rpc, hash: Hex, after: number): Promise<number> {
  const signal = AbortSignal.timeout(WAIT_MS);
  let block = after;
  for (;;) {
    const answer = await rpc.send('eth_getTransactionReceipt', [hash], { signal });
    if (answer !== null) {
      const receipt = fieldsOf(answer, 'receipt');
      if (numberOf(receipt['status'], 'receipt.status') === 1) {
        return numberOf(receipt['gasUsed'], 'receipt.gasUsed');
      }
      throw new CarelatticeError('CeremonyFailed', 'the founding proposal reverted; deploy again', {
        facts: { transaction: hash },
      });
    }
    block = await waitForBlock(rpc, block, { intervalMs: 50, signal });
  }
}
