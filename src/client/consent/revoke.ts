import { signDigest } from '../../crypto/signatures.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import { fromHex, type Hex } from '../../hash/bytes.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import type { PatientMessage } from '../../wire/messages.ts';
import {
  type MessageOf,
  type NetworkScope,
  type StructName,
  typedDigest,
} from '../../wire/typedData.ts';
import type { ClientTransport } from '../ask.ts';
import { submit } from '../enrolment/enroll.ts';
import { consentIn, guardianshipIn, type KeptConsent } from './keptConsents.ts';
import { revokeAllMessage, revokeMessage } from '../patientMessages.ts';
import { authorityOf, type Wallet } from '../wallet/wallet.ts';

/** Taking consents back: one signature that holds in every network, sent to all that the consent names at once. */

/** How a network is reached. */
export interface NetworkWay {
  readonly transport: ClientTransport;
  /** The node that submits patients' messages now. */
  readonly consensus: KnownNode;
}

/** Ways by network id. */
export type NetworkWays = ReadonlyMap<Hex, NetworkWay>;

/** What became of a revocation in one network. */
export interface RevocationOutcome {
  readonly networkId: Hex;
  /** Undefined: the network's consensus node has it. */
  readonly error?: CarelatticeError;
}

const signature = <N extends StructName>(
  wallet: Wallet,
  federationId: Hex,
  name: N,
  message: MessageOf<N>,
): Hex => signDigest(fromHex(wallet.authorityKey, 32), typedDigest(name, federationId, message));

/**
 * Revokes one consent or guardianship for ever, in every network that it names; other consents stay. The wallet notes it as soon as one network has it.
 * @returns what each network said; those with an error have to be asked again
 * @throws `NotHerSigner` when this wallet's account did not sign it, as with a guardianship that a delegate was given
 */
export async function revokeConsent(
  wallet: Wallet,
  kept: KeptConsent,
  ways: NetworkWays,
): Promise<RevocationOutcome[]> {
  const { networks } = kept.struct === 'Consent' ? consentIn(kept) : guardianshipIn(kept);
  const { digest, federationId } = kept;
  const account = authorityOf(wallet);
  if (kept.signer !== account) {
    throw new CarelatticeError('NotHerSigner', 'only the account that signed it takes it back', {
      facts: { signer: kept.signer },
    });
  }
  const signed = signature(wallet, federationId, 'RevokeConsent', { account, digest });
  const outcomes = await toAll(networks, ways, ({ patientId }) =>
    revokeMessage(patientId, account, digest, signed),
  );
  if (outcomes.some(({ error }) => error === undefined)) kept.revoked = true;
  return outcomes;
}

/**
 * Revokes a consent that a delegate signed and of which this wallet knows the digest alone, as a receipt names it, in all
 * networks of the wallet.
 */
export function revokeDelegated(
  wallet: Wallet,
  digest: Hex,
  ways: NetworkWays,
): Promise<RevocationOutcome[]> {
  const account = authorityOf(wallet);
  return toAll(Object.values(wallet.networks), ways, ({ federationId, patientId }) =>
    revokeMessage(
      patientId,
      account,
      digest,
      signature(wallet, federationId, 'RevokeConsent', { account, digest }),
    ),
  );
}

/**
 * Revokes all consents and guardianships of this account whose epoch is below `minEpoch`, in all networks given.
 * @param minEpoch above the account's present one on chain; later consents are signed with it as their epoch
 */
export async function revokeAll(
  wallet: Wallet,
  minEpoch: bigint,
  ways: NetworkWays,
): Promise<RevocationOutcome[]> {
  const account = authorityOf(wallet);
  const networks = Object.values(wallet.networks);
  const outcomes = await toAll(networks, ways, ({ federationId, patientId }) =>
    revokeAllMessage(
      patientId,
      account,
      minEpoch,
      signature(wallet, federationId, 'RevokeAll', { account, minEpoch }),
    ),
  );
  if (outcomes.some(({ error }) => error === undefined)) {
    for (const one of wallet.consents ?? []) {
      if (one.signer === account && BigInt(String(one.message['epoch'])) < minEpoch)
        one.revoked = true;
    }
  }
  return outcomes;
}

function toAll<T extends Pick<NetworkScope, 'networkId'>>(
  networks: readonly T[],
  ways: NetworkWays,
  messageFor: (network: T) => PatientMessage,
): Promise<RevocationOutcome[]> {
  return Promise.all(
    networks.map(async (network) => {
      const { networkId } = network;
      const error = await sent(networkId, ways.get(networkId), messageFor(network));
      return error === undefined ? { networkId } : { networkId, error };
    }),
  );
}

async function sent(
  networkId: Hex,
  way: NetworkWay | undefined,
  message: PatientMessage,
): Promise<CarelatticeError | undefined> {
  if (way === undefined) {
    return new CarelatticeError('NoWay', 'this program knows no way to the network', {
      facts: { networkId },
    });
  }
  try {
    await submit(way.transport, { networkId }, way.consensus, message);
    return undefined;
  } catch (error) {
    // It stands there already: what was asked for is so.
    if (hasCode(error, 'Revoked') || hasCode(error, 'NotRising')) return undefined;
    if (error instanceof CarelatticeError) return error;
    throw error;
  }
}
