import { agreementOf, type ProposedCall, proposalDigest } from '../../src/chain/proposal.ts';
import { signDigest } from '../../src/crypto/signatures.ts';
import { fromHex } from '../../src/hash/bytes.ts';
import type { LocalNetwork } from '../../src/localnet/network.ts';
import { timeOf } from './edgeNetwork.ts';

let nonce = 1000n;

/** Executes calls as the consortium: as many members sign as its threshold asks for. */
export async function decide(network: LocalNetwork, calls: readonly ProposedCall[]): Promise<void> {
  const { manifest, chain } = network;
  nonce += 1n;
  const proposal = { calls, nonce, expiry: BigInt(await timeOf(network)) + 3_600n };
  const digest = proposalDigest(manifest, proposal);
  const members = new Set<string>(manifest.members);
  const signatures = chain.accounts
    .filter(({ account }) => members.has(account))
    .slice(0, manifest.threshold)
    .map(({ account, privateKey }) => ({
      account,
      signature: signDigest(fromHex(privateKey, 32), digest),
    }));
  const [sender] = chain.accounts;
  const { consortium } = network.hospitals[0]!.open.components.contracts;
  const data = consortium.encode('execute', [
    calls.map(({ target, data }) => ({ target, data })),
    proposal.nonce,
    proposal.expiry,
    agreementOf(signatures),
  ]);
  const tx = { from: sender!.account, to: consortium.address, data, gas: '0xb71b00' };
  const hash = await chain.rpc.send('eth_sendTransaction', [tx]);
  await chain.mine();
  const receipt = await chain.rpc.send('eth_getTransactionReceipt', [hash]);
  if ((receipt as { status?: string }).status !== '0x1')
    throw new Error('the consortium was refused'); // as eth_getTransactionReceipt answers
}

export async function suspend(network: LocalNetwork, name: string): Promise<void> {
  const { nodeRegistry } = network.hospitals[0]!.open.components.contracts;
  const data = nodeRegistry.encode('suspend', [network.node(name).self.nodeId]);
  await decide(network, [{ target: nodeRegistry.address, data }]);
}

export async function resume(network: LocalNetwork, name: string): Promise<void> {
  const { nodeRegistry } = network.hospitals[0]!.open.components.contracts;
  const data = nodeRegistry.encode('resume', [network.node(name).self.nodeId]);
  await decide(network, [{ target: nodeRegistry.address, data }]);
}
