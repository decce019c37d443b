import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import { timeText } from '../timeText.ts';
import { authorityOf } from '../wallet/wallet.ts';
import {
  type AccountDesk,
  bringAndSee,
  guardAt,
  guardedByHer,
  type NetworkDesk,
  ownGuard,
  ownNetwork,
  waitForGuard,
} from './accountDesk.node.ts';
import { guardLines } from './accountText.ts';
import { type AccountGuard, rotate, rotationOf, setGuardians, veto } from './authority.ts';
import { completeAuthorityItem, keySigner } from './authorityMessages.ts';
import { type GuardedPatient, guardianCards, newCircle } from './guardians.ts';
import { type CardFiles, readGuardianAccounts, writeCards } from './guardianFiles.node.ts';

/** What the patient does with her account by command: looks at it, names guardians, moves it, vetoes, completes. */

/** What stands on chain of the wallet's owner. */
export async function showByCommand(desk: AccountDesk): Promise<string[]> {
  const guard = await ownGuard(desk);
  const { patientId } = ownNetwork(desk);
  const lines = guardLines(guard, desk.ways.now(), authorityOf(desk.wallet));
  return [`On chain she is ${patientId}.`, ...lines];
}

/** Of a patient whose card a guardian has. */
export const showOfCard = async (desk: NetworkDesk, card: GuardedPatient): Promise<string[]> => [
  `On chain she is ${card.patientId}.`,
  ...guardLines(await guardAt(desk, card.patientId), desk.ways.now()),
];

/** As typed. */
export interface CircleOptions {
  /** Files that the guardians handed over. */
  readonly accountFiles: readonly string[];
  readonly threshold: number;
  /** Seconds. */
  readonly delay: number;
  /** Folder that their cards are written to. */
  readonly cards: string;
}

/**
 * Names her guardians, and writes the card of each. The cards come first: a root whose salts nobody has is no circle.
 * @returns the cards, and what the chain shows then
 * @throws `BadGuardianCircle`, `BadGuardianFile`, `NoGuardianFile`, `SecretFileExists`, the contract's refusals
 */
export async function nameGuardians(
  desk: AccountDesk,
  { accountFiles, threshold, delay, cards: folder }: CircleOptions,
): Promise<{ cards: CardFiles; guard: AccountGuard }> {
  const network = ownNetwork(desk);
  const before = await guardedByHer(desk);
  const accounts = await readGuardianAccounts(accountFiles);
  const circle = newCircle(accounts, { threshold, delay }, desk.ways.random);
  const cards = await writeCards(folder, guardianCards(network, circle), accountFiles);
  try {
    await setGuardians(desk.wallet, network, desk.ways, before, circle);
  } catch (error) {
    // Refused for good: cards of a circle that never was would lead astray.
    if (error instanceof CarelatticeError && !error.retryable) await cards.remove();
    throw error;
  }
  await desk.save();
  return { cards, guard: await takenAfter(desk, before) };
}

/** Names no guardians any more. @throws the contract's refusals, `AccountNotSeen` */
export async function dismissGuardians(desk: AccountDesk): Promise<AccountGuard> {
  const before = await guardedByHer(desk);
  await setGuardians(desk.wallet, ownNetwork(desk), desk.ways, before, undefined);
  await desk.save();
  return takenAfter(desk, before);
}

/** Drops what is pending. A new account that she gave up is no longer kept. @throws `NothingPending`, `AuthorityFrozen` */
export async function vetoByCommand(desk: AccountDesk): Promise<AccountGuard> {
  const before = await guardedByHer(desk);
  await veto(desk.wallet, ownNetwork(desk), desk.ways, before);
  const guard = await takenAfter(desk, before);
  if (before.pending?.authority === nextAccountOf(desk)) {
    delete desk.wallet.nextAuthorityKey;
    await desk.save();
  }
  return guard;
}

const takenAfter = (desk: AccountDesk, { ownerSeq }: AccountGuard): Promise<AccountGuard> =>
  waitForGuard(desk, ownNetwork(desk).patientId, (guard) => guard.ownerSeq > ownerSeq);

const nextAccountOf = ({ wallet }: AccountDesk): Hex | undefined =>
  wallet.nextAuthorityKey === undefined ? undefined : keySigner(wallet.nextAuthorityKey).account;

/**
 * Moves the account to a new key that the wallet keeps: at once without guardians, else after their delay (`complete`).
 * A key that an earlier try has shown anybody is used again, so that no account is left without its key.
 * @throws `NoWay` for a wallet of several networks, the contract's refusals, `AccountNotSeen`
 */
export async function rotateByCommand(desk: AccountDesk): Promise<AccountGuard> {
  const { wallet, ways, manifest } = desk;
  const { patientId } = ownNetwork(desk);
  const before = await guardedByHer(desk);
  requireNoOtherNetwork(desk);
  const nextKey = wallet.nextAuthorityKey ?? toHex(ways.random(32));
  const next = keySigner(nextKey).account;
  if (before.pending?.authority === next) return before;
  wallet.nextAuthorityKey = nextKey;
  await desk.save(); // before anybody learns of it
  const message = rotationOf(wallet, next, ways.random);
  const [outcome] = await rotate(wallet, nextKey, message, new Map([[manifest.networkId, ways]]));
  if (outcome?.error !== undefined) throw outcome.error;
  await waitForGuard(
    desk,
    patientId,
    ({ authority, pending }) => authority === next || pending?.authority === next,
  );
  return ownGuard(desk);
}

/** One signature moves all her pseudonyms: it is not begun where only one of them would follow. @throws `NoWay` */
function requireNoOtherNetwork({ wallet, manifest }: AccountDesk): void {
  const other = Object.keys(wallet.networks).find((id) => id !== manifest.networkId);
  if (other === undefined) return;
  throw new CarelatticeError(
    'NoWay',
    'this wallet is used in several networks; this command reaches one of them, so it moves none',
    { facts: { networkId: other } },
  );
}

/**
 * Completes what is due: anyone may. @returns what the chain shows then
 * @throws `NothingPending`, `TooEarly` with the time, `AccountNotSeen`
 */
export async function completePending(
  desk: NetworkDesk,
  at: GuardedPatient,
): Promise<AccountGuard> {
  const { pending } = await guardAt(desk, at.patientId);
  if (pending === undefined)
    throw new CarelatticeError('NothingPending', 'nothing waits to be completed');
  if (pending.effectiveFrom > desk.ways.now()) {
    throw new CarelatticeError('TooEarly', 'the change waits for its time; come back then', {
      facts: { due: timeText(pending.effectiveFrom), now: timeText(desk.ways.now()) },
      retryable: true,
    });
  }
  return bringAndSee(desk, completeAuthorityItem(at), (guard) => guard.pending === undefined);
}

/** By the owner, whose wallet then signs with the account that she moved to. @throws as `completePending` */
export async function completeByCommand(desk: AccountDesk): Promise<AccountGuard> {
  await completePending(desk, ownNetwork(desk));
  return ownGuard(desk);
}
