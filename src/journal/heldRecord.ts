import type { Ground } from '../domain/mayFetch.ts';
import { type Hex, ZERO_32 } from '../hash/bytes.ts';
import type { RecordEntry } from '../wire/messages.ts';

/** A record that this node was told to hold, and what became of it. */
export interface HeldRecord extends RecordEntry {
  request: number;
  author: Hex;
  authorKeyEpoch: number;
  batchRoot: Hex;
  /** The author's signature on the root, and the way from the anchor to it. Missing in journals of earlier releases. */
  batchProof?: { path: Hex[]; signature: Hex };
  /** due: told to hold it; held: fetched, checked, pinned; refused: with the reason; erased: salt, keys and content are gone. */
  state: 'due' | 'held' | 'refused' | 'erased';
  reason?: string;
  /** Why a gateway may hand it over. */
  ground: Ground;
  peers: Hex[];
  attempts: number;
  /** Not asked for again before this chain time. */
  nextAt?: number;
  heldAt?: number;
  /** The batch secret sealed anew to a later scope key, beside the wrap that its list names. */
  rewrap?: { cid: string; size: number; scopeKeyId: Hex };
}

/** What stays of a record that its patient erased: its place in her history. */
export const erasedRecord = ({
  reason: _,
  nextAt: __,
  heldAt: ___,
  rewrap: ____,
  ...record
}: HeldRecord): HeldRecord => ({
  ...record,
  recordSalt: ZERO_32,
  recordCid: '',
  recordSize: 0,
  wrapCid: '',
  wrapSize: 0,
  state: 'erased',
  peers: [],
  attempts: 0,
});
