import type { BuiltContent } from './buildDag.ts';
import type { ByteSource } from './byteStream.ts';
import type { BlockPlace, Release } from './ledger.node.ts';
import type { ContentRef, ExpectedBlock, VerifiedBlock } from './verifiedDag.ts';

/** What a driver does with blocks. Who needs them, and what is complete, is the ledger's business. */
export interface BlockKeeper {
  openBatch(): KeeperBatch;
  /** The bytes of one block as stored, not verified; undefined when they are not here. */
  load(block: BlockRef, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** The verified blocks of a content, where the driver knows a better way than block by block. */
  read?(content: ContentRef, signal: AbortSignal): AsyncIterable<VerifiedBlock>;
  /** Takes blocks off the disk. @returns blocks that somebody outside this store still needs */
  remove(release: Release, signal: AbortSignal): Promise<readonly string[]>;
  /** Takes damaged blocks away, so that good ones can take their place. */
  discard(blocks: readonly string[], signal: AbortSignal): Promise<void>;
  close(): void;
}

export type BlockRef = Pick<ExpectedBlock, 'cid'>;

/** Contents on their way in. Nothing of a batch is visible before the ledger has recorded it. */
export interface KeeperBatch {
  /** Cuts and takes a content of our own. @throws `StoreFull` */
  write(source: ByteSource, signal: AbortSignal): Promise<BuiltContent>;
  /** Starts a content that comes from elsewhere, verified block by verified block. */
  receive(content: ContentRef, signal: AbortSignal): ContentReceiver;
  /** Makes all that is whole durable; called under the store's lock, before the ledger's transaction. */
  place(signal: AbortSignal): Promise<void>;
  placeOf(cid: string): BlockPlace;
  /** Ends the batch, whatever happened: what is not among the recorded blocks is removed. */
  finish(recorded: ReadonlySet<string>): Promise<void>;
}

export interface ContentReceiver {
  /** @throws `StoreFull` */
  take(block: VerifiedBlock): Promise<void>;
  /** Every block has come. */
  whole(): Promise<void>;
  abandon(): Promise<void>;
}
