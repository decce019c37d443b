import type { EdgeContracts } from '../../chain/contracts.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex, ZERO_32 } from '../../hash/bytes.ts';
import type { MessageOf } from '../../wire/typedData.ts';
import type { PatientMessage } from '../../wire/messages.ts';
import {
  type AccountSigner,
  type Approved,
  keySigner,
  setAuthorityItem,
  setGuardiansFields,
  setGuardiansItem,
  setInboxKeyItem,
  vetoRecoveryItem,
} from './authorityMessages.ts';
import { submit } from '../enrolment/enroll.ts';
import type { GuardianApproval, GuardianCircle } from './guardians.ts';
import type { NetworkWay, NetworkWays } from '../consent/revoke.ts';
import { authorityOf, type Wallet, type WalletNetwork } from '../wallet/wallet.ts';

/** What the owner of a wallet does with her account: names guardians, moves to another account, vetoes. */

/** What guards an account, as the chain has it. Times are block time in seconds. */
export interface AccountGuard {
  readonly authority: Hex;
  readonly guardiansRoot: Hex;
  /** Zero without guardians. */
  readonly threshold: number;
  readonly delay: number;
  /** The next numbers of the owner's and of the guardians' messages. */
  readonly ownerSeq: bigint;
  readonly guardianSeq: bigint;
  readonly frozenUntil: number;
  readonly pending?: {
    readonly kind: 'rotation' | 'recovery' | 'guardians';
    /** The account that would sign then; zero for other guardians. */
    readonly authority: Hex;
    readonly effectiveFrom: number;
  };
}

const PENDING = ['rotation', 'recovery', 'guardians'] as const;

/** Reads it from the chain itself: no node has to be trusted for it. @throws of the transport */
export async function readGuard(
  registry: Pick<EdgeContracts['patientRegistry'], 'call'>,
  patientId: Hex,
): Promise<AccountGuard> {
  const [authority, guard, pending] = await Promise.all([
    registry.call('authorityOf', [patientId], 'latest'),
    registry.call('guardOf', [patientId], 'latest'),
    registry.call('pendingOf', [patientId], 'latest'),
  ]);
  const kind = PENDING[Number(pending.kind) - 1];
  return {
    authority: hex(authority),
    guardiansRoot: hex(guard.guardiansRoot),
    threshold: Number(guard.threshold),
    delay: Number(guard.delay),
    ownerSeq: guard.ownerSeq + 1n,
    guardianSeq: guard.guardianSeq + 1n,
    frozenUntil: Number(guard.frozenUntil),
    ...(kind !== undefined && {
      pending: {
        kind,
        authority: hex(pending.authority),
        effectiveFrom: Number(pending.effectiveFrom),
      },
    }),
  };
}

const hex = (text: string): Hex => text as Hex; // lower-case hex of the contract's reader

const ownerOf = (wallet: Wallet): AccountSigner => keySigner(wallet.authorityKey);

/** Brings a message to a network. @throws the contract's refusal under its own name, or of the transport */
export const bring = async (
  way: NetworkWay,
  network: Pick<WalletNetwork, 'networkId'>,
  message: PatientMessage,
): Promise<void> => {
  await submit(way.transport, network, way.consensus, message);
};

/**
 * Names her guardians in one network, or with undefined none any more. At once when she has none yet; later it waits the
 * present delay, unless present guardians sign too. The wallet keeps the circle; the cards go to the guardians.
 * @throws `BadGuardianCircle` when she names herself, and as `bring`
 */
export async function setGuardians(
  wallet: Wallet,
  network: WalletNetwork,
  way: NetworkWay,
  guard: AccountGuard,
  circle: GuardianCircle | undefined,
  approvals: readonly GuardianApproval[] = [],
): Promise<void> {
  if (circle?.guardians.some(({ account }) => account === authorityOf(wallet)) === true) {
    throw new CarelatticeError(
      'BadGuardianCircle',
      'these guardians cannot be named: her own account is among them',
    );
  }
  const fields = setGuardiansFields(network, guard.ownerSeq, circle);
  const approved = approvedBy(guard, approvals);
  await bring(way, network, setGuardiansItem(network, ownerOf(wallet), fields, approved));
  if (circle === undefined) delete network.guardians;
  else network.guardians = circle;
}

const approvedBy = (
  { threshold }: AccountGuard,
  approvals: readonly GuardianApproval[],
): Approved | undefined =>
  threshold === 0 || approvals.length === 0 ? undefined : { threshold, approvals };

/** The message that hands every pseudonym of a wallet to another account. One signature, valid in each of the networks. */
export const rotationOf = (
  wallet: Wallet,
  successor: Hex,
  random: (size: number) => Uint8Array,
): MessageOf<'SetAuthority'> => ({
  account: authorityOf(wallet),
  authority: successor,
  nonce: BigInt(toHex(random(32))),
  rows: Object.values(wallet.networks).map(({ networkId, patientId }) => ({
    networkId,
    patientId,
  })),
});

/** What became of a rotation in one network. */
export interface RotationOutcome {
  readonly networkId: Hex;
  readonly error?: CarelatticeError;
}

/**
 * Moves all her pseudonyms to the account of `nextKey`. At once without guardians or with approvals, else after their
 * delay: until the chain shows it she signs with the present key, so the wallet keeps both (`adoptRotation`).
 * @param approvals by network
 * @returns what each network said; those with an error have to be asked again
 */
export async function rotate(
  wallet: Wallet,
  nextKey: Hex,
  message: MessageOf<'SetAuthority'>,
  ways: NetworkWays,
  approved: ReadonlyMap<Hex, Approved> = new Map(),
): Promise<RotationOutcome[]> {
  wallet.nextAuthorityKey = nextKey;
  return Promise.all(
    Object.values(wallet.networks).map(async (network): Promise<RotationOutcome> => {
      const { networkId } = network;
      const way = ways.get(networkId);
      try {
        if (way === undefined) {
          throw new CarelatticeError('NoWay', 'this program knows no way to the network', {
            facts: { networkId },
          });
        }
        const [owner, successor] = [ownerOf(wallet), keySigner(nextKey)];
        const by = approved.get(networkId);
        await bring(way, network, setAuthorityItem(network, owner, successor, message, by));
        return { networkId };
      } catch (error) {
        if (error instanceof CarelatticeError) return { networkId, error };
        throw error;
      }
    }),
  );
}

/**
 * Signs with the next account from now on, once every network shows it; her consents by the account before have ended.
 * @returns whether it does
 */
export function adoptRotation(wallet: Wallet, guards: ReadonlyMap<Hex, AccountGuard>): boolean {
  const { nextAuthorityKey } = wallet;
  if (nextAuthorityKey === undefined) return false;
  const { account } = keySigner(nextAuthorityKey);
  const shown = Object.keys(wallet.networks).every((networkId) =>
    [...guards].some(([id, { authority }]) => id === networkId && authority === account),
  );
  if (!shown) return false;
  wallet.authorityKey = nextAuthorityKey;
  delete wallet.nextAuthorityKey;
  return true;
}

/** Drops what is pending: a recovery that she did not ask for, or a rotation by a thief. @throws as `bring` */
export const veto = (
  wallet: Wallet,
  network: WalletNetwork,
  way: NetworkWay,
  { ownerSeq }: AccountGuard,
): Promise<void> => bring(way, network, vetoRecoveryItem(network, ownerOf(wallet), ownerSeq));

/** @param kemKeyHash of the new inbox key @throws `BadInboxKey`, and as `bring` */
export function setInboxKey(
  wallet: Wallet,
  network: WalletNetwork,
  way: NetworkWay,
  { ownerSeq }: AccountGuard,
  kemKeyHash: Hex,
): Promise<void> {
  if (kemKeyHash === ZERO_32)
    throw new CarelatticeError('BadInboxKey', 'the hash of an inbox key is not zero');
  return bring(way, network, setInboxKeyItem(network, ownerOf(wallet), ownerSeq, kemKeyHash));
}
