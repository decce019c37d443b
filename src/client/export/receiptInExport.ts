import { CarelatticeError } from '../../errors.ts';
import type { ShownReceiptFile } from '../../wire/receiptFile.ts';
import { plainLine, shownName } from '../plainLine.ts';
import { heldIn, heldText, requireHers, requireSigned } from '../reading/heldReceipt.ts';
import { type ExportItem, exportItem, itemsOf } from './exportItems.ts';
import { exportSigners } from './exportSigners.ts';
import { itemOfLine, linesOfText } from './exportText.ts';
import { faultText, judgedLog } from './verifyLogs.ts';

/**
 * Holds a receipt that a reader shows against the log of its holder in an export: what an auditor does to whom she gave
 * it, without her keys. The export itself is `verifyExport`'s to check.
 * @throws `NotAnExport`, `NotHerReceipt`, `ReceiptForged`
 */
export function receiptInExport(
  exported: string | readonly string[],
  file: ShownReceiptFile,
): { readonly lines: readonly string[]; readonly ok: boolean } {
  const items = (typeof exported === 'string' ? linesOfText(exported) : exported).map(itemIn);
  const [head] = itemsOf(items, 'head');
  if (head === undefined) throw notAnExport();
  requireHers(head, file);
  const { receipt } = file;
  const log = itemsOf(items, 'log').find(({ holder }) => holder === receipt.holder);
  const holder = itemsOf(items, 'node').find(({ nodeId }) => nodeId === receipt.holder);
  if (log === undefined || holder === undefined) {
    const line = `The export has no log of node ${receipt.holder}, which gave the receipt: ask for one that has.`;
    return { lines: [line], ok: false };
  }
  const accounts = holder.accounts.map(({ account }) => account);
  requireSigned(head, file, accounts, holder);
  const signers = exportSigners(items, { find: () => {}, claim: () => {}, leaveOut: () => {} });
  const verdict = judgedLog(head, log, signers, [file]);
  const { federationId } = head;
  const { openings, anchored } = log;
  const held = heldIn({ federationId, verdict, openings, anchored }, file);
  const faults = verdict.kind === 'ok' ? [] : verdict.faults.map((one) => `  ${faultText(one)}`);
  const reader = plainLine(signers.nameOf(receipt.reader) ?? '') || receipt.reader;
  return {
    lines: [heldText(held, receipt, reader, shownName(holder)), ...faults],
    ok: held === 'stands' && verdict.kind === 'ok',
  };
}

function itemIn(line: string): ExportItem {
  const parsed = exportItem.safeParse(itemOfLine(line));
  if (parsed.success) return parsed.data;
  throw notAnExport();
}

const notAnExport = (): CarelatticeError =>
  new CarelatticeError('NotAnExport', 'this is no export; take the file that export wrote');
