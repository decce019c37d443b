import { keptCommitment } from '../../crypto/derivations.ts';
import { relationsDigest } from '../../domain/relations.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import { withdraw } from '../enrolment/withdraw.ts';
import { inboxKeyOf } from '../inbox/inboxKey.ts';
import { nameIn, shownName } from '../plainLine.ts';
import { until } from '../until.ts';
import { authorityOf, commitmentOf, scopeEntries, type WalletNetwork } from '../wallet/wallet.ts';
import { type AccountDesk, accountNotSeen, guardAt, requireHere } from './accountDesk.node.ts';
import { completePending } from './accountByCommand.node.ts';
import { type AccountGuard, setInboxKey } from './authority.ts';
import { type Recovered } from './recoveredText.ts';
import { readFileOf } from './guardianFiles.node.ts';
import { type GuardianCard, guardianCard } from './guardians.ts';
import {
  type Recovery,
  recoverNetwork,
  type RecoveryNetwork,
  renewKeys,
  rewrapAt,
} from './recover.ts';

/** What `recover` does: identifiers and keys back from her nodes, a new root key behind everything, old records sealed anew. */

/**
 * Takes the pseudonym on a guardian's card into the wallet to which her guardians gave the account. Run again, it goes
 * on: before her keys are renewed from the beginning, after that with what is not sealed anew yet.
 * @param path of any guardian's card
 * @param leavesSilent goes on without nodes that give nothing, and ends her relation to them
 * @throws `NotRecovered`, `TooEarly`, `HoldersSilent`, `WalletInUse`, `ScopeKeyOvertaken`, and as `recoverNetwork` and `renewKeys`
 */
export async function recoverByCommand(
  desk: AccountDesk,
  path: string,
  leavesSilent: boolean,
): Promise<Recovered> {
  const card = await readFileOf(guardianCard, path);
  requireHere(desk, card);
  requireNewWallet(desk, card.patientId);
  await requireGiven(desk, card);
  const known = desk.wallet.networks[card.networkId];
  const { network, lost, silent } =
    known === undefined
      ? await takeBack(desk, card, leavesSilent)
      : { network: known, lost: [], silent: [] };
  await until(desk.ways, () => isShown(desk, network), accountNotSeen);
  return {
    patientId: network.patientId,
    lost,
    left: silent.map((one) => silence(desk, one)),
    sealed: await sealAnew(desk, network),
  };
}

/** @throws `WalletInUse` when the wallet is already another patient's, or still her own from before */
export function requireNewWallet({ wallet, manifest }: AccountDesk, patientId: Hex): void {
  const network = wallet.networks[manifest.networkId];
  if (network === undefined || (network.kept !== undefined && network.patientId === patientId))
    return;
  throw new CarelatticeError(
    'WalletInUse',
    'this wallet is in use in this network; make a new one with create-patient and --wallet',
  );
}

/** That the account is hers, completing what is due. @throws `NotRecovered`, `TooEarly` */
async function requireGiven(desk: AccountDesk, card: GuardianCard): Promise<void> {
  const account = authorityOf(desk.wallet);
  const { authority, pending } = await guardAt(desk, card.patientId);
  if (authority === account) return;
  if (pending?.kind === 'recovery' && pending.authority === account)
    return void (await completePending(desk, card));
  throw new CarelatticeError(
    'NotRecovered',
    'her guardians did not give her the account of this wallet; have them approve it with account -- recover',
    { facts: { account } },
  );
}

/** In the wallet once a new root key stands behind everything: until then her nodes have all that she needs. */
async function takeBack(
  desk: AccountDesk,
  card: GuardianCard,
  leavesSilent: boolean,
): Promise<Recovery> {
  try {
    const recovery = await asked(desk, card);
    await renew(desk, recovery, leavesSilent);
    await desk.save();
    return recovery;
  } catch (error) {
    delete desk.wallet.networks[card.networkId];
    throw error;
  }
}

async function renew(
  desk: AccountDesk,
  { network, silent }: Recovery,
  leavesSilent: boolean,
): Promise<void> {
  if (silent.length > 0 && !leavesSilent) {
    throw new CarelatticeError(
      'HoldersSilent',
      'these nodes give nothing back, and nothing was changed; run this again when they answer, or leave them for good with --leave-silent',
      { facts: { nodes: silent.map((one) => silence(desk, one)) }, retryable: true },
    );
  }
  const guard = await guardAt(desk, network.patientId);
  if (silent.length === 0) await renewKeys(desk.wallet, network, wayOf(desk), guard);
  else await renewWithout(desk, network, silent, guard);
}

/** Whether the chain has her list and the step of every key. @throws `ScopeKeyOvertaken` when it has another key there, for good */
async function isShown(
  { wallet, ways, registry }: AccountDesk,
  network: WalletNetwork,
): Promise<true | undefined> {
  const { patientId, relations } = network;
  const list = await registry.call('relationsOf', [patientId], 'latest');
  if (list.relationsDigest !== relationsDigest(relations)) return undefined;
  for (const entry of await scopeEntries(wallet, network, ways.categories, [])) {
    const { category, handle, epoch } = entry;
    const now = await registry.call('scopeEpochOf', [patientId, handle], 'latest');
    if (now.epoch < BigInt(epoch)) return undefined;
    if (now.epoch === 0n) continue;
    const own = keptCommitment(commitmentOf(wallet, network, entry));
    if (now.epoch > BigInt(epoch) || now.commitment !== own) throw otherKey(category);
  }
  return true;
}

const otherKey = (category: string): CarelatticeError =>
  new CarelatticeError(
    'ScopeKeyOvertaken',
    'the chain has another key of this category than her wallet; step it to the epoch after that',
    { facts: { category } },
  );

/** As `renewKeys`, but the steps of the keys go with the end of these relations: silent nodes would not take the keys. */
async function renewWithout(
  desk: AccountDesk,
  network: WalletNetwork,
  silent: Recovery['silent'],
  guard: AccountGuard,
): Promise<void> {
  const gone = new Set(silent.map(({ nodeId }) => nodeId));
  const [last, ...others] = network.relations.filter(({ nodeId }) => gone.has(nodeId));
  const leaving = last && desk.ways.nodes.get(last.nodeId);
  if (leaving === undefined) throw new Error('a silent node is one of her list, and admitted once');
  const { hash } = await inboxKeyOf(desk.wallet, network);
  await setInboxKey(desk.wallet, network, desk.ways, guard, hash);
  network.relations = network.relations.filter((relation) => !others.includes(relation));
  network.formerHolders = others.map(({ nodeId }) => nodeId);
  await withdraw(desk.wallet, network, desk.ways, leaving);
}

const wayOf = ({ ways, registry }: AccountDesk): RecoveryNetwork => ({ ...ways, registry });

/** Nodes read the chain a moment later than this program: who does not know of the recovery yet is asked again. */
async function asked(desk: AccountDesk, card: GuardianCard): Promise<Recovery> {
  const { wallet, ways } = desk;
  let last: Recovery | CarelatticeError = accountNotSeen();
  const attempt = async (): Promise<Recovery | undefined> => {
    delete wallet.networks[card.networkId];
    try {
      const recovery = await recoverNetwork(wallet, card, wayOf(desk));
      last = recovery;
      return recovery.silent.some(({ reason }) => NOT_YET.has(reason)) ? undefined : recovery;
    } catch (error) {
      if (!(error instanceof CarelatticeError) || !NOT_YET.has(error.code)) throw error;
      last = error;
      return undefined;
    }
  };
  try {
    return await until(ways, attempt, accountNotSeen);
  } catch (error) {
    if (!hasCode(error, 'AccountNotSeen')) throw error;
    if (last instanceof CarelatticeError) throw last;
    return last;
  }
}

const NOT_YET: ReadonlySet<string> = new Set(['Unauthorized', 'NotRecovered']);

const nameOf = ({ ways }: AccountDesk, nodeId: Hex): string => nameIn(ways.nodes, nodeId);

const silence = (desk: AccountDesk, { nodeId, reason }: Recovery['silent'][number]): string =>
  `${nameOf(desk, nodeId)} (${reason})`;

async function sealAnew(desk: AccountDesk, network: WalletNetwork): Promise<Recovered['sealed']> {
  const sealed: Recovered['sealed'][number][] = [];
  for (const { nodeId } of network.relations) {
    const node = desk.ways.nodes.get(nodeId);
    try {
      if (node === undefined)
        throw new CarelatticeError('NodeUnknown', 'no node of this id is admitted');
      const outcome = await rewrapAt(desk.wallet, network, node, wayOf(desk));
      sealed.push({ node: shownName(node), outcome });
    } catch (error) {
      if (!(error instanceof CarelatticeError)) throw error;
      sealed.push({ node: nameOf(desk, nodeId), outcome: error });
    }
  }
  return sealed;
}
