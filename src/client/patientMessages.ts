import { signDigest } from '../crypto/signatures.ts';
import { fromHex, type Hex, toHex, uint } from '../hash/bytes.ts';
import type { PatientMessage } from '../wire/messages.ts';
import { type MessageOf, type StructName, typedDigest } from '../wire/typedData.ts';
import { authorityOf, type Wallet, type WalletNetwork } from './wallet/wallet.ts';

/** The messages that a patient signs for the chain, as items of a `PatientBatch`. */

const KIND = {
  openPatient: 1,
  setRelations: 2,
  scopeEpoch: 3,
  grant: 4,
  revokeConsent: 5,
  revokeAll: 6,
} as const;

const word = (value: number | bigint): Hex => toHex(uint(value, 32));
const addressWord = (account: Hex): Hex => `0x${account.slice(2).padStart(64, '0')}`;

/** Her signature over typed data of this network. */
export function signFor<N extends StructName>(
  wallet: Wallet,
  network: WalletNetwork,
  name: N,
  message: MessageOf<N>,
): Hex {
  return signDigest(
    fromHex(wallet.authorityKey, 32),
    typedDigest(name, network.federationId, message),
  );
}

export const placeOf = (network: Pick<WalletNetwork, 'networkId' | 'chainId'>) => ({
  networkId: network.networkId,
  chainId: BigInt(network.chainId),
});

/** @param inboxKeyHash of `inboxKeyOf` */
export function openPatient(
  wallet: Wallet,
  network: WalletNetwork,
  inboxKeyHash: Hex,
): PatientMessage {
  const authority = authorityOf(wallet);
  const fields = { authority, idNonce: network.idNonce, inboxKeyHash };
  return {
    patientId: network.patientId,
    kind: KIND.openPatient,
    words: [addressWord(authority), network.idNonce, inboxKeyHash],
    signature: signFor(wallet, network, 'OpenPatient', { ...placeOf(network), ...fields }),
  };
}

export function setRelations(
  wallet: Wallet,
  network: WalletNetwork,
  seq: number,
  relationsDigest: Hex,
): PatientMessage {
  const { patientId } = network;
  const fields = { patientId, seq: BigInt(seq), relationsDigest };
  return {
    patientId,
    kind: KIND.setRelations,
    words: [patientId, word(seq), relationsDigest],
    signature: signFor(wallet, network, 'SetRelations', { ...placeOf(network), ...fields }),
    relations: network.relations.map(
      ({ salt, nodeId, role, handles, countersignature, enrolledSeq }) => ({
        salt,
        nodeId,
        role,
        handles,
        countersignature,
        enrolledSeq,
      }),
    ),
  };
}

export function scopeEpoch(
  wallet: Wallet,
  network: WalletNetwork,
  step: { seq: number; handle: Hex; epoch: number; commitment: Hex },
): PatientMessage {
  const { patientId } = network;
  const { handle, epoch, commitment } = step;
  const fields = { patientId, seq: BigInt(step.seq), handle, epoch, commitment };
  return {
    patientId,
    kind: KIND.scopeEpoch,
    words: [patientId, word(step.seq), handle, word(epoch), commitment],
    signature: signFor(wallet, network, 'ScopeEpoch', { ...placeOf(network), ...fields }),
  };
}

/** Brings a signed consent or guardianship to the chain; hers or a delegate's. */
export const grantMessage = (
  patientId: Hex,
  signer: Hex,
  digest: Hex,
  signature: Hex,
): PatientMessage => ({
  patientId,
  kind: KIND.grant,
  words: [addressWord(signer), digest],
  signature,
});

/** Ends one consent or guardianship. @param signature over `RevokeConsent` */
export const revokeMessage = (
  patientId: Hex,
  account: Hex,
  digest: Hex,
  signature: Hex,
): PatientMessage => ({
  patientId,
  kind: KIND.revokeConsent,
  words: [addressWord(account), digest],
  signature,
});

/** Ends all of a lower epoch. @param signature over `RevokeAll` */
export const revokeAllMessage = (
  patientId: Hex,
  account: Hex,
  minEpoch: bigint,
  signature: Hex,
): PatientMessage => ({
  patientId,
  kind: KIND.revokeAll,
  words: [addressWord(account), word(minEpoch)],
  signature,
});
