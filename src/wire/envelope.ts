import { CarelatticeError } from '../errors.ts';
import { concat, fromHex, toHex, toNumber, uint, type Hex } from '../hash/bytes.ts';
import { labelledHash } from '../hash/labelled.ts';
import { typedDigest } from './typedData.ts';

/**
 * The courier's envelope. Its signed part lies in the outbox and in the sealed frames:
 * version (1 byte, 1) ‖ networkId (32) ‖ chainId (32) ‖ sender (32) ‖ keyEpoch (4) ‖ recipient (32) ‖ messageType (2) ‖
 * correlationId (16) ‖ term (8) ‖ expiry (8) ‖ signature (65) ‖ body length (4) ‖ body.
 * The federation is not in it: it is in what is signed. `bodyHash` is computed, never believed.
 */

/** The messages of the network; numbers are protocol, never reused. */
export const MessageType = {
  SessionOpening: 1,
  Acknowledgement: 2,
  EnrollmentRequest: 10,
  EnrollmentAnswer: 11,
  PatientMessage: 12,
  ScopeUpdate: 13,
  PatientFetch: 14,
  /** Asked by the patient with an `InboxToken`: list of her records, her receipts, her inbox. */
  PatientRecords: 15,
  PatientReceiptLog: 16,
  EraseRecords: 17,
  PatientInbox: 18,
  RecoveryRequest: 19,
  RecordList: 20,
  RoundReport: 21,
  RoundProofs: 22,
  JournalDelta: 30,
  DeliveryList: 40,
  HolderCount: 51,
  AuditRequest: 60,
  AuditProofs: 61,
  HistoryRequest: 70,
  HistoryOrder: 71,
  HistoryList: 72,
  HistoryReceipt: 73,
  ContentRequest: 80,
  Alarm: 90,
  /** Something for a patient's inbox, sealed to her. */
  InboxItem: 91,
  /** Asked by readers. */
  ReadRequest: 100,
  /** Asked by the clinician's hospital of a custodian. */
  EmergencyRequest: 110,
  /** The patient gives a custodian its share. */
  EmergencyShare: 111,
  EmergencyLookUp: 112,
  EmergencySummary: 113,
} as const;

const KIB = 1024;

/** What a body is padded to before it is sealed, in bytes. */
export const SIZE_CLASSES: readonly number[] = [1, 4, 16, 64, 256, 1024].map((size) => size * KIB);

/** Longest body, in bytes. */
export const MAX_BODY = 1024 * KIB;

/** Messages that always fill one class, so that neither a yes nor a length shows. */
const FIXED_CLASS: ReadonlyMap<number, number> = new Map([
  [MessageType.RoundReport, 16 * KIB],
  [MessageType.RoundProofs, 16 * KIB],
  [MessageType.DeliveryList, 16 * KIB],
]);

const VERSION = 1;
const OFFSET = {
  networkId: 1,
  chainId: 33,
  sender: 65,
  keyEpoch: 97,
  recipient: 101,
  messageType: 133,
  correlationId: 135,
  term: 151,
  expiry: 159,
  signature: 167,
  bodyLength: 232,
  body: 236,
} as const;

/** Bytes before the body. */
export const ENVELOPE_HEADER = OFFSET.body;

export interface Envelope {
  readonly networkId: Hex;
  readonly chainId: bigint;
  /** Node ids. */
  readonly sender: Hex;
  readonly recipient: Hex;
  /** Epoch of the sender's signing key. */
  readonly keyEpoch: number;
  /** One of `MessageType`. */
  readonly messageType: number;
  /** 16 random bytes; with the sender it names the message for ever. */
  readonly correlationId: Hex;
  /** Term of the active consensus node that the sender knows. */
  readonly term: number;
  /** Chain time in seconds; at and after it the message is refused. */
  readonly expiry: number;
  readonly body: Uint8Array;
}

export interface SignedEnvelope extends Envelope {
  /** 65 bytes of the sender's signing key over `envelopeDigest`. */
  readonly signature: Hex;
}

const malformed = (problem: string): CarelatticeError =>
  new CarelatticeError('MalformedEnvelope', `an envelope is not accepted: ${problem}`);

/** The 32 bytes that the sender signs. @throws `BadAbi` when a field does not fit its type. */
export const envelopeDigest = (federationId: Hex, envelope: Envelope): Uint8Array =>
  typedDigest('Envelope', federationId, {
    networkId: envelope.networkId,
    chainId: envelope.chainId,
    sender: envelope.sender,
    keyEpoch: envelope.keyEpoch,
    recipient: envelope.recipient,
    messageType: envelope.messageType,
    correlationId: envelope.correlationId,
    term: BigInt(envelope.term),
    expiry: BigInt(envelope.expiry),
    bodyHash: toHex(labelledHash('envelope-body', envelope.body)),
  });

/** The class that a body fills, or undefined when it fits none. */
function findSizeClass(messageType: number, bodyLength: number): number | undefined {
  const fixed = FIXED_CLASS.get(messageType);
  const candidates = fixed === undefined ? SIZE_CLASSES : [fixed];
  return candidates.find((size) => bodyLength <= size);
}

/** What the body of a message is padded to, in bytes. @throws `MessageTooLong` */
export function sizeClassOf(messageType: number, bodyLength: number): number {
  const size = findSizeClass(messageType, bodyLength);
  if (size === undefined) {
    throw new CarelatticeError('MessageTooLong', 'the body does not fit; cut it in parts', {
      facts: { messageType, bytes: bodyLength, most: FIXED_CLASS.get(messageType) ?? MAX_BODY },
    });
  }
  return size;
}

/** The signed part. @throws `MessageTooLong`, `BadHex`, `NumberTooLarge` */
export function encodeEnvelope(envelope: SignedEnvelope): Uint8Array {
  sizeClassOf(envelope.messageType, envelope.body.length);
  return concat(
    Uint8Array.of(VERSION),
    fromHex(envelope.networkId, 32),
    uint(envelope.chainId, 32),
    fromHex(envelope.sender, 32),
    uint(envelope.keyEpoch, 4),
    fromHex(envelope.recipient, 32),
    uint(envelope.messageType, 2),
    fromHex(envelope.correlationId, 16),
    uint(envelope.term, 8),
    uint(envelope.expiry, 8),
    fromHex(envelope.signature, 65),
    uint(envelope.body.length, 4),
    envelope.body,
  );
}

/** The signed part with its body padded by zeros to its size class. @throws `MalformedEnvelope`, `MessageTooLong` */
export function padEnvelope(encoded: Uint8Array): Uint8Array {
  if (encoded.length < OFFSET.body) throw malformed('too short');
  const messageType = toNumber(encoded.subarray(OFFSET.messageType, OFFSET.correlationId));
  const padded = new Uint8Array(
    OFFSET.body + sizeClassOf(messageType, encoded.length - OFFSET.body),
  );
  padded.set(encoded);
  return padded;
}

/** Reads a signed part, padded or not; checks its form only: who signed it is the courier's question. @throws `MalformedEnvelope` */
export function decodeEnvelope(bytes: Uint8Array): SignedEnvelope {
  if (bytes.length < OFFSET.body || bytes.length > OFFSET.body + MAX_BODY)
    throw malformed('length');
  if (bytes[0] !== VERSION) throw malformed('unknown version');
  const number = (from: number, to: number): number => {
    try {
      return toNumber(bytes.subarray(from, to));
    } catch {
      throw malformed('a number is too large');
    }
  };
  const bodyLength = number(OFFSET.bodyLength, OFFSET.body);
  const end = OFFSET.body + bodyLength;
  if (end > bytes.length) throw malformed('the body is cut');
  const messageType = number(OFFSET.messageType, OFFSET.correlationId);
  if (end < bytes.length) {
    if (bytes.length - OFFSET.body !== findSizeClass(messageType, bodyLength)) {
      throw malformed('not padded to its size class');
    }
    for (let at = end; at < bytes.length; at++) {
      if (bytes[at] !== 0) throw malformed('the padding is not zero');
    }
  }
  return {
    networkId: toHex(bytes.subarray(OFFSET.networkId, OFFSET.chainId)),
    chainId: BigInt(toHex(bytes.subarray(OFFSET.chainId, OFFSET.sender))),
    sender: toHex(bytes.subarray(OFFSET.sender, OFFSET.keyEpoch)),
    keyEpoch: number(OFFSET.keyEpoch, OFFSET.recipient),
    recipient: toHex(bytes.subarray(OFFSET.recipient, OFFSET.messageType)),
    messageType,
    correlationId: toHex(bytes.subarray(OFFSET.correlationId, OFFSET.term)),
    term: number(OFFSET.term, OFFSET.expiry),
    expiry: number(OFFSET.expiry, OFFSET.signature),
    signature: toHex(bytes.subarray(OFFSET.signature, OFFSET.bodyLength)),
    body: bytes.slice(OFFSET.body, end),
  };
}
