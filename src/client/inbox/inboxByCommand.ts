import type { KnownNode } from '../../domain/knownNode.ts';
import { recoverAccount } from '../../crypto/signatures.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { Notice } from '../../wire/inboxMessages.ts';
import { accessReceiptDigest } from '../../wire/readDigests.ts';
import { nameIn, plainLine, shownName } from '../plainLine.ts';
import { timeText } from '../timeText.ts';
import { type NetworkAddress, networkOf, type Wallet } from '../wallet/wallet.ts';
import { type InboxDoor, type InboxItem, joinItems, readInbox } from './inbox.ts';

/** What the `inbox` command shows a patient, and drops when she says so. */

export interface InboxWays extends InboxDoor {
  readonly nodes: ReadonlyMap<Hex, KnownNode>;
}

export interface InboxShown {
  readonly lines: readonly string[];
  readonly items: readonly InboxItem[];
  /** Every node of hers answered. */
  readonly ok: boolean;
}

/** What waits on all her nodes, oldest first. @throws `NotInRelations` when she is enrolled nowhere */
export async function showInbox(
  wallet: Wallet,
  address: NetworkAddress,
  ways: InboxWays,
): Promise<InboxShown> {
  const { items, silent } = await askAll(wallet, address, ways, []);
  items.sort((a, b) => (a.notice?.at ?? 0) - (b.notice?.at ?? 0));
  const count = items.length === 1 ? '1 notice' : `${items.length} notices`;
  const lines = [
    silent.length === 0 ? `Her inbox holds ${count}.` : `${count}; NOT ALL HER HOSPITALS ANSWERED:`,
    ...silent,
    ...items.flatMap((item) => linesOf(item, address, ways.nodes)),
  ];
  return { lines, items, ok: silent.length === 0 };
}

/**
 * Drops what she has been shown, on each of her nodes, but nothing that she is to keep.
 * @returns a line for each node that did not answer
 */
export async function dropShown(
  wallet: Wallet,
  address: NetworkAddress,
  ways: InboxWays,
  shown: readonly InboxItem[],
): Promise<readonly string[]> {
  const kept = new Set(keptOf(shown, address, ways).flatMap(namesOf));
  const dropped = shown.filter((item) => !namesOf(item).some((name) => kept.has(name)));
  return (await askAll(wallet, address, ways, dropped)).silent;
}

/** `dropShown`, and what she reads of it. */
export async function dropByCommand(
  wallet: Wallet,
  address: NetworkAddress,
  ways: InboxWays,
  shown: readonly InboxItem[],
): Promise<readonly string[]> {
  const kept = keptOf(shown, address, ways).length;
  const silent = await dropShown(wallet, address, ways, shown);
  const dropped =
    silent.length === 0 ? 'Dropped: they are not shown again.' : 'Kept where nobody answered.';
  const some = kept === 1 ? '1 notice' : `${kept} notices`;
  return [
    ...(kept === shown.length ? [] : [dropped]),
    ...(kept === 0
      ? []
      : [`Not dropped: ${some} whose receipt is not signed, or that did not open. Keep them.`]),
  ];
}

/** What shows that somebody lied: it is hers to show, and dropped by nobody. */
const keptOf = (
  shown: readonly InboxItem[],
  address: NetworkAddress,
  { nodes }: Pick<InboxWays, 'nodes'>,
): InboxItem[] =>
  shown.filter(
    ({ notice }) =>
      notice === undefined || (notice.kind !== 'account' && !isSigned(notice, address, nodes)),
  );

/** A node drops by these, so that a liar must not give a harmless item the name of another one. */
const namesOf = ({ sources }: InboxItem): string[] => sources.map(({ from, id }) => from + id);

/** One node that is down does not hide what the others have. */
async function askAll(
  wallet: Wallet,
  address: NetworkAddress,
  ways: InboxWays,
  acknowledged: readonly InboxItem[],
): Promise<{ items: InboxItem[]; silent: string[] }> {
  const network = networkOf(wallet, address);
  if (network.relations.length === 0)
    throw new CarelatticeError('NotInRelations', 'she is enrolled at no node of this network');
  const items: InboxItem[] = [];
  const silent: string[] = [];
  for (const { nodeId } of network.relations) {
    const node = ways.nodes.get(nodeId);
    if (node === undefined) {
      silent.push(`${nodeId} is no node of this network any more; what waited there was not seen`);
      continue;
    }
    try {
      items.push(...(await readInbox(wallet, network, [node], ways, acknowledged)));
    } catch (error) {
      if (!(error instanceof CarelatticeError)) throw error;
      silent.push(plainLine(`${shownName(node)} did not answer (${error.code}): ${error.message}`));
    }
  }
  return { items: joinItems(items), silent };
}

function linesOf(
  { notice, sources, at }: InboxItem,
  address: NetworkAddress,
  nodes: ReadonlyMap<Hex, KnownNode>,
): string[] {
  const nameOf = (nodeId: Hex): string => nameIn(nodes, nodeId);
  const from = [...new Set(sources.map((source) => nameOf(source.from)))].join(', ');
  const where = `told by ${from}, waiting at ${at.map(nameOf).join(', ')}`;
  if (notice === undefined)
    return ['', '  Something that does not open with her key', `    ${where}`];
  const [what, ...more] =
    notice.kind === 'account'
      ? [`her account, ${plainLine(notice.matter)}: ${plainLine(notice.text)}`]
      : emergencyLines(notice, address, nodes);
  return [
    '',
    `  ${timeText(notice.at)}  ${what}`,
    ...more.map((one) => `    ${one}`),
    `    ${where}`,
  ];
}

type EmergencyNotice = Exclude<Notice, { kind: 'account' }>;

function emergencyLines(
  notice: EmergencyNotice,
  address: NetworkAddress,
  nodes: ReadonlyMap<Hex, KnownNode>,
): string[] {
  const { kind, requester, clinician, licence, reason, late, receipt } = notice;
  const given =
    kind === 'emergency-share' ? 'a share of the key of her summary' : 'her emergency summary';
  const holder = nameIn(nodes, receipt.holder);
  const proof = isSigned(notice, address, nodes)
    ? `receipt number ${receipt.n}, signed by ${holder}`
    : `THE RECEIPT IS NOT SIGNED by ${holder}: keep this, and tell the consortium`;
  return [
    `emergency: ${holder} gave ${nameIn(nodes, requester)} ${given}`,
    `for ${plainLine(clinician)} (licence ${plainLine(licence)}), who said: ${plainLine(reason)}`,
    `${proof}${late ? '; given while the chain stood still' : ''}`,
  ];
}

/** With one of the keys that this node has had. */
function isSigned(
  { receipt, receiptSignature }: EmergencyNotice,
  network: NetworkAddress,
  nodes: ReadonlyMap<Hex, KnownNode>,
): boolean {
  const node = nodes.get(receipt.holder);
  if (node === undefined) return false;
  const signer = recoverAccount(accessReceiptDigest(network, receipt), receiptSignature);
  return [node, ...node.formerAccounts].some(({ account }) => account === signer);
}
