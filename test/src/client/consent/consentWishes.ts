import type { ConsentPlace, ConsentWish } from '../../../../src/client/consent/draftConsent.ts';
import {
  authorityOf,
  networkOf,
  newWallet,
  type Wallet,
} from '../../../../src/client/wallet/wallet.ts';
import { randomBytes } from '../../../../src/crypto/random.ts';
import { accountNamed, DURING, federationId, idOf, reader } from '../../wire/consentFixture.ts';

/** Wallets with networks, and what their owners wish. */

export const walletIn = (...networks: readonly string[]): Wallet => {
  const wallet = newWallet(randomBytes);
  for (const name of networks) {
    networkOf(wallet, { federationId, networkId: idOf(name), chainId: 31_337 });
  }
  return wallet;
};

export const placesOf = (wallet: Wallet): ConsentPlace[] =>
  Object.values(wallet.networks).map(({ networkId, chainId, patientId }, index) => ({
    networkId,
    chainId,
    patientId,
    registry: accountNamed(`registry of ${networkId}`),
    name: `Network ${index + 1}`,
  }));

export const wishOf = (wallet: Wallet, change: Partial<ConsentWish> = {}): ConsentWish => ({
  patient: authorityOf(wallet),
  language: 'en',
  reader: { nodeId: reader, name: 'Westside Clinic' },
  purpose: 'TREAT',
  categories: ['result'],
  from: DURING - 100n,
  until: DURING + 100n,
  epoch: 0n,
  places: placesOf(wallet),
  ...change,
});
