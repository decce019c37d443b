import type { Hex } from '../../hash/bytes.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import type { AccessEntry } from '../../journal/receiptTables.ts';
import type { WireReadRequest } from '../../wire/readMessages.ts';

/** What a consent's or guardianship's life hangs on, to be asked of the chain again and again. */
export interface Standing {
  /** granted: has to be active; notRevoked: the patient has not taken a delegate's consent back. */
  readonly needs: 'granted' | 'notRevoked';
  readonly signer: Hex;
  readonly digest: Hex;
  /** Decimal; dead below the signer's `minEpoch`. */
  readonly epoch: string;
}

/** A request that its reader signed for this node and time. */
export interface ProvenRequest {
  readonly request: WireReadRequest & { readonly signature: Hex };
  readonly digest: Hex;
  readonly reader: KnownNode;
}

/** One granted request, from its receipt to the last key handed over under it. */
export interface Access extends AccessEntry {
  /** logged: in the receipt log; released: keys were handed over. */
  readonly state: 'logged' | 'released';
  readonly requestDigest: Hex;
  readonly reader: Hex;
  readonly patientId: Hex;
  /** The signed relation, consent or emergency it stands on. */
  readonly basis: Hex;
  /** Empty for an own opening and for an emergency. */
  readonly standings: readonly Standing[];
  /** The authority whose patient this is while the access lasts. */
  readonly authority: Hex;
  /** What may be read, under `recordListRoot` of the receipt. */
  readonly anchors: readonly Hex[];
  /** Place in this node's receipt log, from 1. */
  readonly place: number;
  /** Chain time after which nothing more goes out under this request. */
  readonly until: number;
  /** Of an emergency; `late`: granted while the chain stood still. */
  readonly emergency?: { readonly late: boolean };
}
