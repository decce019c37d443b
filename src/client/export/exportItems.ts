import { z } from 'zod';
import type { Hex } from '../../hash/bytes.ts';
import { readPackageJson } from '../../wire/readPackage.ts';
import { ERROR_CODE } from '../../wire/refusal.ts';
import { accountJson, hex32Json, hexJson, typedDataJson } from '../../wire/typedDataJson.ts';

/**
 * The lines of an export, JSON objects told apart by `kind`, in this order: head, nodes, records by handle in sealed
 * order, histories, consents, logs, silent nodes, views, end. Typed data is as `typedDataJson` has it; other numbers are numbers.
 */

export const EXPORT_FORMAT = 'carelattice-export';
export const EXPORT_VERSION = 1;

const count = z.int().nonnegative();
const hexOf = (bytes: number) =>
  z.custom<Hex>(
    (value) => typeof value === 'string' && new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`).test(value),
    `lower-case hex of ${bytes} bytes`,
  );
const path = z.array(hex32Json).max(256);

/** Which patient, where, and the block at which it was put together. */
const head = z.strictObject({
  kind: z.literal('head'),
  format: z.literal(EXPORT_FORMAT),
  version: z.literal(EXPORT_VERSION),
  language: z.enum(['en', 'zh-CN']),
  federationId: hex32Json,
  networkId: hex32Json,
  chainId: count,
  contracts: z.strictObject({
    NodeRegistry: accountJson,
    PatientRegistry: accountJson,
    ConsentRegistry: accountJson,
    AccessLedger: accountJson,
    RecordExchange: accountJson,
  }),
  block: z.strictObject({ number: count, hash: hex32Json, time: count }),
  patientId: hex32Json,
  /** Her authority, then the accounts that signed for her before. */
  accounts: z.array(accountJson).min(1),
});

/** A node or reader that something here was signed by, with the accounts it signed with. */
const node = z.strictObject({
  kind: z.literal('node'),
  nodeId: hex32Json,
  name: z.string(),
  accounts: z.array(z.strictObject({ keyEpoch: count, account: accountJson })).min(1),
});

const placed = {
  handle: hex32Json,
  /** In the history of its handle, from 1. */
  place: z.int().positive(),
  anchor: hex32Json,
};

/**
 * A record, opened. Header, key, inner header and body give the sealed object again byte for byte, so that its anchor
 * can be recomputed. The body is `bundle` where that JSON gives its bytes again, else `text`, else `bytes`.
 */
const record = z.strictObject({
  kind: z.literal('record'),
  ...placed,
  recordSalt: hex32Json,
  recordKey: hex32Json,
  /** The clear header. */
  header: hexOf(137),
  message: typedDataJson('Record'),
  /** Of `message`, by the author's node. */
  signature: hexJson,
  /** Number of the storage request that brought it. */
  request: count.exactOptional(),
  /** The author's signed batch with the path from the anchor to its root. */
  batch: z
    .strictObject({ batchRoot: hex32Json, keyEpoch: count, signature: hexJson, path })
    .exactOptional(),
  bundle: z.unknown().optional(),
  text: z.string().exactOptional(),
  bytes: hexJson.exactOptional(),
});

/** A place of a history whose record is not here. */
const absent = z.strictObject({
  kind: z.literal('absent'),
  ...placed,
  recordId: hexOf(16),
  why: z.enum(['erased', 'not opened']),
  /** Her own word, where she had it erased. */
  erasure: z
    .strictObject({ message: typedDataJson('EraseRecords'), signature: hexJson })
    .exactOptional(),
});

/** What a holder says of the history of a handle. */
const history = z.strictObject({
  kind: z.literal('history'),
  holder: hex32Json,
  handle: hex32Json,
  count,
  historyHead: hex32Json,
});

const { consent: shownConsent, guardianship } = readPackageJson.shape;

/** A consent as it is shown in this network: her pseudonyms in other networks stay out. */
const consent = z.strictObject({
  kind: z.literal('consent'),
  consent: shownConsent,
  signer: accountJson,
  signature: hexJson,
  /** A contract wallet's signature can be checked on its chain only. */
  signedBy: z.enum(['account', 'contract']),
  guardianship,
  status: z.strictObject({ state: z.int().min(0).max(2), grantedAt: count }),
});

const opening = z.strictObject({
  n: z.int().positive(),
  salt: hex32Json,
  receipt: typedDataJson('AccessReceipt'),
  signature: hexJson,
  request: z
    .strictObject({ message: typedDataJson('ReadRequest'), signature: hexJson })
    .exactOptional(),
  /** Whether the keys were handed over. */
  released: z.boolean(),
  /** Under the receipt's `recordListRoot`, in its order. */
  anchors: z.array(hex32Json),
  /** Unix seconds of the receipt's block. */
  time: count,
});

/** A node's whole receipt log up to its newest anchor, and her receipts in it opened. */
const log = z.strictObject({
  kind: z.literal('log'),
  holder: hex32Json,
  /** What she gave this node alone: it names her receipts in the log. */
  accessKey: hex32Json,
  anchored: z.array(z.strictObject({ size: count, root: hex32Json, block: count })),
  /** tag (16 bytes) ‖ inner hash (32 bytes). */
  leaves: z.array(hexOf(48)),
  openings: z.array(opening),
});

/** A node that may have something of hers and did not give it when the export was made. */
const silent = z.strictObject({
  kind: z.literal('silent'),
  nodeId: hex32Json,
  /** Missing when the network has no such node. */
  name: z.string().exactOptional(),
  lacks: z.enum(['records', 'log']),
  /** Code of the error. */
  why: z.string().regex(ERROR_CODE),
});

/** FHIR made of the lines above: the summary, and what each consent, record and access is in FHIR. */
const view = z.strictObject({ kind: z.literal('view'), resource: z.unknown() });

const end = z.strictObject({
  kind: z.literal('end'),
  /** Lines before this one. */
  items: count,
  /** Over those lines. */
  digest: hex32Json,
});

export const exportItem = z.discriminatedUnion('kind', [
  head,
  node,
  record,
  absent,
  history,
  consent,
  log,
  silent,
  view,
  end,
]);

export type ExportItem = z.infer<typeof exportItem>;
export type ItemKind = ExportItem['kind'];
export type ItemOf<K extends ItemKind> = Extract<ExportItem, { kind: K }>;
export type ExportHead = ItemOf<'head'>;
export type ExportedRecord = ItemOf<'record'>;

/** The lines of one kind. */
export const itemsOf = <K extends ItemKind>(items: readonly ExportItem[], kind: K): ItemOf<K>[] =>
  items.filter((item): item is ItemOf<K> => item.kind === kind);
