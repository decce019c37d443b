import type { CarelatticeError } from '../errors.ts';
import type { ByteSource } from './byteStream.ts';
import type { VerifiedBlock } from './verifiedDag.ts';

export interface StoreCall {
  /** Ends the call with `ContentUnavailable`. Every call has the store's own time limit besides. */
  signal?: AbortSignal | undefined;
}

/** What `put` made of a content: base32 CIDv1 of the root, length in bytes. */
export interface StoredContent {
  cid: string;
  size: number;
}

/**
 * A content that an owner needs. The owner is the anchor of a record, the id of a wrap or the digest
 * of a presence query; CID and size come from a record list or delivery list.
 */
export interface WantedContent extends StoredContent {
  owner: string;
}

/** The pinning vocabulary. Only `pinned` contents are complete. */
export type ContentState = 'queued' | 'pinning' | 'pinned' | 'failed';

export interface ContentStatus extends StoredContent {
  state: ContentState;
  owners: readonly string[];
  /** Rounds in which it was asked for. */
  attempts: number;
  /** Code and message of the last failure. */
  lastError?: string;
  /** Name of the holder that was asked last, or that it came from. */
  holder?: string;
}

export type ContentOutcome =
  | { kind: 'stored'; wanted: WantedContent }
  | { kind: 'failed'; wanted: WantedContent; error: CarelatticeError };

/** Somebody who may have a content: another node's gateway. */
export interface Holder {
  name: string;
  /**
   * A CAR whose roots are the wanted CIDs that it has and gives. Nothing of it is trusted.
   * @throws `ContentNotFound` when it gives none of them, `ContentUnavailable` when it does not answer
   */
  fetch(wanted: readonly WantedContent[], call: StoreCall): Promise<AsyncIterable<Uint8Array>>;
}

export interface Erasure {
  owner: string;
  /** CIDs of the blocks that are gone from this store. */
  unlinked: readonly string[];
  /** CIDs of the blocks that another owner still needs. */
  stillNeeded: readonly string[];
}

export interface ScrubReport {
  /** Blocks hashed again. */
  blocks: number;
  /** CIDs of contents that were damaged. */
  damaged: readonly string[];
  /** Those of them that are whole again. */
  healed: readonly string[];
}

export interface ScrubCall extends StoreCall {
  /** Whom to ask for a damaged content. Without it damage is only found and shown. */
  holdersOf?: (content: ContentStatus) => Promise<readonly Holder[]>;
}

/**
 * Ciphertext by CID. A content is present when every block of it is stored, synced, verified and
 * pinned, never earlier. All drivers give the same CIDs (profile `unixfs-v1-2025`).
 *
 * Errors of every call: `ContentUnavailable` (aborted, over the limit, daemon down), `StoreClosed`.
 */
export interface ContentStore {
  /**
   * Stored, synced and pinned when it returns.
   * @throws `StoreFull` (nothing half-written stays), `ContentErased`
   */
  put(owner: string, source: ByteSource, call?: StoreCall): Promise<StoredContent>;

  /** Group commit: all of them or none, one sync and one transaction. Throws as `put`. */
  putMany(
    items: readonly { owner: string; source: ByteSource }[],
    call?: StoreCall,
  ): Promise<StoredContent[]>;

  /**
   * The verified bytes: the stream ends well or throws.
   * @throws `ContentNotFound`, `ContentCorrupt`, `ContentIncomplete`
   */
  get(cid: string, size: number, call?: StoreCall): AsyncIterable<Uint8Array>;

  /** Whether the content is here, complete and pinned. Asks nobody else. */
  has(cid: string): Promise<boolean>;

  /** What is known of a content, whatever its state. Asks nobody else. */
  status(cid: string): Promise<ContentStatus | undefined>;

  /** Every content with its state, also those still to come. Asks nobody else. */
  list(): AsyncIterable<ContentStatus>;

  /** Another owner for a content that is here. @throws `ContentNotFound`, `ContentErased` */
  pin(owner: string, cid: string): Promise<void>;

  /** Takes an owner off; blocks that nobody needs any more go. Unlike `erase` it is not for good. */
  unpin(owner: string, cid: string): Promise<void>;

  /** Notes contents as `queued`, to be pulled later. @throws `ContentErased` */
  queue(wanted: readonly WantedContent[]): Promise<void>;

  /**
   * Tries the holders in turn; stores and pins what verifies.
   * @throws `ContentNotFound`, `ContentCorrupt`, `ContentIncomplete`, `ContentUnavailable`, `ContentErased`, `StoreFull`
   */
  pull(
    owner: string,
    cid: string,
    size: number,
    holders: readonly Holder[],
    call?: StoreCall,
  ): Promise<void>;

  /** As `pull`, up to 256 contents to a request, one group commit for each answer; outcomes in the order asked. */
  pullMany(
    wanted: readonly WantedContent[],
    holders: readonly Holder[],
    call?: StoreCall,
  ): Promise<ContentOutcome[]>;

  /** Stores and pins the content of a CAR that holds it and nothing else. Throws as `pull`. */
  importCar(
    owner: string,
    stream: AsyncIterable<Uint8Array>,
    cid: string,
    size: number,
    call?: StoreCall,
  ): Promise<void>;

  /** As `importCar` for a CAR with several roots; what came whole stays, in one group commit. */
  importMany(
    stream: AsyncIterable<Uint8Array>,
    wanted: readonly WantedContent[],
    call?: StoreCall,
  ): Promise<ContentOutcome[]>;

  /** CAR version 1, depth first, each block once within a content. @throws `ContentNotFound`, `ContentCorrupt` */
  exportCar(cid: string, call?: StoreCall): AsyncIterable<Uint8Array>;

  /** As `exportCar` with several roots, in this order. */
  exportMany(cids: readonly string[], call?: StoreCall): AsyncIterable<Uint8Array>;

  /** One verified block of a content that is here; undefined when it is none of its blocks. */
  block(content: string, cid: string, call?: StoreCall): Promise<VerifiedBlock | undefined>;

  /**
   * Unlinks exactly what no other owner needs and refuses the owner for good: no later put, pull or
   * import brings it back. Done when it returns, also in free pages and logs; safe to repeat.
   * @throws `ErasurePending` when a reader of the database keeps old pages alive: repeat it
   */
  erase(owner: string, call?: StoreCall): Promise<Erasure>;

  /** Hashes every stored block again and pulls damaged contents anew. */
  scrub(call?: ScrubCall): Promise<ScrubReport>;

  /** The step under way is finished or rolled back. */
  close(): Promise<void>;
}

/** Most contents of one request to a gateway, and of one group commit of `pullMany`. */
export const MAX_CONTENTS = 256;
