import type { GuardianShare } from '../../crypto/guardianShares.ts';
import type { KeySlotOptions, SlotRequest } from '../../crypto/keySlot.ts';
import type { KeySlot, KeySlots } from '../../crypto/keySlotForm.ts';
import {
  addSlot,
  assertSlotsOf,
  assertTwoKinds,
  removeSlot,
  replaceSlot,
  type SealedRootKey,
  sealRootKey,
  tooFewSlots,
} from '../../crypto/keySlots.ts';
import { fromHex } from '../../hash/bytes.ts';
import type { Wallet } from './wallet.ts';

/** The slots of a wallet's root key. What changes them holds once the wallet is kept again. */

const rootKeyOf = (wallet: Wallet): Uint8Array => fromHex(wallet.rootKey, 32);

/** The slots of this wallet's own root key. @throws `TooFewSlots` when there is none, `RootKeyMismatch` */
export function slotsOf(wallet: Wallet): KeySlots {
  const { keySlots } = wallet;
  if (keySlots === undefined) throw tooFewSlots([]);
  assertSlotsOf(rootKeyOf(wallet), keySlots);
  return keySlots;
}

/** That no single loss loses her root key. @throws `TooFewSlots`, `TwoSlotsOfOneKind`, `RootKeyMismatch` */
export const assertWalletSlots = (wallet: Wallet): void => assertTwoKinds(slotsOf(wallet).slots);

/** The first slots of a new wallet. @returns the guardians' shares, to be given out @throws as `sealRootKey` */
export async function sealWalletKey(
  wallet: Wallet,
  requests: readonly SlotRequest[],
  options: KeySlotOptions = {},
): Promise<readonly GuardianShare[]> {
  return keep(wallet, await sealRootKey(rootKeyOf(wallet), requests, options));
}

/**
 * Makes a slot anew, or adds the first one of its kind: another passphrase, guardians later or other ones. Her
 * identifiers and keys stay. @returns the guardians' shares, to be given out
 * @throws as `addSlot` and `replaceSlot`
 */
export async function renewWalletSlot(
  wallet: Wallet,
  request: SlotRequest,
  options: KeySlotOptions = {},
): Promise<readonly GuardianShare[]> {
  const { keySlots } = wallet;
  if (keySlots === undefined) return sealWalletKey(wallet, [request], options);
  const isThere = keySlots.slots.some(({ kind }) => kind === request.kind);
  const put = isThere ? replaceSlot : addSlot;
  return keep(wallet, await put(keySlots, rootKeyOf(wallet), request, options));
}

/** @throws `NoSuchSlot`, `TooFewSlots` */
export function removeWalletSlot(wallet: Wallet, kind: KeySlot['kind']): void {
  wallet.keySlots = removeSlot(slotsOf(wallet), kind);
}

function keep(wallet: Wallet, { keySlots, shares }: SealedRootKey): readonly GuardianShare[] {
  wallet.keySlots = keySlots;
  return shares;
}
