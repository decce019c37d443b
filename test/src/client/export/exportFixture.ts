import type { ExportSources, ProvenRecord } from '../../../../src/client/export/exportRecord.ts';
import { recordKeyOf } from '../../../../src/crypto/derivations.ts';
import { sealRecordBytes } from '../../../../src/crypto/record.ts';
import { accountOf, signDigest } from '../../../../src/crypto/signatures.ts';
import type { KnownNode } from '../../../../src/domain/knownNode.ts';
import { generatePatients } from '../../../../src/fhir/generator/generatePatients.ts';
import { groupRecords } from '../../../../src/fhir/records.ts';
import { concat, fromHex, toHex, uint, ZERO_32, type Hex } from '../../../../src/hash/bytes.ts';
import { logRoot } from '../../../../src/hash/merkleLog.ts';
import { merkleRoot, merkleTree } from '../../../../src/hash/merkleTree.ts';
import { EMPTY_HEAD, nextHistoryHead } from '../../../../src/hash/runningHash.ts';
import {
  consentDigest,
  guardianshipDigest,
  showConsent,
  showGuardianship,
} from '../../../../src/wire/consent.ts';
import { receiptInner, receiptLeaf, receiptTag } from '../../../../src/wire/receiptLeaf.ts';
import {
  typedDigest,
  type NetworkScope,
  type RecordMessage,
} from '../../../../src/wire/typedData.ts';
import { sampleConsent, sampleGuardianship } from '../../wire/consentFixture.ts';

/** A patient with records, an amended one among them, two consents and a log with two of her receipts. */

export const id = (n: number): Hex => toHex(uint(n, 32));
export const federationId = id(0xfed);
export const networkId = id(1);
export const chainId = 31_337;
const NOW = 1_790_000_000;
const keys = {
  patient: uint(101, 32),
  delegate: uint(102, 32),
  hospital: uint(103, 32),
  reader: uint(104, 32),
};
const patientId = id(2);
const hospital = id(3);
const reader = id(4);
const contracts = {
  NodeRegistry: account(1),
  PatientRegistry: account(2),
  ConsentRegistry: account(3),
  AccessLedger: account(4),
  RecordExchange: account(5),
};
const scope: NetworkScope = {
  chainId: BigInt(chainId),
  networkId,
  registry: contracts.ConsentRegistry,
  patientId,
  salt: id(9),
};

function account(n: number): Hex {
  return toHex(uint(n, 20));
}

export const signAs = (who: keyof typeof keys, digest: Uint8Array): Hex =>
  signDigest(keys[who], digest);

const nodeOf = (
  nodeId: Hex,
  name: string,
  key: Uint8Array,
  role: KnownNode['role'],
): KnownNode => ({
  nodeId,
  role,
  name,
  account: accountOf(key),
  keyEpoch: 1,
  kemKey: '0x',
  kemKeyEpoch: 1,
  tlsKeyHash: ZERO_32,
  endpoint: 'https://127.0.0.1',
  position: 0,
  state: 'admitted',
  activeFrom: 0,
  formerAccounts: [],
});

interface Draft {
  readonly category: string;
  readonly body: Uint8Array;
  readonly resourceTypes: readonly string[];
  readonly sensitivity?: readonly string[];
  readonly previousVersion?: Hex;
  readonly recordedAt?: number;
}

const handleOf = (category: string): Hex => id(1000 + category.length);

/** A sealed record with everything that proves it but its batch. */
export async function provenRecord(draft: Draft): Promise<ProvenRecord> {
  const batchSecret = uint(55, 32);
  const description = {
    networkId,
    chainId: BigInt(chainId),
    author: hospital,
    keyEpoch: 1,
    category: draft.category,
    resourceTypes: draft.resourceTypes,
    sensitivity: draft.sensitivity ?? [],
    status: 'current',
    recordedAt: BigInt(draft.recordedAt ?? NOW - 100),
    eventFrom: BigInt(NOW - 500),
    eventTo: BigInt(NOW - 400),
    previousVersion: draft.previousVersion ?? (`0x${'00'.repeat(16)}` as const),
    mediaType: 'application/fhir+json',
  };
  const sign = (message: RecordMessage): Hex =>
    signAs('hospital', typedDigest('Record', federationId, message));
  const { object, sealed } = await sealRecordBytes(
    { description, batchSecret, scopeKeyId: id(77), suite: 1, sign },
    draft.body,
  );
  const { recordId, recordSalt, anchor, message, signature } = sealed;
  return {
    handle: handleOf(draft.category),
    anchor,
    recordSalt,
    recordKey: recordKeyOf(batchSecret, recordId, recordSalt),
    header: object.slice(0, 137),
    message,
    signature,
    body: draft.body,
  };
}

/** The records in one batch that their author signed. */
function batched(records: readonly ProvenRecord[]): ProvenRecord[] {
  const tree = merkleTree(records.map(({ anchor }) => fromHex(anchor)));
  const batchRoot = toHex(tree.root);
  const message = { networkId, chainId: BigInt(chainId), author: hospital, keyEpoch: 1, batchRoot };
  const signature = signAs('hospital', typedDigest('RecordBatch', federationId, message));
  return records.map((record, index) => ({
    ...record,
    request: 5,
    batch: { batchRoot, keyEpoch: 1, signature, path: tree.proof(index).map(toHex) },
  }));
}

export function historiesOf(records: ExportSources['records']): ExportSources['histories'] {
  const byHandle = Map.groupBy(records, ({ handle }) => handle);
  return [...byHandle].map(([handle, own]) => ({
    holder: hospital,
    handle,
    count: own.length,
    historyHead: toHex(
      own.reduce<Uint8Array>((head, one) => {
        const recordId = 'message' in one ? one.message.recordId : one.recordId;
        return nextHistoryHead(head, fromHex(one.anchor), fromHex(recordId));
      }, EMPTY_HEAD),
    ),
  }));
}

export async function sampleRecords(): Promise<ProvenRecord[]> {
  const [patient] = generatePatients({ seed: 6, patients: 2, hospitals: ['A', 'B', 'C'] }).slice(1);
  const drafts = (patient?.bundles ?? []).flatMap(({ bundle }) => groupRecords(bundle));
  const records = await Promise.all(drafts.map((draft) => provenRecord(draft)));
  const [first] = records;
  if (first === undefined) throw new Error('the generator gave nothing');
  const amended = await provenRecord({
    category: first.message.category,
    body: first.body,
    resourceTypes: first.message.resourceTypes,
    previousVersion: first.message.recordId,
    recordedAt: NOW - 50,
  });
  return batched([...records, amended]);
}

function consents(): ExportSources['consents'] {
  const patient = accountOf(keys.patient);
  const own = { patient, networks: [scope], home: networkId, grantee: reader };
  const plain = sampleConsent(own);
  const guardianship = sampleGuardianship({
    ...{ patient, networks: [scope], home: networkId },
    delegate: accountOf(keys.delegate),
  });
  const delegated = sampleConsent({
    ...own,
    language: 'zh',
    guardianship: guardianshipDigest(federationId, guardianship),
    sensitivity: ['mental-health'],
    except: [{ readers: [], categories: ['document'], sensitivity: [], anchors: [] }],
  });
  const signed = (who: keyof typeof keys, digest: Hex): Hex => signAs(who, fromHex(digest));
  return [
    {
      consent: showConsent(plain, networkId),
      signer: patient,
      signature: signed('patient', consentDigest(federationId, plain)),
      status: { state: 1, grantedAt: NOW - 90 },
    },
    {
      consent: showConsent(delegated, networkId),
      signer: accountOf(keys.delegate),
      signature: signed('delegate', consentDigest(federationId, delegated)),
      guardianship: {
        message: showGuardianship(guardianship, networkId),
        signature: signed('patient', guardianshipDigest(federationId, guardianship)),
      },
      status: { state: 2, grantedAt: NOW - 90 },
    },
  ];
}

type Log = ExportSources['logs'][number];

function openingOf(n: number, basis: Hex, anchors: readonly Hex[]): Log['openings'][number] {
  const place = { networkId, chainId: BigInt(chainId) };
  const message = {
    ...place,
    holder: hospital,
    reader,
    basis,
    purpose: 'TREAT',
    anchors,
    kemKeyId: id(8),
    expiry: BigInt(NOW + 60),
    nonce: BigInt(n),
  };
  const requestDigest = typedDigest('ReadRequest', federationId, message);
  const receipt = {
    ...place,
    holder: hospital,
    basis,
    reader,
    requestDigest: toHex(requestDigest),
    recordListRoot: toHex(merkleRoot(anchors.map((anchor) => fromHex(anchor)))),
    n: BigInt(n),
    blockNumber: 40n,
    blockHash: id(40),
  };
  return {
    n,
    salt: id(500 + n),
    receipt,
    signature: signAs('hospital', typedDigest('AccessReceipt', federationId, receipt)),
    request: { message, signature: signAs('reader', requestDigest) },
    released: true,
    anchors,
    time: NOW - 10,
  };
}

/** Her receipts 1 and 2 between two of other patients, all anchored. */
function logOf(basis: Hex, anchors: readonly Hex[]): Log {
  const accessKey = uint(66, 32);
  const openings = [1, 2].map((n) => openingOf(n, basis, anchors.slice(0, n)));
  const own = openings.map(({ n, salt, receipt }) => ({
    tag: receiptTag(accessKey, n),
    inner: receiptInner(salt, toHex(typedDigest('AccessReceipt', federationId, receipt))),
  }));
  const strange = [1, 2].map((n) => ({ tag: receiptTag(uint(67, 32), n), inner: id(n) }));
  const leaves = [...strange.slice(0, 1), ...own, ...strange.slice(1)];
  const anchored = [2, 4].map((size, index) => ({
    size,
    root: toHex(logRoot(leaves.slice(0, size).map(receiptLeaf))),
    block: 41 + index,
  }));
  return {
    holder: hospital,
    accessKey,
    anchored,
    leaves: leaves.map(({ tag, inner }) => toHex(concat(fromHex(tag), fromHex(inner)))),
    openings,
  };
}

export async function sampleSources(): Promise<ExportSources> {
  const records = await sampleRecords();
  const signed = consents();
  const [first] = signed;
  if (first === undefined) throw new Error('there are consents above');
  return {
    language: 'en',
    federationId,
    networkId,
    chainId,
    contracts,
    block: { number: 50, hash: id(50), time: NOW },
    patientId,
    accounts: [accountOf(keys.patient)],
    nodes: [
      nodeOf(hospital, '南方医院 & Partners', keys.hospital, 'recording'),
      nodeOf(reader, 'Westside Clinic', keys.reader, 'reader'),
    ],
    records,
    histories: historiesOf(records),
    consents: signed,
    logs: [
      logOf(
        consentDigest(federationId, first.consent),
        records.map(({ anchor }) => anchor),
      ),
    ],
  };
}
