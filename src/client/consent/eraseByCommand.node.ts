import { CarelatticeError } from '../../errors.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import type { ConsentDesk } from './consentDesk.node.ts';
import { eraseRecords, holdersOf, openErasures, retryErasures } from './eraseRecords.ts';
import { ownHistories, ownList } from '../reading/ownRecords.ts';
import { nameIn, shownName } from '../plainLine.ts';
import { timeText } from '../timeText.ts';
import { handleIn, type WalletErasure, type WalletNetwork } from '../wallet/wallet.ts';

/** What `erase` does: shows what there is of hers, has it erased, and says who has confirmed it and who has not. */

/** What erasing needs of a desk. */
export interface ErasingDesk extends Pick<ConsentDesk, 'wallet' | 'manifest' | 'save'> {
  readonly ways: Pick<ConsentDesk['ways'], 'transport' | 'nodes' | 'now' | 'random'> & {
    readonly categories: readonly string[];
  };
}

/** A record of hers, wherever it is. */
interface KnownRecord {
  readonly recordId: Hex;
  readonly anchor: Hex;
  readonly category: string;
  /** Names of nodes that hold it, or wait for it. */
  readonly at: string[];
}

interface Found {
  readonly records: ReadonlyMap<Hex, KnownRecord>;
  /** Nodes that did not tell, with the code of the error. */
  readonly silent: readonly string[];
}

/** Lines to print, and whether every holder has confirmed. */
export interface Erased {
  readonly lines: readonly string[];
  readonly isDone: boolean;
}

const NOTHING = 'There is no record of hers to erase.';

/** Her records that are not erased, a line each. @throws `NotInRelations` */
export async function erasableLines(desk: ErasingDesk): Promise<string[]> {
  const { records, silent } = await findRecords(desk);
  const asked = askedBefore(ownPart(desk));
  const lines = [...records.values()]
    .filter(({ anchor, at }) => !asked.has(anchor) && at.length > 0)
    .map(({ recordId, category, at }) => `${recordId}  ${category}, at ${at.join(' and ')}`);
  return [...(lines.length === 0 ? [NOTHING] : lines), ...told(silent)];
}

/**
 * Has records erased at every node that was ever given them.
 * @param wanted ids of records, or `all`
 * @throws `BadHex`, `RecordUnknown`, `RecordErased` when she asked before, `NotInRelations`
 */
export async function eraseByCommand(
  desk: ErasingDesk,
  wanted: readonly string[] | 'all',
): Promise<Erased> {
  const network = ownPart(desk);
  const { records, silent } = await findRecords(desk);
  const asked = askedBefore(network);
  const chosen =
    wanted === 'all'
      ? [...records.values()].filter(({ anchor }) => !asked.has(anchor))
      : wanted.map((text) => chosenOf(text, records, asked, silent));
  if (chosen.length === 0)
    return { lines: [NOTHING, ...told(silent)], isDone: silent.length === 0 };
  const anchors = chosen.map(({ anchor }) => anchor);
  const erasures = await eraseRecords(desk.wallet, network, desk.ways, anchors).finally(desk.save);
  const { lines, isDone } = outcomeOf(desk, erasures);
  // What a silent node alone has is not among all that were found.
  const isAll = wanted !== 'all' || silent.length === 0;
  return { lines: [...lines, ...(isAll ? [] : told(silent))], isDone: isDone && isAll };
}

/** Asks those again who have not confirmed. @throws `NotInRelations` */
export async function retryByCommand(desk: ErasingDesk): Promise<Erased> {
  const network = ownPart(desk);
  const open = openErasures(network);
  if (open.length === 0)
    return { lines: ['Every holder has confirmed what she had erased.'], isDone: true };
  await retryErasures(desk.wallet, network, desk.ways).finally(desk.save);
  return outcomeOf(desk, open);
}

function ownPart({ wallet, manifest }: ErasingDesk): WalletNetwork {
  const network = wallet.networks[manifest.networkId];
  if (network !== undefined && holdersOf(network).length > 0) return network;
  throw new CarelatticeError('NotInRelations', 'she is enrolled at no node of this network');
}

const askedBefore = ({ erasures = [] }: WalletNetwork): Set<Hex> =>
  new Set(erasures.flatMap(({ anchors }) => anchors));

function chosenOf(
  text: string,
  records: Found['records'],
  asked: ReadonlySet<Hex>,
  silent: Found['silent'],
): KnownRecord {
  const record = toHex(fromHex(text, 16));
  const found = records.get(record);
  if (found === undefined) {
    throw new CarelatticeError(
      'RecordUnknown',
      'none of her nodes knows this record; `erase` without options lists those that there are',
      { facts: { record, ...(silent.length > 0 && { silent }) } },
    );
  }
  if (asked.has(found.anchor)) {
    throw new CarelatticeError(
      'RecordErased',
      'she had this record erased before; --retry asks the nodes again that have not confirmed it',
      { facts: { record } },
    );
  }
  return found;
}

/** Asks every holder what it has. */
async function findRecords(desk: ErasingDesk): Promise<Found> {
  const { wallet, ways } = desk;
  const network = ownPart(desk);
  const categoryOf = (handle: Hex): string =>
    ways.categories.find((one) => handleIn(wallet, network, one) === handle) ?? 'of no known kind';
  const records = new Map<Hex, KnownRecord>();
  const add = (
    one: { recordId: Hex; anchor: Hex; handle: Hex },
    ...at: readonly string[]
  ): void => {
    const { recordId, anchor } = one;
    const known = records.get(recordId) ?? {
      recordId,
      anchor,
      category: categoryOf(one.handle),
      at: [],
    };
    known.at.push(...at);
    records.set(recordId, known);
  };
  const silent: string[] = [];
  for (const nodeId of holdersOf(network)) {
    const node = ways.nodes.get(nodeId);
    try {
      if (node === undefined)
        throw new CarelatticeError('NodeUnknown', 'the node is not in the registry');
      for await (const page of ownList(wallet, network, node, ways))
        for (const one of page) add(one, shownName(node));
      const { absent } = await ownHistories(wallet, network, node, ways);
      for (const one of absent)
        add(one, ...(one.state === 'due' ? [`${shownName(node)} soon`] : []));
    } catch (error) {
      if (!(error instanceof CarelatticeError)) throw error;
      silent.push(`${nameIn(ways.nodes, nodeId)} (${error.code})`);
    }
  }
  return { records, silent };
}

const told = (silent: readonly string[]): string[] =>
  silent.map((one) => `${one} did not say what it holds; it may have more.`);

function outcomeOf({ ways: { nodes } }: ErasingDesk, erasures: readonly WalletErasure[]): Erased {
  const named = (nodeId: Hex): string => nameIn(nodes, nodeId);
  const lines = erasures.flatMap(({ anchors, receipts, waiting }) => {
    const what = anchors.length === 1 ? '1 record' : `${anchors.length} records`;
    return [
      ...receipts.map(
        ({ nodeId, erasedAt }) =>
          `${named(nodeId)} has destroyed ${what} of hers and signed a receipt for it, ${timeText(erasedAt)}.`,
      ),
      ...waiting.map(
        ({ nodeId, reason }) =>
          `${named(nodeId)} HAS NOT CONFIRMED the end of ${what} (${reason}).`,
      ),
    ];
  });
  const isDone = erasures.every(({ waiting }) => waiting.length === 0);
  const next = isDone
    ? 'It is gone there for good. Whoever was handed a copy before may have it still.'
    : 'Ask again: npm run erase -- --retry';
  return { lines: [...lines, next], isDone };
}
