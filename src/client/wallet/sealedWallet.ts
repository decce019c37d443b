import { z } from 'zod';
import { aeadOpen, aeadSeal } from '#aead';
import { walletKey } from '../../crypto/derivations.ts';
import type { KeySlotOptions, SlotSecret } from '../../crypto/keySlot.ts';
import { type KeySlots, readKeySlots } from '../../crypto/keySlotForm.ts';
import { openRootKey } from '../../crypto/keySlots.ts';
import { randomBytes, type RandomSource } from '../../crypto/random.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import { concat, fromHex, type Hex, toHex, uint, utf8 } from '../../hash/bytes.ts';
import { labelledHash } from '../../hash/labelled.ts';
import type { Wallet } from './wallet.ts';
import { slotsOf } from './walletKeys.ts';
import { walletState, type WalletState } from './walletState.ts';

/**
 * A wallet as it is kept, JSON: the root key only in its slots, everything else as nonce (12 bytes) ‖ AES-256-GCM under
 * `HKDF(rootKey, "wallet")` with additional data `H("wallet", version, rootKeyId)`.
 */
export interface SealedWallet {
  readonly version: typeof VERSION;
  readonly keySlots: KeySlots;
  readonly sealed: Hex;
}

const VERSION = 2;
const NONCE = 12;

const aadOf = ({ rootKeyId }: KeySlots): Uint8Array =>
  labelledHash('wallet', uint(VERSION, 1), fromHex(rootKeyId, 32));

/**
 * A wallet that lost slots is kept too: what it holds is worth more than the rule, which `enroll` holds.
 * @throws `TooFewSlots` without any slot, `RootKeyMismatch`
 */
export function sealWallet(wallet: Wallet, random: RandomSource = randomBytes): SealedWallet {
  const keySlots = slotsOf(wallet);
  const { rootKey, keySlots: _, ...state } = wallet;
  const nonce = random(NONCE);
  const plaintext = utf8(JSON.stringify(state));
  const sealed = aeadSeal(walletKey(fromHex(rootKey, 32)), nonce, aadOf(keySlots), plaintext);
  return { version: VERSION, keySlots, sealed: toHex(concat(nonce, sealed)) };
}

/** @throws what `openRootKey` throws, `WalletDamaged` when the root key opens and the rest does not */
export async function openWallet(
  { keySlots, sealed }: SealedWallet,
  secret: SlotSecret,
  options: KeySlotOptions = {},
): Promise<Wallet> {
  const rootKey = await openRootKey(keySlots, secret, options);
  return { rootKey: toHex(rootKey), keySlots, ...stateOf(rootKey, keySlots, fromHex(sealed)) };
}

function stateOf(rootKey: Uint8Array, keySlots: KeySlots, sealed: Uint8Array): WalletState {
  const [nonce, rest] = [sealed.subarray(0, NONCE), sealed.subarray(NONCE)];
  try {
    const plaintext = aeadOpen(walletKey(rootKey), nonce, aadOf(keySlots), rest);
    return walletState.parse(JSON.parse(new TextDecoder().decode(plaintext)));
  } catch (error) {
    // The cause stays out: what the parsers say may quote keys.
    if (error instanceof CarelatticeError && !hasCode(error, 'OpeningFailed')) throw error;
    throw new CarelatticeError(
      'WalletDamaged',
      'the root key opens, but the rest of the wallet was damaged; take a backup of it',
    );
  }
}

const sealedWallet = z.strictObject({
  version: z.literal(VERSION),
  keySlots: z.unknown(),
  sealed: z.custom<Hex>(
    (value) => typeof value === 'string' && /^0x([0-9a-f]{2}){28,}$/.test(value),
    'hex',
  ),
});

/** A sealed wallet from its text. @throws `BadWallet`, `WalletNotSealed`, `BadKeySlots`, `TwoSlotsOfOneKind` */
export function readSealedWallet(text: string): SealedWallet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badWallet(); // the parser's message quotes the file, which may be another one with keys
  }
  if (typeof value === 'object' && value !== null && 'rootKey' in value) throw notSealed();
  const parsed = sealedWallet.safeParse(value);
  if (!parsed.success) throw badWallet();
  return { ...parsed.data, keySlots: readKeySlots(parsed.data.keySlots) };
}

const badWallet = (): CarelatticeError =>
  new CarelatticeError('BadWallet', 'this is no wallet; take the right file, or a backup');

const notSealed = (): CarelatticeError =>
  new CarelatticeError(
    'WalletNotSealed',
    'this wallet of an older version keeps its keys unsealed; make a new one with create-patient',
  );
