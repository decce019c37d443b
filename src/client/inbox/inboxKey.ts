import { inboxSeed, kemKeyHash } from '../../crypto/derivations.ts';
import { deriveKemKeyPair, type KemKeyPair, registeredKemKey } from '../../crypto/hpkeSealing.ts';
import type { Hex } from '../../hash/bytes.ts';
import { HYBRID_SUITE } from '../../wire/kemSuite.ts';
import { networkSeed, type Wallet, type WalletNetwork } from '../wallet/wallet.ts';

/** The KEM key to which nodes of a network seal what is for her alone. */
export const inboxKeyPair = (wallet: Wallet, network: WalletNetwork): Promise<KemKeyPair> =>
  deriveKemKeyPair(HYBRID_SUITE, inboxSeed(networkSeed(wallet, network)));

export interface InboxKey {
  /** As a registry writes KEM keys. */
  readonly key: Hex;
  /** What the chain shows of it. */
  readonly hash: Hex;
}

export async function inboxKeyOf(wallet: Wallet, network: WalletNetwork): Promise<InboxKey> {
  const { publicKey } = await inboxKeyPair(wallet, network);
  return { key: registeredKemKey(publicKey), hash: kemKeyHash(publicKey) };
}
