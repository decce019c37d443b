import { newWallet, type Wallet } from '../wallet/wallet.ts';

/**
 * The wallet of a minor, or of whoever is cared for: a root key of her own, and her guardian's account signs for her. Of
 * age she moves to an account of her own (`rotate`) and puts a new root key behind everything (`withNewRoot`), for her
 * guardian knows the first one.
 */
export const walletForMinor = (
  guardian: Pick<Wallet, 'authorityKey'>,
  random: (size: number) => Uint8Array,
): Wallet => ({ ...newWallet(random), authorityKey: guardian.authorityKey });
