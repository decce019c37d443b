import type { AccessToShow } from '../../../../src/fhir/views/auditEvent.ts';
import type { ConsentToShow } from '../../../../src/fhir/views/consent.ts';
import type { RecordToShow } from '../../../../src/fhir/views/provenance.ts';
import { toHex, ZERO_32, type Hex } from '../../../../src/hash/bytes.ts';
import { ANY_ADMITTED_NODE } from '../../../../src/wire/consent.ts';
import { typedDigest } from '../../../../src/wire/typedData.ts';
import type {
  AccessReceipt,
  Consent,
  NetworkScope,
  ReadRequest,
  RecordMessage,
} from '../../../../src/wire/typedData.ts';

/** Ids of their kind, told apart by one byte. */
export const id32 = (byte: number): Hex => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`;
export const account = (byte: number): Hex => `0x${byte.toString(16).padStart(2, '0').repeat(20)}`;
export const id16 = (byte: number): Hex => `0x${byte.toString(16).padStart(2, '0').repeat(16)}`;
export const SIGNATURE: Hex = `0x${'5a'.repeat(64)}1b`;
export const FEDERATION = id32(0xfe);
const NOW = 1_790_000_000;

export const scope: NetworkScope = {
  chainId: 31337n,
  networkId: id32(1),
  registry: account(2),
  patientId: id32(3),
  salt: id32(4),
};

export const sampleConsent = (more: Partial<Consent> = {}): Consent => ({
  statement: '我允许北方医院为治疗查看我的检查结果。\nI let <North & "Hospital"> see my results.',
  language: 'zh-CN',
  template: 1,
  patient: account(5),
  guardianship: ZERO_32,
  grantee: id32(6),
  granteeName: '北方医院 <North & Co>',
  purpose: 'TREAT',
  actions: ['access'],
  categories: ['result', 'medication'],
  sensitivity: ['hiv', 'mental-health'],
  anchors: [],
  authors: [],
  dataFrom: 1_600_000_000n,
  dataTo: 0n,
  except: [],
  notBefore: BigInt(NOW - 1000),
  notAfter: BigInt(NOW + 86_400),
  submitBy: BigInt(NOW + 3600),
  epoch: 0n,
  nonce: 77n,
  home: id32(1),
  networkNames: ['City network', '省网'],
  networks: [scope],
  ...more,
});

export const sampleConsentView = (
  consent: Consent = sampleConsent(),
  more: Partial<ConsentToShow> = {},
): ConsentToShow => ({
  consent,
  digest: toHex(typedDigest('Consent', FEDERATION, consent)),
  signer: account(5),
  signature: SIGNATURE,
  status: { state: 1, grantedAt: NOW },
  network: scope,
  at: NOW + 10,
  ...more,
});

/** Consents that between them use everything a consent can say. */
export const consentsOfAllKinds = (): ConsentToShow[] => [
  sampleConsentView(),
  sampleConsentView(
    sampleConsent({ grantee: ANY_ADMITTED_NODE, granteeName: '', purpose: 'HRESCH' }),
  ),
  sampleConsentView(sampleConsent({ authors: [id32(8)], sensitivity: [], dataFrom: 0n })),
  sampleConsentView(sampleConsent({ anchors: [id32(9), id32(10)], authors: [id32(8)] })),
  sampleConsentView(
    sampleConsent({
      sensitivity: ['R', 'STD', 'http://example.org/labels|vip', 'a label & more'],
      guardianship: id32(11),
      dataTo: 1_700_000_000n,
      except: [
        { readers: [id32(12)], categories: [], sensitivity: ['substance-use'], anchors: [] },
        { readers: [], categories: ['document'], sensitivity: [], anchors: [id32(13)] },
      ],
    }),
    { status: { state: 2, grantedAt: NOW } },
  ),
  sampleConsentView(sampleConsent({ notAfter: BigInt(NOW) })),
  sampleConsentView(sampleConsent({ language: '' }), { status: { state: 2, grantedAt: 0 } }),
  sampleConsentView(sampleConsent({ purpose: 'ours', actions: ['own action'] }), {
    status: { state: 0, grantedAt: 0 },
  }),
];

export const sampleMessage = (more: Partial<RecordMessage> = {}): RecordMessage => ({
  networkId: id32(1),
  chainId: 31337n,
  author: id32(6),
  keyEpoch: 1,
  recordId: id16(20),
  headerHash: id32(21),
  bodyRoot: id32(22),
  category: 'result',
  resourceTypes: ['Observation'],
  sensitivity: [],
  status: 'current',
  recordedAt: BigInt(NOW),
  eventFrom: BigInt(NOW - 500),
  eventTo: BigInt(NOW - 100),
  previousVersion: id16(0),
  mediaType: 'application/fhir+json',
  bodyLength: 1000n,
  ...more,
});

export const sampleRecordView = (message: RecordMessage = sampleMessage()): RecordToShow => ({
  message,
  signature: SIGNATURE,
  digest: toHex(typedDigest('Record', FEDERATION, message)),
  anchor: id32(23),
  authorName: '南方医院 & "Labs"',
});

export const recordsOfAllKinds = (): RecordToShow[] => [
  sampleRecordView(),
  sampleRecordView(sampleMessage({ previousVersion: id16(30), sensitivity: ['hiv'] })),
  sampleRecordView(sampleMessage({ status: 'entered-in-error', previousVersion: id16(30) })),
  sampleRecordView(sampleMessage({ eventFrom: 0n, eventTo: 0n })),
  sampleRecordView(sampleMessage({ eventFrom: 9n, eventTo: 5n })),
];

export const sampleRequest = (more: Partial<ReadRequest> = {}): ReadRequest => ({
  networkId: id32(1),
  chainId: 31337n,
  holder: id32(6),
  reader: id32(7),
  basis: id32(40),
  purpose: 'TREAT',
  anchors: [id32(23), id32(24)],
  kemKeyId: id32(41),
  expiry: BigInt(NOW + 60),
  nonce: 5n,
  ...more,
});

export const sampleAccess = (
  request: ReadRequest | undefined = sampleRequest(),
  more: Partial<AccessToShow> = {},
): AccessToShow => {
  const receipt: AccessReceipt = {
    networkId: id32(1),
    chainId: 31337n,
    holder: id32(6),
    basis: id32(40),
    reader: id32(7),
    requestDigest: toHex(typedDigest('ReadRequest', FEDERATION, request)),
    recordListRoot: id32(42),
    n: 1n,
    blockNumber: 123n,
    blockHash: id32(43),
  };
  return {
    receipt,
    receiptDigest: toHex(typedDigest('AccessReceipt', FEDERATION, receipt)),
    request,
    recordedAt: NOW,
    patientId: id32(3),
    readerName: 'Dr 李 & <Partners>',
    ...more,
  };
};

/** Treatment, research for all records, break-glass, kept back, and a holder's own opening without a request. */
export function accessesOfAllKinds(): AccessToShow[] {
  const own = sampleAccess();
  const { request, ...withoutRequest } = own;
  return [
    own,
    sampleAccess(sampleRequest({ purpose: 'HRESCH', anchors: [] })),
    sampleAccess(sampleRequest({ purpose: 'ETREAT' })),
    sampleAccess(request, { isReleased: false }),
    { ...withoutRequest, receipt: { ...own.receipt, reader: own.receipt.holder } },
  ];
}
