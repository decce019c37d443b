import { CarelatticeError } from '../../errors.ts';
import { plainLine } from '../plainLine.ts';
import { lineOf, digestOfLines, itemOfLine, linesOfText } from './exportText.ts';
import { exportItem, itemsOf, type ExportHead, type ExportItem } from './exportItems.ts';
import { exportSigners } from './exportSigners.ts';
import { exportViews } from './exportViews.ts';
import { at, type ChainClaim, type Finding, type Notes, type Verification } from './findings.ts';
import { verifyConsents } from './verifyConsents.ts';
import { verifyLogs } from './verifyLogs.ts';
import { verifyRecords } from './verifyRecords.ts';

/**
 * Checks an export without any network: every digest, signature, Merkle path, statement, version and history, and that
 * its FHIR says what the signed data says. Never throws for what is in it. What only a chain can say (that roots, keys
 * and status stand there) is named in `claims`, what was not checked at all in `unchecked`.
 */
export function verifyExport(exported: string | readonly string[]): Verification {
  const noted = notebook();
  const lines = linesIn(exported, noted);
  const items = lines === undefined ? undefined : itemsIn(lines, noted);
  const [head] = items ?? [];
  if (items === undefined || head?.kind !== 'head') return noted.verification(items ?? []);
  verifyEnd(items, lines ?? [], noted);
  const { block, patientId, accounts } = head;
  noted.claim({ kind: 'block', ...block });
  const [account, ...earlier] = accounts;
  if (account !== undefined) noted.claim({ kind: 'authority', patientId, account });
  for (const one of earlier) {
    noted.leaveOut(`account ${one}: that it signed for her before is her word alone`);
  }
  const signers = exportSigners(items, noted);
  verifyRecords(head, items, signers, noted);
  verifyConsents(head, items, noted);
  verifyLogs(head, items, signers, noted);
  for (const { name, nodeId, lacks, why } of itemsOf(items, 'silent')) {
    const what = lacks === 'log' ? 'its receipt log' : 'her records there';
    noted.leaveOut(
      `${at('node', nodeId)} (${name ?? 'unknown'}): ${what} could not be had, ${why}`,
    );
  }
  verifyViews(head, items, signers, noted);
  return noted.verification(items);
}

function linesIn(
  exported: string | readonly string[],
  notes: Notes,
): readonly string[] | undefined {
  if (typeof exported !== 'string') return exported;
  try {
    return linesOfText(exported);
  } catch (error) {
    if (!(error instanceof CarelatticeError)) throw error;
    notes.find('NotAnExport', 'file', error.message);
    return undefined;
  }
}

/** Kinds in the order in which they stand. */
const ORDER: readonly ExportItem['kind'][][] = [
  ['head'],
  ['node'],
  ['record', 'absent'],
  ['history'],
  ['consent'],
  ['log'],
  ['silent'],
  ['view'],
  ['end'],
];

function itemsIn(lines: readonly string[], notes: Notes): ExportItem[] | undefined {
  const items: ExportItem[] = [];
  let rank = 0;
  for (const [index, line] of lines.entries()) {
    const value = itemOfLine(line);
    const place = `line ${index + 1}`;
    if (value === undefined) {
      notes.find('NotAnExport', place, 'it is not written as an export is');
      return undefined;
    }
    const parsed = exportItem.safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      notes.find('NotAnExport', place, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
      return undefined;
    }
    const own = ORDER.findIndex((kinds) => kinds.includes(parsed.data.kind));
    const isRepeated = own === rank && (own === 0 || own === ORDER.length - 1);
    if (own < rank || (isRepeated && index > 0) || (index === 0 && own !== 0)) {
      notes.find('NotAnExport', place, 'it stands at the wrong place');
      return undefined;
    }
    rank = own;
    items.push(parsed.data);
  }
  return items;
}

/** The last line closes the file over all lines before it. */
function verifyEnd(items: readonly ExportItem[], lines: readonly string[], notes: Notes): void {
  const last = items.at(-1);
  if (last?.kind !== 'end') {
    notes.find('NotAnExport', 'last line', 'the export is cut off');
    return;
  }
  const before = lines.slice(0, -1);
  if (last.items !== before.length || last.digest !== digestOfLines(before)) {
    notes.find('DigestMismatch', 'last line', 'lines were changed after the export was written');
  }
}

function verifyViews(
  head: ExportHead,
  items: readonly ExportItem[],
  signers: ReturnType<typeof exportSigners>,
  notes: Notes,
): void {
  const here = itemsOf(items, 'view').map(({ resource }) => lineOf(resource));
  const made = exportViews(head, items, signers).map(lineOf);
  if (here.length !== made.length) {
    notes.find(
      'ViewMismatch',
      'views',
      `there are ${here.length}, the signed data gives ${made.length}`,
    );
  }
  for (const [index, text] of made.entries()) {
    if (here[index] !== undefined && here[index] !== text) {
      notes.find('ViewMismatch', `view ${index + 1}`, 'it does not say what the signed data says');
    }
  }
}

const placeOf = ([head]: readonly ExportItem[]): Pick<Verification, 'place'> => {
  if (head?.kind !== 'head') return {};
  const { networkId, chainId, contracts } = head;
  return { place: { networkId, chainId, contracts } };
};

function notebook(): Notes & { verification(items: readonly ExportItem[]): Verification } {
  const findings: Finding[] = [];
  const claims = new Map<string, ChainClaim>();
  const unchecked: string[] = [];
  return {
    // What they quote may be anybody's.
    find: (code, at, text) => void findings.push({ code, at, text: plainLine(text) }),
    claim: (claim) =>
      void claims.set(
        JSON.stringify(claim, (_, value: unknown) =>
          typeof value === 'bigint' ? value.toString() : value,
        ),
        claim,
      ),
    leaveOut: (text) => void unchecked.push(plainLine(text)),
    verification: (items) => ({
      ok: findings.length === 0,
      ...placeOf(items),
      findings,
      checked: {
        records: itemsOf(items, 'record').length,
        consents: itemsOf(items, 'consent').length,
        receipts: itemsOf(items, 'log').reduce((sum, log) => sum + log.openings.length, 0),
        views: itemsOf(items, 'view').length,
      },
      claims: [...claims.values()],
      unchecked,
    }),
  };
}
