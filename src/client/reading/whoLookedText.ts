import type { LogFault } from '../../domain/receiptLog.ts';
import { CarelatticeError } from '../../errors.ts';
import { wordOfPurpose } from '../../domain/consentStatement.ts';
import type { ReceiptOpening } from '../../wire/readMessages.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import type { Hex } from '../../hash/bytes.ts';
import { nameIn, plainLine, shownName } from '../plainLine.ts';
import { type NetworkAddress, networkOf, type Wallet } from '../wallet/wallet.ts';
import type { ShownReceiptFile } from '../../wire/receiptFile.ts';
import { heldIn, heldText, requireHers, requireSigned } from './heldReceipt.ts';
import { accountsOf } from './openingFaults.ts';
import {
  type LogReader,
  logHoldersOf,
  type NodeLog,
  signedReceipt,
  whoLooked,
} from './whoLooked.ts';

/** Who looked, as a patient reads it. */

export interface LookedAt {
  readonly lines: readonly string[];
  /** No log has a fault, and every node answered. */
  readonly ok: boolean;
}

/**
 * Holds a receipt that a reader showed her against the log of the node that signed it.
 * @throws `NotHerReceipt`, `NodeUnknown`, `ReceiptForged`, and as `whoLooked`
 */
export async function holdReceipt(
  wallet: Wallet,
  address: NetworkAddress,
  reader: LogReader,
  file: ShownReceiptFile,
): Promise<LookedAt> {
  const network = networkOf(wallet, address);
  requireHers(network, file);
  const { receipt, signature } = file;
  const node = reader.nodes.get(receipt.holder);
  if (node === undefined)
    throw new CarelatticeError('NodeUnknown', 'the receipt names no node of this network', {
      facts: { holder: receipt.holder },
    });
  requireSigned(network, file, accountsOf(node), node);
  const { networkId: _, chainId: __, ...fields } = receipt;
  const wire = { ...fields, n: Number(fields.n), blockNumber: Number(fields.blockNumber) };
  const log = await whoLooked(wallet, network, node, reader, [{ receipt: wire, signature }]);
  const openings = log.openings.map((one) => ({ receipt: signedReceipt(network, one.receipt) }));
  const { federationId } = network;
  const { verdict } = log;
  const anchored = reader.anchoredBy(node.nodeId);
  const held = heldIn({ federationId, verdict, openings, anchored }, file);
  const who = nameIn(reader.nodes, receipt.reader);
  return {
    lines: [heldText(held, receipt, who, shownName(node)), ...linesOf(log, reader.nodes)],
    ok: held === 'stands' && verdict.kind === 'ok',
  };
}

/** Asks every node that may have receipts of hers. @throws `NotInRelations` when she is known nowhere */
export async function whoLookedEverywhere(
  wallet: Wallet,
  address: NetworkAddress,
  reader: LogReader,
): Promise<LookedAt> {
  const network = networkOf(wallet, address);
  const holders = logHoldersOf(network);
  if (holders.length === 0)
    throw new CarelatticeError('NotInRelations', 'she is enrolled at no node of this network');
  const lines: string[] = [];
  let ok = true;
  for (const nodeId of holders) {
    const node = reader.nodes.get(nodeId);
    if (node === undefined) {
      ok = false;
      lines.push(`${nodeId} is no node of this network; its log was not seen`);
      continue;
    }
    try {
      const log = await whoLooked(wallet, network, node, reader);
      ok &&= log.verdict.kind === 'ok';
      lines.push(...linesOf(log, reader.nodes));
    } catch (error) {
      if (!(error instanceof CarelatticeError)) throw error;
      ok = false;
      lines.push(
        plainLine(`${shownName(node)} did not show its log (${error.code}): ${error.message}`),
      );
    }
  }
  return { lines, ok };
}

function linesOf(
  { node, verdict, openings }: NodeLog,
  nodes: ReadonlyMap<Hex, KnownNode>,
): string[] {
  const { receipts } = verdict;
  const head =
    verdict.kind === 'ok'
      ? `${shownName(node)}: the log gives every root on the chain, and no number is missing.`
      : `${shownName(node)}: THE LOG HAS FAULTS. Keep this; it is evidence.`;
  const faults =
    verdict.kind === 'ok' ? [] : verdict.faults.map((fault) => `  ${faultText(fault)}`);
  const looks = openings.map((opening) => {
    const isProven = receipts.some(({ n }) => n === opening.n);
    return `  ${lookText(opening, node, nodes)}${isProven ? '' : ' (not on the chain yet)'}`;
  });
  return [head, ...faults, ...(looks.length === 0 ? ['  Nobody looked.'] : looks)];
}

/** One look in a sentence: number, who, why, how many records. */
export function lookText(
  { n, request, anchors, released }: ReceiptOpening,
  node: KnownNode,
  nodes: ReadonlyMap<Hex, KnownNode>,
): string {
  const reader = nodes.get(request.reader);
  const who =
    request.reader === node.nodeId
      ? `${shownName(node)} itself`
      : reader === undefined
        ? 'somebody who is no reader any more'
        : shownName(reader);
  const records =
    anchors.length === 0
      ? 'a share of the emergency key'
      : anchors.length === 1
        ? '1 record'
        : `${anchors.length} records`;
  const outcome = released ? '' : ', no key was handed over';
  return plainLine(`${n}. ${who}, ${wordOfPurpose(request.purpose)}, ${records}${outcome}`);
}

function faultText(fault: LogFault): string {
  switch (fault.kind) {
    case 'PrefixChanged':
      return `the log was changed after block ${fault.block}, where its first ${fault.size} receipts were anchored`;
    case 'ReceiptHidden':
      return `receipt ${fault.n} is hidden (${HIDDEN[fault.because]})`;
    case 'ReceiptTwice':
      return `two receipts have the number ${fault.n}`;
    case 'OpeningForged':
      return `what was shown for receipt ${fault.n} is not what was logged`;
    case 'ReceiptNotSigned':
      return `receipt ${fault.n} is not signed by the node`;
    case 'RequestForged':
      return `what was told of receipt ${fault.n}, who asked, why and for which records, is not what was signed`;
  }
}

const HIDDEN = {
  gap: 'a later number is in the log, this one is not',
  notOpened: 'it is in the log, and the node does not open it',
  notLogged: 'a reader has it, and the log does not',
} as const;
