import { type ClientNetwork, refreshOthers, submit } from '../enrolment/enroll.ts';
import { scopeEpoch } from '../patientMessages.ts';
import { commitmentOf, scopeEntries, type Wallet, type WalletNetwork } from '../wallet/wallet.ts';

/**
 * New scope keys for these categories, at the patient's wish: her nodes get them first, then the chain shows the step.
 * What was sealed before stays readable for whoever had the old key; what comes is not.
 * @throws the nodes' refusals; the wallet then stays as far as the chain was told
 */
export async function stepScopes(
  wallet: Wallet,
  network: WalletNetwork,
  client: ClientNetwork,
  stepped: readonly string[],
): Promise<void> {
  const next = withSteps(network, stepped);
  const seq = network.seq + stepped.length;
  const plan = { list: next.relations, seq, categories: client.categories };
  await refreshOthers(wallet, next, client.transport, client.nodes, plan, () => false);
  await submitSteps(wallet, network, next, client, stepped);
}

/** A copy of the network with the next epochs of these categories. */
export function withSteps(network: WalletNetwork, stepped: readonly string[]): WalletNetwork {
  const next = structuredClone(network);
  for (const category of stepped) next.epochs[category] = (next.epochs[category] ?? 0) + 1;
  return next;
}

/** Tells the chain of each step of `next`; `network` follows step by step. */
export async function submitSteps(
  wallet: Wallet,
  network: WalletNetwork,
  next: WalletNetwork,
  { transport, consensus }: Pick<ClientNetwork, 'transport' | 'consensus'>,
  stepped: readonly string[],
): Promise<void> {
  for (const entry of await scopeEntries(wallet, next, stepped, [])) {
    const step = {
      seq: network.seq + 1,
      handle: entry.handle,
      epoch: entry.epoch,
      commitment: commitmentOf(wallet, next, entry),
    };
    await submit(transport, network, consensus, scopeEpoch(wallet, next, step));
    network.seq = step.seq;
    network.epochs[entry.category] = entry.epoch;
  }
}
