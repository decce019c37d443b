import type { EdgeContracts } from '../../chain/contracts.ts';
import { deriveKemKeyPair } from '../../crypto/hpkeSealing.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { relationsDigest } from '../../domain/relations.ts';
import { CarelatticeError } from '../../errors.ts';
import { equalBytes, fromHex, type Hex, ZERO_32 } from '../../hash/bytes.ts';
import type { RecoveryContent } from '../../wire/recoveryMessages.ts';
import { type AccountGuard, setInboxKey } from './authority.ts';
import type { ClientNetwork } from '../enrolment/enroll.ts';
import type { TokenClock } from '../inbox/inboxToken.ts';
import { inboxKeyOf } from '../inbox/inboxKey.ts';
import { askPackage, askRewrap } from './recoveryQuestions.ts';
import { stepScopes } from './stepScopes.ts';
import type { KeptSecrets, NetworkAddress, Wallet, WalletNetwork } from '../wallet/wallet.ts';
import { assertWalletSlots } from '../wallet/walletKeys.ts';

/**
 * Back from nothing: every way to the root key is lost, guardians have given her a new account. Her identifiers are data
 * and stay; what her nodes were given comes back from them; from then on a new root key stands behind everything.
 */

/** What a recovering client needs of a network. */
export interface RecoveryNetwork extends ClientNetwork, TokenClock {
  readonly registry: Pick<EdgeContracts['patientRegistry'], 'call'>;
}

export interface Recovery {
  readonly network: WalletNetwork;
  /** Categories whose key no node was ever given: what is sealed to it is lost with the root key. */
  readonly lost: readonly string[];
  /** Nodes of her list that gave nothing, with the code of the error: ask again before the keys are renewed. */
  readonly silent: readonly { nodeId: Hex; reason: string }[];
}

/**
 * Takes a pseudonym into a new wallet, whose account guardians have given her.
 * @param address with her patient id there: it stands on every guardian's card
 * @throws `TooFewSlots` before the new root key is safe, `RecoveryContradicts`, the consensus node's refusals
 */
export async function recoverNetwork(
  wallet: Wallet,
  address: NetworkAddress & { readonly patientId: Hex },
  way: RecoveryNetwork,
): Promise<Recovery> {
  assertWalletSlots(wallet);
  const { federationId, networkId, chainId, patientId } = address;
  const network: WalletNetwork = {
    federationId,
    networkId,
    chainId,
    patientId,
    // Part of what her first account signed; nobody asks for it again.
    idNonce: ZERO_32,
    opened: true,
    seq: 0,
    presenceEpoch: 0,
    epochs: {},
    relations: [],
  };
  const relations = await way.registry.call('relationsOf', [patientId], 'latest');
  const list = (await askPackage(wallet, network, way.consensus, way)).relations ?? [];
  if (relationsDigest(list) !== relations.relationsDigest) throw contradicts('her relation list');

  const contents = new Map<Hex, RecoveryContent>();
  const silent: { nodeId: Hex; reason: string }[] = [];
  for (const { nodeId } of list) {
    const node = way.nodes.get(nodeId);
    try {
      contents.set(nodeId, await askPackage(wallet, network, known(node, nodeId), way));
    } catch (error) {
      if (!(error instanceof CarelatticeError)) throw error;
      silent.push({ nodeId, reason: error.code });
    }
  }
  const kept = await keptOf(contents);
  network.kept = kept;
  network.relations = list.map((relation) => ({
    ...relation,
    categories: relation.handles.flatMap((handle) => categoryOf(kept, handle) ?? []),
  }));
  const all = [...contents.values()];
  network.seq = Math.max(Number(relations.seq), ...all.map(({ seq }) => seq));
  // The next one: her nodes know the present one by the lost key.
  network.presenceEpoch = 1 + Math.max(0, ...all.map(({ presenceEpoch }) => presenceEpoch));
  for (const { category, epoch } of all.flatMap(({ scopes }) => scopes))
    network.epochs[category] = Math.max(epoch, network.epochs[category] ?? 0);
  // A thief of her key may have stepped on the chain alone: her next key has to come after his.
  for (const [category, handle] of Object.entries(kept.handles)) {
    const { epoch } = await way.registry.call('scopeEpochOf', [patientId, handle], 'latest');
    network.epochs[category] = Math.max(Number(epoch), network.epochs[category] ?? 0);
  }
  wallet.networks[networkId] = network;
  const opened = new Set(kept.scopeSeeds.map(({ category }) => category));
  return { network, lost: way.categories.filter((one) => !opened.has(one)), silent };
}

const contradicts = (what: string): CarelatticeError =>
  new CarelatticeError(
    'RecoveryContradicts',
    'what a node gives back does not agree with the chain or with another node',
    { facts: { what } },
  );

function known(node: KnownNode | undefined, nodeId: Hex): KnownNode {
  if (node !== undefined) return node;
  throw new CarelatticeError('NodeUnknown', 'no node of this id is admitted', {
    facts: { nodeId },
  });
}

const categoryOf = (kept: KeptSecrets, handle: Hex): string | undefined =>
  Object.entries(kept.handles).find(([, one]) => one === handle)?.[0];

/** What all nodes gave, checked against each other. @throws `RecoveryContradicts` */
async function keptOf(contents: ReadonlyMap<Hex, RecoveryContent>): Promise<KeptSecrets> {
  const kept: KeptSecrets = { handles: {}, scopeSeeds: [], accessKeys: {} };
  for (const [nodeId, { accessKey, scopes }] of contents) {
    if (accessKey !== undefined) kept.accessKeys[nodeId] = accessKey;
    for (const scope of scopes) {
      const { category, handle, epoch, privateSeed } = scope;
      if ((kept.handles[category] ?? handle) !== handle) throw contradicts(`handle of ${category}`);
      kept.handles[category] = handle;
      if (privateSeed === undefined || hasSeed(kept, category, epoch)) continue;
      // A seed that does not give the public key would open nothing, and is noticed now.
      const pair = await deriveKemKeyPair(scope.suite, fromHex(privateSeed, 32));
      if (!equalBytes(pair.publicKey.bytes, fromHex(scope.publicKey)))
        throw contradicts(`key of ${category}`);
      kept.scopeSeeds.push({ category, epoch, seed: privateSeed });
    }
  }
  return kept;
}

const hasSeed = ({ scopeSeeds }: KeptSecrets, category: string, epoch: number): boolean =>
  scopeSeeds.some((one) => one.category === category && one.epoch === epoch);

/**
 * Puts the new root key behind everything: her inbox, the presence secret and every scope key step. What is written from
 * then on is sealed to keys that the lost root key never saw. Takes effect as the chain shows it.
 * @throws the nodes' and the contract's refusals
 */
export async function renewKeys(
  wallet: Wallet,
  network: WalletNetwork,
  way: RecoveryNetwork,
  guard: AccountGuard,
): Promise<void> {
  const { hash } = await inboxKeyOf(wallet, network);
  await setInboxKey(wallet, network, way, guard, hash);
  await stepScopes(wallet, network, way, way.categories);
}

/**
 * Has a node seal her records there to her new scope keys, so that she opens them without the old ones.
 * @returns how many were sealed anew @throws the node's refusals
 */
export async function rewrapAt(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  way: RecoveryNetwork,
): Promise<number> {
  let done = 0;
  for (;;) {
    const step = await askRewrap(wallet, network, node, way);
    done += step.done;
    if (step.left === 0 || step.done === 0) return done;
  }
}
