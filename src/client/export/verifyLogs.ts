import {
  judgeReceiptLog,
  type LoggedReceipt,
  type LogFault,
  type LogVerdict,
  type ShownReceipt,
} from '../../domain/receiptLog.ts';
import { fromHex, toHex, type Hex } from '../../hash/bytes.ts';
import { merkleRoot } from '../../hash/merkleTree.ts';
import { typedDigest } from '../../wire/typedData.ts';
import type { ExportHead, ExportItem, ItemOf } from './exportItems.ts';
import { itemsOf } from './exportItems.ts';
import type { Signers } from './exportSigners.ts';
import { at, type Notes } from './findings.ts';

type ExportedLog = ItemOf<'log'>;
type Opening = ExportedLog['openings'][number];

/** What the log of a node proves. @param shown receipts from elsewhere: the log has to have them too */
export function judgedLog(
  { federationId, networkId }: ExportHead,
  log: ExportedLog,
  signers: Pick<Signers, 'isSigned'>,
  shown: readonly ShownReceipt[] = [],
): LogVerdict {
  return judgeReceiptLog({
    federationId,
    networkId,
    holder: log.holder,
    accessKey: fromHex(log.accessKey, 32),
    leaves: log.leaves.map(leafOf),
    anchored: log.anchored,
    openings: log.openings,
    shown,
    isSigned: (digest, signature) => signers.isSigned(log.holder, digest, signature),
  });
}

const leafOf = (bytes: Hex) => ({
  tag: `0x${bytes.slice(2, 34)}` as const,
  inner: `0x${bytes.slice(34)}` as const,
});

/** Each log against the roots its node anchored, and each of her receipts against its request and records. */
export function verifyLogs(
  head: ExportHead,
  items: readonly ExportItem[],
  signers: Signers,
  notes: Notes,
): void {
  for (const log of itemsOf(items, 'log')) {
    const verdict = judgedLog(head, log, signers);
    const place = at('log of node', log.holder);
    if (verdict.kind === 'evidence') {
      for (const fault of verdict.faults) notes.find('LogMismatch', place, faultText(fault));
    }
    for (const anchored of log.anchored) {
      notes.claim({ kind: 'anchored', holder: log.holder, ...anchored });
    }
    for (const opening of log.openings) verifyOpening(head, log, opening, verdict, signers, notes);
  }
}

function verifyOpening(
  head: ExportHead,
  log: ExportedLog,
  opening: Opening,
  { receipts }: LogVerdict,
  signers: Signers,
  notes: Notes,
): void {
  const { n, receipt, request, anchors, time } = opening;
  const place = `${at('log of node', log.holder)}, receipt ${n}`;
  const digest = typedDigest('AccessReceipt', head.federationId, receipt);
  if (!isProven(receipts, opening)) {
    notes.leaveOut(
      `${place}: under no anchored root here: not yet anchored, or left out of the log`,
    );
    signers.check({ nodeId: log.holder, digest, signature: opening.signature, at: place });
    if (receipt.n !== BigInt(n)) notes.find('ReceiptMismatch', place, 'it has another number');
  }
  const root = toHex(merkleRoot(anchors.map((anchor) => fromHex(anchor))));
  if (root !== receipt.recordListRoot) {
    notes.find('ReceiptMismatch', place, 'it was given for other records');
  }
  notes.claim({
    kind: 'block',
    number: Number(receipt.blockNumber),
    hash: receipt.blockHash,
    time,
  });
  if (request === undefined) {
    notes.leaveOut(`${place}: the request, with its purpose, is not in the export`);
    return;
  }
  const { message, signature } = request;
  const requestDigest = typedDigest('ReadRequest', head.federationId, message);
  if (toHex(requestDigest) !== receipt.requestDigest) {
    notes.find('ReceiptMismatch', place, 'it answers another request');
  }
  signers.check({ nodeId: message.reader, digest: requestDigest, signature, at: place });
}

/** Whether this very opening is one that the log proves. */
export const isProven = (receipts: readonly LoggedReceipt[], { n, salt }: Opening): boolean =>
  receipts.some((one) => one.n === n && one.salt === salt);

export function faultText(fault: LogFault): string {
  switch (fault.kind) {
    case 'PrefixChanged':
      return `its leaves do not give the root anchored for size ${fault.size} in block ${fault.block}`;
    case 'ReceiptHidden':
      return `receipt ${fault.n} is hidden (${fault.because})`;
    case 'ReceiptTwice':
      return `number ${fault.n} was given to two receipts`;
    case 'OpeningForged':
      return `what is shown as receipt ${fault.n} is not what was logged at place ${fault.place}`;
    case 'ReceiptNotSigned':
      return `receipt ${fault.n} is not signed by the node`;
    case 'RequestForged':
      return `what is told of receipt ${fault.n} is not what was signed`;
  }
}
