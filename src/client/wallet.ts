import {
  accessKey,
  handleOf,
  idNonce,
  netSeed,
  patientIdOf,
  presenceSecret,
  scopeCommitment,
  scopeKeyIdOf,
  scopeKeySeed,
  scopeSalt,
} from '../crypto/derivations.ts';
import { deriveKemKeyPair } from '../crypto/hpkeSealing.ts';
import { accountOf } from '../crypto/signatures.ts';
import { fromHex, type Hex, toHex } from '../hash/bytes.ts';
import { HYBRID_SUITE } from '../wire/kemSuite.ts';
import type { ScopeEntry } from '../wire/scopePackage.ts';

/** What a patient's program keeps: her root key, the account that signs for her, and what she has signed so far. Plain JSON. */
export interface Wallet {
  rootKey: Hex;
  /** Private key of her authority. */
  authorityKey: Hex;
  networks: Record<Hex, WalletNetwork>;
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

/** A new wallet. @param random 32 random bytes each for the root key and for the authority */
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
  const nonce = idNonce(seedOf(wallet, { federationId, networkId }));
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

const seedOf = (
  wallet: Wallet,
  network: Pick<WalletNetwork, 'federationId' | 'networkId'>,
): Uint8Array => netSeed(fromHex(wallet.rootKey, 32), network.federationId, network.networkId);

/** The opaque name of a category in this network. */
export const handleIn = (wallet: Wallet, network: WalletNetwork, category: string): Hex =>
  handleOf(seedOf(wallet, network), category);

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
      const seed = scopeKeySeed(fromHex(wallet.rootKey, 32), network.federationId, category, epoch);
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
  const seed = seedOf(wallet, network);
  return {
    presenceEpoch: network.presenceEpoch,
    presenceSecret: presenceSecret(seed, network.presenceEpoch),
    accessKey: accessKey(seed, nodeId),
  };
};

/** What the chain is told of a new scope key: nothing that names it elsewhere. */
export function commitmentOf(wallet: Wallet, network: WalletNetwork, entry: ScopeEntry): Hex {
  const salt = scopeSalt(seedOf(wallet, network), entry.handle, entry.epoch);
  return scopeCommitment(salt, scopeKeyIdOf({ suite: entry.suite, bytes: entry.publicKey }));
}
