import { type Hex, toHex } from '../hash/bytes.ts';
import { logRootsAt } from '../hash/merkleLog.ts';
import { type ReceiptLeaf, receiptInner, receiptLeaf, receiptTag } from '../wire/receiptLeaf.ts';
import { type AccessReceipt, typedDigest } from '../wire/typedData.ts';

/**
 * What a patient does with the receipt log that a node serves her: she recomputes every root that the node anchored,
 * finds her tags, and compares each opening. A node that changed its log, hides a receipt or gives one number twice
 * leaves evidence; what it never logged, no log can show.
 */

/** One anchor of the node, read from the chain. */
export interface AnchoredLog {
  size: number;
  root: Hex;
  block: number;
}

/** How the node opens one leaf to its patient. */
export interface ReceiptOpening {
  n: number;
  salt: Hex;
  receipt: AccessReceipt;
  signature: Hex;
}

/** A receipt that she has from somewhere else: from the reader who got it. */
export type ShownReceipt = Pick<ReceiptOpening, 'receipt' | 'signature'>;

export interface ServedLog {
  federationId: Hex;
  networkId: Hex;
  /** The node. */
  holder: Hex;
  /** What the patient gave this node alone, 32 bytes. */
  accessKey: Uint8Array;
  /** From place 1 to the newest anchored size; what follows is not anchored yet and proves nothing. */
  leaves: readonly ReceiptLeaf[];
  /** All of them, as the chain has them. */
  anchored: readonly AnchoredLog[];
  openings: readonly ReceiptOpening[];
  shown?: readonly ShownReceipt[];
  /** Whether the node signed this digest with a key that the registry had for it. */
  isSigned(receiptDigest: Uint8Array, signature: Hex): boolean;
}

export type LogFault =
  /** The leaves do not give an anchored root; without `found` they do not even reach its size. */
  | { kind: 'PrefixChanged'; size: number; block: number; root: Hex; found?: Hex }
  /** A number left out, a leaf that the node does not open, or a shown receipt that is not in the log. */
  | { kind: 'ReceiptHidden'; n: number; because: 'gap' | 'notOpened' | 'notLogged' }
  /** Two leaves (`places`) or two signed receipts have one number. */
  | { kind: 'ReceiptTwice'; n: number; places: readonly number[] }
  /** The opening is not what was logged there, or is a receipt of another number, node or network. */
  | { kind: 'OpeningForged'; n: number; place: number }
  | { kind: 'ReceiptNotSigned'; n: number; place: number }
  /** What is told beside the receipt, the request or the records, is not what it was given for. */
  | { kind: 'RequestForged'; n: number; place?: number };

export interface LoggedReceipt extends ReceiptOpening {
  /** From 1. */
  place: number;
}

/** `receipts` holds those that are proven, by number, also beside evidence. */
export type LogVerdict =
  | { kind: 'ok'; receipts: LoggedReceipt[] }
  | { kind: 'evidence'; receipts: LoggedReceipt[]; faults: LogFault[] };

/** Numbers looked for behind the last one found: a node that leaves more out looks as one that logged nothing. */
const LOOK_AHEAD = 1_024;

/** The places, from 1, of each of her numbers, rising. */
function placesOf(log: ServedLog, leaves: readonly ReceiptLeaf[]): Map<number, number[]> {
  const byTag = new Map<Hex, number[]>();
  leaves.forEach(({ tag }, index) => {
    const places = byTag.get(tag);
    if (places === undefined) byTag.set(tag, [index + 1]);
    else places.push(index + 1);
  });
  const found = new Map<number, number[]>();
  let last = 0;
  for (let n = 1; n <= last + LOOK_AHEAD; n++) {
    const places = byTag.get(receiptTag(log.accessKey, n));
    if (places === undefined) continue;
    found.set(n, places);
    last = n;
  }
  return found;
}

function changedPrefixes(log: ServedLog): LogFault[] {
  const sizes = log.anchored.map(({ size }) => size);
  const roots = logRootsAt(log.leaves.map(receiptLeaf), sizes);
  return log.anchored.flatMap(({ size, root, block }, index): LogFault[] => {
    const bytes = roots[index];
    if (bytes === undefined) return [{ kind: 'PrefixChanged', size, block, root }];
    const found = toHex(bytes);
    return found === root ? [] : [{ kind: 'PrefixChanged', size, block, root, found }];
  });
}

const digestOf = (log: ServedLog, receipt: AccessReceipt): Uint8Array =>
  typedDigest('AccessReceipt', log.federationId, receipt);

const isOfNode = (log: ServedLog, receipt: AccessReceipt): boolean =>
  receipt.networkId === log.networkId && receipt.holder === log.holder;

/** Numbers for which the node signed two different receipts, whatever its log shows. */
function signedTwice(log: ServedLog): Set<number> {
  const digests = new Map<bigint, Set<Hex>>();
  for (const { receipt, signature } of [...log.openings, ...(log.shown ?? [])]) {
    const digest = digestOf(log, receipt);
    if (!isOfNode(log, receipt) || !log.isSigned(digest, signature)) continue;
    const known = digests.get(receipt.n) ?? new Set<Hex>();
    digests.set(receipt.n, known.add(toHex(digest)));
  }
  return new Set([...digests].flatMap(([n, all]) => (all.size > 1 ? [Number(n)] : [])));
}

/** What is wrong with the opening of the leaf at `place`, which is hers by number `n`. */
function faultOf(
  log: ServedLog,
  n: number,
  place: number,
  leaf: ReceiptLeaf,
  opening: ReceiptOpening | undefined,
): LogFault | undefined {
  if (opening === undefined) return { kind: 'ReceiptHidden', n, because: 'notOpened' };
  const { receipt, salt, signature } = opening;
  const digest = digestOf(log, receipt);
  if (
    receiptInner(salt, toHex(digest)) !== leaf.inner ||
    receipt.n !== BigInt(n) ||
    !isOfNode(log, receipt)
  ) {
    return { kind: 'OpeningForged', n, place };
  }
  if (!log.isSigned(digest, signature)) return { kind: 'ReceiptNotSigned', n, place };
  return undefined;
}

/**
 * Blocks within which a root that was under way when a receipt was written may come to stand without it. What came
 * later was made later, and has to have it.
 */
const MOST_UNDER_WAY = 256n;

/** Whether no root has come yet that must have this receipt. */
export const mayWait = (
  { blockNumber }: Pick<AccessReceipt, 'blockNumber'>,
  anchored: readonly Pick<AnchoredLog, 'block'>[],
): boolean => !anchored.some(({ block }) => BigInt(block) > blockNumber + MOST_UNDER_WAY);

/** Whether the node shows, behind its newest root, the leaf of exactly this receipt, and may still do so. */
function isWaiting(log: ServedLog, tail: readonly ReceiptLeaf[], receipt: AccessReceipt): boolean {
  const n = Number(receipt.n);
  const tag = receiptTag(log.accessKey, n);
  const opening = log.openings.find((one) => one.n === n);
  if (opening === undefined || !mayWait(receipt, log.anchored)) return false;
  const inner = receiptInner(opening.salt, toHex(digestOf(log, receipt)));
  return tail.some((leaf) => leaf.tag === tag && leaf.inner === inner);
}

/** Shown receipts, signed by the node, whose block has an anchor behind it and that the log does not have. */
function notLogged(log: ServedLog, places: ReadonlyMap<number, unknown>, last: number): LogFault[] {
  const newest = Math.max(0, ...log.anchored.map(({ block }) => block));
  const tail = log.leaves.slice(Math.max(0, ...log.anchored.map(({ size }) => size)));
  return (log.shown ?? []).flatMap(({ receipt, signature }): LogFault[] => {
    const n = Number(receipt.n);
    // Below the last number it is a gap, and told as one.
    if (places.has(n) || n < last || receipt.blockNumber > BigInt(newest)) return [];
    if (!isOfNode(log, receipt) || !log.isSigned(digestOf(log, receipt), signature)) return [];
    if (isWaiting(log, tail, receipt)) return [];
    return [{ kind: 'ReceiptHidden', n, because: 'notLogged' }];
  });
}

/**
 * Judges what a node served. Salts and tags of the wrong length are the reader's to refuse (schemas of the wire).
 * @throws `BadAbi`, `BadHex` for a receipt whose fields fit no type
 */
export function judgeReceiptLog(log: ServedLog): LogVerdict {
  const newest = Math.max(0, ...log.anchored.map(({ size }) => size));
  const leaves = log.leaves.slice(0, newest);
  const places = placesOf(log, leaves);
  const last = Math.max(0, ...places.keys());
  const twice = signedTwice(log);
  const openings = new Map(log.openings.map((opening) => [opening.n, opening]));
  const faults = [...changedPrefixes(log), ...notLogged(log, places, last)];
  const receipts: LoggedReceipt[] = [];
  for (let n = 1; n <= last; n++) {
    const [place, ...more] = places.get(n) ?? [];
    if (twice.has(n) || more.length > 0) {
      faults.push({ kind: 'ReceiptTwice', n, places: places.get(n) ?? [] });
      twice.delete(n);
    }
    if (place === undefined) {
      faults.push({ kind: 'ReceiptHidden', n, because: 'gap' });
      continue;
    }
    const leaf = leaves[place - 1] as ReceiptLeaf; // a place among these leaves
    const opening = openings.get(n);
    const fault = faultOf(log, n, place, leaf, opening);
    if (fault !== undefined) faults.push(fault);
    else if (opening !== undefined) receipts.push({ ...opening, place });
  }
  for (const n of twice) faults.push({ kind: 'ReceiptTwice', n, places: [] });
  return faults.length === 0 ? { kind: 'ok', receipts } : { kind: 'evidence', receipts, faults };
}
