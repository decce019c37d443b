import { signDigest } from '../crypto/signatures.ts';
import { fromHex, type Hex, toHex, uint, ZERO_32 } from '../hash/bytes.ts';
import type { PatientMessage } from '../wire/messages.ts';
import { type MessageOf, type StructName, typedDigest } from '../wire/typedData.ts';
import { authorityOf, type Wallet, type WalletNetwork } from './wallet.ts';

/** The messages that a patient signs for the chain, as items of a `PatientBatch`. */

const KIND = { openPatient: 1, setRelations: 2, scopeEpoch: 3 } as const;

const word = (value: number): Hex => toHex(uint(value, 32));
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

export const placeOf = (network: WalletNetwork) => ({
  networkId: network.networkId,
  chainId: BigInt(network.chainId),
});

export function openPatient(wallet: Wallet, network: WalletNetwork): PatientMessage {
  const authority = authorityOf(wallet);
  const inboxKeyHash = ZERO_32; // her inbox comes with the consents
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
