import type { Language } from '../../fhir/views/narrative.ts';
import { accountIn, type KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import { parseExact, stringifyExact } from '../../fhir/exactJson.ts';
import { equalBytes, toHex, utf8, type Hex } from '../../hash/bytes.ts';
import type { ShownConsent, ShownGuardianship } from '../../wire/consent.ts';
import { jsonOf } from '../../wire/typedDataJson.ts';
import type {
  AccessReceipt,
  EraseRecords,
  ReadRequest,
  RecordMessage,
} from '../../wire/typedData.ts';
import {
  EXPORT_FORMAT,
  EXPORT_VERSION,
  exportItem,
  itemsOf,
  type ExportHead,
  type ExportItem,
} from './exportItems.ts';
import { exportSigners } from './exportSigners.ts';
import { digestOfLines, lineOf, textOfLines, type ExportForm } from './exportText.ts';
import { exportViews } from './exportViews.ts';

export { verifyExport } from './verifyExport.ts';
export type { ChainClaim, Finding, FindingCode, Verification } from './findings.ts';

/** A record that was opened, with what proves it. */
export interface ProvenRecord {
  readonly handle: Hex;
  readonly anchor: Hex;
  readonly recordSalt: Hex;
  /** 32 bytes, of this record alone. */
  readonly recordKey: Uint8Array;
  /** The clear header, 137 bytes. */
  readonly header: Uint8Array;
  readonly message: RecordMessage;
  readonly signature: Hex;
  readonly body: Uint8Array;
  /** Storage request that brought it. */
  readonly request?: number;
  readonly batch?: {
    readonly batchRoot: Hex;
    readonly keyEpoch: number;
    readonly signature: Hex;
    readonly path: readonly Hex[];
  };
}

/** A record of her history that is not in the export. */
export interface AbsentRecord {
  readonly handle: Hex;
  readonly anchor: Hex;
  readonly recordId: Hex;
  readonly why: 'erased' | 'not opened';
  readonly erasure?: { readonly message: EraseRecords; readonly signature: Hex };
}

export interface SignedConsent {
  readonly consent: ShownConsent;
  readonly signer: Hex;
  readonly signature: Hex;
  /** Whether `signer` is a contract wallet. Default false. */
  readonly isContract?: boolean;
  readonly guardianship?: { readonly message: ShownGuardianship; readonly signature: Hex };
  /** Unix seconds, 0 when never granted. */
  readonly status: { readonly state: number; readonly grantedAt: number };
}

export interface ServedLogOf {
  readonly holder: Hex;
  readonly accessKey: Uint8Array;
  readonly anchored: readonly {
    readonly size: number;
    readonly root: Hex;
    readonly block: number;
  }[];
  /** tag (16 bytes) ‖ inner hash (32 bytes) each. */
  readonly leaves: readonly Hex[];
  readonly openings: readonly {
    readonly n: number;
    readonly salt: Hex;
    readonly receipt: AccessReceipt;
    readonly signature: Hex;
    readonly request?: { readonly message: ReadRequest; readonly signature: Hex };
    readonly released: boolean;
    readonly anchors: readonly Hex[];
    /** Unix seconds of the receipt's block. */
    readonly time: number;
  }[];
}

/** A node that did not give what it may have of hers. */
export interface SilentNode {
  readonly nodeId: Hex;
  /** Missing when the network has no such node. */
  readonly name?: string;
  readonly lacks: 'records' | 'log';
  /** Code of the error. */
  readonly why: string;
}

/** All that an export is made of. */
export interface ExportSources {
  readonly language: Language;
  readonly federationId: Hex;
  readonly networkId: Hex;
  readonly chainId: number;
  readonly contracts: ExportHead['contracts'];
  /** Newest final block. */
  readonly block: { readonly number: number; readonly hash: Hex; readonly time: number };
  readonly patientId: Hex;
  /** Her authority, then accounts that signed for her before. */
  readonly accounts: readonly Hex[];
  /** Those that signed anything here; others may be among them. */
  readonly nodes: readonly KnownNode[];
  /** Of each handle in sealed order. */
  readonly records: readonly (ProvenRecord | AbsentRecord)[];
  readonly histories: readonly {
    readonly holder: Hex;
    readonly handle: Hex;
    readonly count: number;
    readonly historyHead: Hex;
  }[];
  readonly consents: readonly SignedConsent[];
  readonly logs: readonly ServedLogOf[];
  /** What was asked for in vain. */
  readonly silent?: readonly SilentNode[];
}

/**
 * The whole record of a patient as lines of an export, FHIR views and closing digest included.
 * @throws `ExportSourceWrong` when a source does not have its form
 */
export function exportRecord(sources: ExportSources): string[] {
  const raw = [
    headOf(sources),
    ...nodesOf(sources),
    ...recordsOf(sources),
    ...sources.histories.map((history) => ({ kind: 'history', ...history })),
    ...sources.consents.map(consentItem),
    ...sources.logs.map(logItem),
    ...(sources.silent ?? []).map((node) => ({ kind: 'silent', ...node })),
  ];
  // Through the text, so that views are made of what whoever verifies will read.
  const lines = raw.map(lineOf);
  const items = lines.map(readBack);
  const [head] = itemsOf(items, 'head');
  if (head === undefined) throw wrongSource('head', 'is missing');
  const names = exportSigners(items, { find: () => {}, claim: () => {}, leaveOut: () => {} });
  const views = exportViews(head, items, names).map((resource) =>
    lineOf({ kind: 'view', resource }),
  );
  const all = [...lines, ...views];
  return [...all, lineOf({ kind: 'end', items: all.length, digest: digestOfLines(all) })];
}

/** The export as one text; a large one is better written line by line with `textOfLines`. */
export const exportText = (lines: readonly string[], form: ExportForm = 'json'): string =>
  [...textOfLines(lines, form)].join('');

const wrongSource = (place: string, problem: string): CarelatticeError =>
  new CarelatticeError('ExportSourceWrong', 'what was gathered for the export has a wrong form', {
    facts: { place, problem },
  });

function readBack(line: string): ExportItem {
  const parsed = exportItem.safeParse(parseExact(line));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw wrongSource(issue?.path.join('.') ?? '', issue?.message ?? '');
}

const headOf = (sources: ExportSources) => ({
  kind: 'head',
  format: EXPORT_FORMAT,
  version: EXPORT_VERSION,
  language: sources.language,
  federationId: sources.federationId,
  networkId: sources.networkId,
  chainId: sources.chainId,
  contracts: sources.contracts,
  block: sources.block,
  patientId: sources.patientId,
  accounts: sources.accounts,
});

/** The nodes that signed something, with every key they had. */
function nodesOf({ nodes, records, logs }: ExportSources) {
  const named = new Set<Hex>([
    ...records.flatMap((one) => ('message' in one ? one.message.author : [])),
    ...logs.flatMap(({ holder, openings }) => [
      holder,
      ...openings.map(({ receipt }) => receipt.reader),
    ]),
  ]);
  return nodes
    .filter(({ nodeId }) => named.has(nodeId))
    .map((node) => ({
      kind: 'node',
      nodeId: node.nodeId,
      name: node.name,
      accounts: Array.from({ length: node.keyEpoch + 1 }, (_, keyEpoch) => ({
        keyEpoch,
        account: accountIn(node, keyEpoch),
      })).filter(({ account }) => account !== undefined),
    }));
}

function recordsOf({ records }: ExportSources) {
  const byHandle = Map.groupBy(records, ({ handle }) => handle);
  return [...byHandle.values()].flatMap((own) =>
    own.map((one, index) => ('message' in one ? recordItem(one, index) : absentItem(one, index))),
  );
}

function recordItem(record: ProvenRecord, index: number) {
  const { handle, anchor, recordSalt, message, signature, request, batch, body } = record;
  return {
    kind: 'record',
    handle,
    place: index + 1,
    anchor,
    recordSalt,
    recordKey: toHex(record.recordKey),
    header: toHex(record.header),
    message: jsonOf(message),
    signature,
    ...(request === undefined ? {} : { request }),
    ...(batch === undefined ? {} : { batch }),
    ...bodyForm(body),
  };
}

/** As JSON where that gives the same bytes again, so that people and programs can read it; else as text or hex. */
function bodyForm(body: Uint8Array): object {
  const text = new TextDecoder().decode(body);
  if (!equalBytes(utf8(text), body)) return { bytes: toHex(body) };
  try {
    const bundle = parseExact(text);
    return stringifyExact(bundle) === text ? { bundle } : { text };
  } catch {
    return { text }; // no JSON: a document
  }
}

function absentItem({ erasure, ...absent }: AbsentRecord, index: number) {
  const { handle, anchor, recordId, why } = absent;
  return {
    kind: 'absent',
    handle,
    place: index + 1,
    anchor,
    recordId,
    why,
    ...(erasure === undefined
      ? {}
      : { erasure: { message: jsonOf(erasure.message), signature: erasure.signature } }),
  };
}

const consentItem = (one: SignedConsent) => ({
  kind: 'consent',
  consent: jsonOf(one.consent),
  signer: one.signer,
  signature: one.signature,
  signedBy: one.isContract === true ? 'contract' : 'account',
  ...(one.guardianship === undefined ? {} : { guardianship: jsonOf(one.guardianship) }),
  status: one.status,
});

const logItem = ({ holder, accessKey, anchored, leaves, openings }: ServedLogOf) => ({
  kind: 'log',
  holder,
  accessKey: toHex(accessKey),
  anchored,
  leaves,
  openings: openings.map(({ receipt, request, ...opening }) => ({
    ...opening,
    receipt: jsonOf(receipt),
    ...(request === undefined
      ? {}
      : { request: { message: jsonOf(request.message), signature: request.signature } }),
  })),
});
