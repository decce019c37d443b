import type { Inclusion, StoredTransaction } from '../../chain/transactionTable.ts';
import { toHex } from '../../hash/bytes.ts';
import type { Components } from '../components.ts';
import { post } from '../post.ts';

/**
 * This node's receipt log goes to the chain as size and root. All receipts of a busy moment share one transaction: the
 * next one is sent when the last is in a block.
 */
export async function anchorReceipts(c: Components): Promise<number> {
  let done = 0;
  const pending = c.receipts
    .pendingAnchors()
    .map((anchor) => ({ ...anchor, row: c.sender.receiptOf(anchor.task) }));
  const newest = pending.findLast(({ row }) => isFinal(row));
  for (const { size, root, task, row } of pending) {
    // A longer log that stands on the chain covers a shorter one, which the ledger would refuse now.
    if (newest?.row?.inclusion !== undefined && size < newest.size) {
      c.receipts.setAnchored(size, newest.row.inclusion.block);
      done += 1;
      continue;
    }
    if (row?.state === 'final' && row.inclusion !== undefined) {
      c.receipts.setAnchored(size, row.inclusion.block);
      done += 1;
    } else if (row === undefined) {
      await send(c, size, root, task); // stopped between journal and sending
    } else if (row.state === 'reverted' || row.state === 'refused') {
      c.holding.addAlarm('receiptsNotAnchored', size, row.reason ?? 'refused', c.self.nodeId);
      // Under another name it is another transaction.
      c.receipts.renameTask(size, `${task}+`);
    }
    if (row?.inclusion === undefined) return done;
  }
  const head = c.receipts.head();
  if (head.size === (c.receipts.lastAnchor()?.size ?? 0)) return done;
  const anchor = { size: head.size, root: toHex(head.root), task: `receipts ${head.size}` };
  c.receipts.addAnchor(anchor);
  await c.reached('reading: anchor noted');
  await send(c, anchor.size, anchor.root, anchor.task);
  return done + 1;
}

const isFinal = (row: StoredTransaction | undefined): boolean =>
  row?.state === 'final' && row.inclusion?.hasSucceeded === true;

async function send(c: Components, size: number, root: string, task: string): Promise<void> {
  const { ledger } = c.contracts;
  const posted = await post(c, task, ledger.address, ledger.encode('anchor', [size, root]));
  if (posted === 'later')
    c.holding.addAlarm('receiptsNotAnchored', size, 'the ledger refuses it', c.self.nodeId);
}

/** The block that has the receipt at this place; undefined while it is on its way, or after a reorganisation again. */
export function inclusionOf(c: Components, place: number): Inclusion | undefined {
  const covering = c.receipts.anchorsCovering(place);
  for (const { task } of covering) {
    const row = c.sender.receiptOf(task);
    // One that was given up has an empty transaction in its place, which succeeds.
    const isTaken = row?.state === 'included' || row?.state === 'final';
    if (isTaken && row.inclusion?.hasSucceeded === true) return row.inclusion;
  }
  return undefined;
}

/** Whether the chain covers the receipt at this place as it is now. */
export async function isAnchored(c: Components, place: number): Promise<boolean> {
  const [size] = await c.contracts.ledger.call('anchoredOf', [c.self.nodeId], 'latest');
  return Number(size) >= place;
}
