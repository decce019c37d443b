import { type Hex, toHex } from '../../hash/bytes.ts';
import type { WireInboxToken } from '../../wire/readMessages.ts';
import { placeOf, signFor } from '../patientMessages.ts';
import type { Wallet, WalletNetwork } from '../wallet/wallet.ts';

/** What she signs to ask a node about herself, or a gateway for her records. Each is good once, for minutes. */

/** Seconds of chain time. */
const LIFETIME = 300;

/** @param now chain time, seconds */
export function inboxToken(
  wallet: Wallet,
  network: WalletNetwork,
  audience: Hex,
  { now, random }: TokenClock,
): WireInboxToken {
  const { patientId } = network;
  const nonce = BigInt(toHex(random(16)));
  const expiry = now() + LIFETIME;
  const message = { ...placeOf(network), patientId, audience, expiry: BigInt(expiry), nonce };
  return {
    patientId,
    expiry,
    nonce: nonce.toString(),
    signature: signFor(wallet, network, 'InboxToken', message),
  };
}

export interface TokenClock {
  /** Chain time, seconds. */
  now(): number;
  random(size: number): Uint8Array;
}

/** Her request to one node for one record, or with a zero anchor for all of hers. */
export function patientFetch(
  wallet: Wallet,
  network: WalletNetwork,
  gateway: Hex,
  anchor: Hex,
  { now, random }: TokenClock,
) {
  const { patientId } = network;
  const nonce = BigInt(toHex(random(16)));
  const expiry = now() + LIFETIME;
  const message = {
    ...placeOf(network),
    patientId,
    gateway,
    anchor,
    expiry: BigInt(expiry),
    nonce,
  };
  return {
    patientId,
    anchor,
    expiry,
    nonce: nonce.toString(),
    signature: signFor(wallet, network, 'PatientFetch', message),
  };
}
