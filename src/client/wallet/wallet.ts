import {
  accessKey,
  cardSecret,
  handleOf,
  idNonce,
  netSeed,
  patientIdOf,
  presenceSecret,
  scopeCommitment,
  scopeKeyIdOf,
  scopeKeySeed,
  scopeSalt,
} from '../../crypto/derivations.ts';
import { deriveKemKeyPair } from '../../crypto/hpkeSealing.ts';
import type { KeySlots } from '../../crypto/keySlotForm.ts';
import { accountOf } from '../../crypto/signatures.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import type { ScopeEntry } from '../../wire/scopePackage.ts';
import type { GuardianCircle } from '../account/guardians.ts';
import type { KeptConsent } from '../consent/keptConsents.ts';

/**
 * What a patient's program works with: her root key, the account that signs for her, and what she has signed so far.
 * In memory only: it is kept as a `SealedWallet`.
 */
export interface Wallet {
  rootKey: Hex;
  /** The ways to her root key, at least two before her first enrolment (`sealWalletKey`). */
  keySlots?: KeySlots;
  /** Private key of her authority. */
  authorityKey: Hex;
  /** Of the account that she is moving to, until every network shows it. */
  nextAuthorityKey?: Hex;
  networks: Record<Hex, WalletNetwork>;
  /** Consents and guardianships that she signed or was given; missing while there is none. */
  consents?: KeptConsent[];
}

/** One network in a wallet. */
export interface WalletNetwork {
  federationId: Hex;
  networkId: Hex;
  chainId: number;
  patientId: Hex;
  idNonce: Hex;
  opened: boolean;
  /** Of her newest signed message there; the next one is higher. */
  seq: number;
  presenceEpoch: number;
  /** Scope-key epoch by category; missing is 0. */
  epochs: Record<string, number>;
  relations: SignedRelation[];
  /** What came of a root key that is lost: data since. */
  kept?: KeptSecrets;
  /** Who guards her account there. */
  guardians?: GuardianCircle;
  /** Nodes that she has left: what they were given they have still. */
  formerHolders?: Hex[];
  /** Her newest emergency card; missing before the first one. */
  card?: WalletCard;
  /** What she had erased. */
  erasures?: WalletErasure[];
}

/** From a lost root key, given back by nodes (`recoverNetwork`). */
export interface KeptSecrets {
  /** By category. */
  handles: Record<string, Hex>;
  /** Seeds of scope keys, 32 bytes. */
  scopeSeeds: { category: string; epoch: number; seed: Hex }[];
  /** Access keys by node. */
  accessKeys: Record<Hex, Hex>;
}

/** Who keeps the shares behind her emergency card. */
export interface WalletCard {
  cardEpoch: number;
  custodians: Hex[];
  /** Node at which her summary lies. */
  holder: Hex;
  /** Former custodians that have not heard of it yet. */
  notTold: Hex[];
}

/** Records that she had erased, who has confirmed it, and who is still waited for. */
export interface WalletErasure {
  seq: number;
  anchors: Hex[];
  /** The nodes' signed `ErasureReceipt`s; `erasedAt` is chain time in seconds. */
  receipts: { nodeId: Hex; erasedAt: number; signature: Hex }[];
  /** With the code of the last error. */
  waiting: { nodeId: Hex; reason: string }[];
}

/** A node that she lets hold her records. */
export interface SignedRelation {
  nodeId: Hex;
  role: number;
  categories: string[];
  handles: Hex[];
  salt: Hex;
  enrolledSeq: number;
  countersignature: Hex;
}

export interface NetworkAddress {
  federationId: Hex;
  networkId: Hex;
  chainId: number;
}

/** A new wallet, without key slots yet. @param random 32 random bytes each for the root key and for the authority */
export function newWallet(random: (size: number) => Uint8Array): Wallet {
  return { rootKey: toHex(random(32)), authorityKey: toHex(random(32)), networks: {} };
}

export const authorityOf = (wallet: Wallet): Hex => accountOf(fromHex(wallet.authorityKey, 32));

/** The wallet's part for a network, made at the first use. Identifiers are derived once and are data from then on. */
export function networkOf(
  wallet: Wallet,
  { federationId, networkId, chainId }: NetworkAddress,
): WalletNetwork {
  const known = wallet.networks[networkId];
  if (known !== undefined) return known;
  const nonce = idNonce(networkSeed(wallet, { federationId, networkId }));
  const made: WalletNetwork = {
    federationId,
    networkId,
    chainId,
    patientId: patientIdOf(networkId, authorityOf(wallet), nonce),
    idNonce: nonce,
    opened: false,
    seq: 0,
    presenceEpoch: 0,
    epochs: {},
    relations: [],
  };
  wallet.networks[networkId] = made;
  return made;
}

/** Behind all that is derived for one network. */
export const networkSeed = (
  wallet: Wallet,
  network: Pick<WalletNetwork, 'federationId' | 'networkId'>,
): Uint8Array => netSeed(fromHex(wallet.rootKey, 32), network.federationId, network.networkId);

/** What her emergency card of an epoch holds. */
export const cardSecretIn = (
  wallet: Wallet,
  network: WalletNetwork,
  cardEpoch: number,
): Uint8Array => cardSecret(networkSeed(wallet, network), cardEpoch);

/** The opaque name of a category in this network. */
export const handleIn = (wallet: Wallet, network: WalletNetwork, category: string): Hex =>
  network.kept?.handles[category] ?? handleOf(networkSeed(wallet, network), category);

/** Seed of her scope key of a category and epoch. */
export const scopeSeed = (
  wallet: Wallet,
  network: WalletNetwork,
  category: string,
  epoch: number,
): Uint8Array => {
  const kept = network.kept?.scopeSeeds.find(
    (one) => one.category === category && one.epoch === epoch,
  );
  return kept === undefined
    ? scopeKeySeed(fromHex(wallet.rootKey, 32), network.federationId, category, epoch)
    : fromHex(kept.seed, 32);
};

/** The scope keys of all categories; with the private part for those that are `granted`. */
export function scopeEntries(
  wallet: Wallet,
  network: WalletNetwork,
  categories: readonly string[],
  granted: readonly string[],
): Promise<ScopeEntry[]> {
  return Promise.all(
    categories.map(async (category) => {
      const epoch = network.epochs[category] ?? 0;
      const seed = scopeSeed(wallet, network, category, epoch);
      const { publicKey } = await deriveKemKeyPair(HYBRID_SUITE, seed);
      return {
        category,
        handle: handleIn(wallet, network, category),
        epoch,
        suite: publicKey.suite,
        publicKey: publicKey.bytes,
        ...(granted.includes(category) ? { privateSeed: seed } : {}),
      };
    }),
  );
}

/** What only one node is given, and what every enrolled node shares. */
export const nodeSecrets = (wallet: Wallet, network: WalletNetwork, nodeId: Hex) => {
  const seed = networkSeed(wallet, network);
  const kept = network.kept?.accessKeys[nodeId];
  return {
    presenceEpoch: network.presenceEpoch,
    presenceSecret: presenceSecret(seed, network.presenceEpoch),
    accessKey: kept === undefined ? accessKey(seed, nodeId) : fromHex(kept, 32),
  };
};

/** What the chain is told of a new scope key: nothing that names it elsewhere. */
export function commitmentOf(wallet: Wallet, network: WalletNetwork, entry: ScopeEntry): Hex {
  const salt = scopeSalt(networkSeed(wallet, network), entry.handle, entry.epoch);
  return scopeCommitment(salt, scopeKeyIdOf({ suite: entry.suite, bytes: entry.publicKey }));
}
