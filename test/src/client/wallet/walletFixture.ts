import { newWallet, networkOf, type Wallet } from '../../../../src/client/wallet/wallet.ts';
import { sealWalletKey } from '../../../../src/client/wallet/walletKeys.ts';
import type { GuardianShare } from '../../../../src/crypto/guardianShares.ts';
import { randomBytes } from '../../../../src/crypto/random.ts';
import { recoveryCodeOf } from '../../../../src/crypto/recoveryCode.ts';
import { toHex } from '../../../../src/hash/bytes.ts';
import { FAST_SLOTS } from '../../../support/fastSlots.ts';

export const PASSPHRASE = { kind: 'passphrase', passphrase: 'a lake in the morning' } as const;
export const CODE = { kind: 'recoveryCode', code: recoveryCodeOf(randomBytes(16)) } as const;
export const GUARDIANS = { kind: 'guardians', threshold: 2, guardians: 3 } as const;

/** A wallet with a network in use, in all kinds of slots. */
export async function fullWallet(): Promise<{ wallet: Wallet; shares: readonly GuardianShare[] }> {
  const wallet = newWallet(randomBytes);
  const address = {
    federationId: toHex(randomBytes(32)),
    networkId: toHex(randomBytes(32)),
    chainId: 1001,
  };
  const network = networkOf(wallet, address);
  network.seq = 7;
  network.epochs['medication'] = 2;
  network.relations.push({
    nodeId: toHex(randomBytes(32)),
    role: 1,
    categories: ['medication'],
    handles: [toHex(randomBytes(32))],
    salt: toHex(randomBytes(32)),
    enrolledSeq: 3,
    countersignature: toHex(randomBytes(65)),
  });
  const shares = await sealWalletKey(wallet, [PASSPHRASE, CODE, GUARDIANS], FAST_SLOTS);
  return { wallet, shares };
}
