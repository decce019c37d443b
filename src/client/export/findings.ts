import type { Hex } from '../../hash/bytes.ts';
import type { ExportHead } from './exportItems.ts';

/** What is wrong with an export. */
export type FindingCode =
  /** No export, cut off, or a line that no export has. */
  | 'NotAnExport'
  /** The text was changed after it was written. */
  | 'DigestMismatch'
  /** Content, key or header of a record are not those that were anchored. */
  | 'RecordChanged'
  /** A record, batch, consent, receipt or request is not signed by whom it names. */
  | 'SignatureWrong'
  /** Somebody signed here of whom the export says nothing. */
  | 'SignerUnknown'
  | 'BatchMismatch'
  /** Records and histories do not agree: one is missing, added, or in another place. */
  | 'HistoryMismatch'
  /** A version names one before it that is not there, or two take the place of one. */
  | 'VersionMismatch'
  /** The text of a consent is malformed or does not say what its fields say. */
  | 'StatementMismatch'
  /** A consent is not hers, or of another network. */
  | 'NotHerConsent'
  /** A node's log contradicts what it anchored. */
  | 'LogMismatch'
  /** A receipt does not belong to the request or the records shown with it. */
  | 'ReceiptMismatch'
  /** FHIR in the export is not what the signed data gives. */
  | 'ViewMismatch';

export interface Finding {
  readonly code: FindingCode;
  /** Such as `record 0x12…` or `line 7`. */
  readonly at: string;
  readonly text: string;
}

/** What stands behind an export and only a chain can say. */
export type ChainClaim =
  | {
      readonly kind: 'nodeKey';
      readonly nodeId: Hex;
      readonly keyEpoch: number;
      readonly account: Hex;
    }
  | { readonly kind: 'authority'; readonly patientId: Hex; readonly account: Hex }
  | { readonly kind: 'block'; readonly number: number; readonly hash: Hex; readonly time: number }
  | {
      readonly kind: 'status';
      readonly signer: Hex;
      readonly digest: Hex;
      readonly epoch: bigint;
      readonly state: number;
      readonly grantedAt: number;
    }
  | {
      readonly kind: 'contractSignature';
      readonly signer: Hex;
      readonly digest: Hex;
      readonly signature: Hex;
    }
  | {
      readonly kind: 'anchored';
      readonly holder: Hex;
      readonly size: number;
      readonly root: Hex;
      readonly block: number;
    }
  | { readonly kind: 'batch'; readonly request: number; readonly batchRoot: Hex };

/** Where the claims are to be looked up. */
export type ClaimPlace = Pick<ExportHead, 'networkId' | 'chainId' | 'contracts'>;

/** What was looked at and found good or bad, and what no file can prove. */
export interface Verification {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** How many of each were checked. */
  readonly checked: Readonly<Record<'records' | 'consents' | 'receipts' | 'views', number>>;
  /** The network that it is of; missing where that could not be read. */
  readonly place?: ClaimPlace;
  /** To be compared with the chain. */
  readonly claims: readonly ChainClaim[];
  /** What was not checked at all, one sentence each. */
  readonly unchecked: readonly string[];
}

/** Where the checks write down what they find. */
export interface Notes {
  find(code: FindingCode, at: string, text: string): void;
  claim(claim: ChainClaim): void;
  leaveOut(text: string): void;
}

/** `kind` with enough of an id to find it. */
export const at = (kind: string, id: Hex): string => `${kind} ${id.slice(0, 18)}…`;
