import { CarelatticeError, hasCode } from '../errors.ts';
import { headOf } from './blocks.ts';
import type { BlockRef } from './blocks.ts';
import { advanced } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { eventDecoder } from './edgeEvents.ts';
import type { EdgeEvent, EventSource } from './edgeEvents.ts';
import { finalBlock, windowOf } from './finality.ts';
import type { Finality } from './finality.ts';
import { densePage, sparsePage } from './logPage.ts';
import type { LogPage, PageRange } from './logPage.ts';
import { forkOf } from './reorg.ts';
import type { Fork } from './reorg.ts';
import type { Rpc, RpcOptions } from './rpc.ts';
import { waitForBlock } from './waitForBlock.ts';

/**
 * What a poll found. Store `cursor` in the same transaction as what you made of the outcome; a `reorg`
 * asks you to undo everything above `commonAncestor`, `tooDeep` to stop and alarm.
 */
export type PollOutcome =
  | {
      readonly kind: 'events';
      /** In the order of the chain; empty when the blocks up to the cursor hold none. */
      readonly events: readonly EdgeEvent[];
      readonly cursor: Cursor;
      readonly head: BlockRef;
      /** The newest final block; undefined while the chain has none. */
      readonly final: BlockRef | undefined;
    }
  | {
      readonly kind: 'quiet';
      readonly cursor: Cursor;
      readonly head: BlockRef;
      readonly final: BlockRef | undefined;
    }
  /** The node has the block, not yet its logs: ask again, or another node. */
  | { readonly kind: 'logsMissing'; readonly block: number; readonly head: BlockRef }
  | Fork;

export interface EventStreamOptions {
  readonly rpc: Rpc;
  readonly sources: readonly EventSource[];
  readonly finality: Finality;
  /** Milliseconds between two questions for a new block. Default 250. */
  readonly intervalMs?: number;
  /** Blocks of the longest page. Default 10,000. */
  readonly maxRange?: number;
}

export interface PollOptions extends RpcOptions {
  /** Read up to here: the newest block (default), the newest final one, or a number. */
  readonly toBlock?: 'head' | 'final' | number;
}

/** The events of the edge contracts in order, from a cursor that the reader keeps. */
export interface EventStream {
  /** Reads one page. Reorganisation and lag are outcomes; only the transport throws. */
  poll(cursor: Cursor, options?: PollOptions): Promise<PollOutcome>;
  /**
   * Polls until aborted, waiting for blocks in between; yields every outcome but `quiet`. Ends after
   * `tooDeep`, or when the cursor has passed a numbered `toBlock`.
   */
  stream(from: Cursor, options?: PollOptions): AsyncGenerator<PollOutcome, void, void>;
  /** The newest final block; undefined while the chain has none. */
  finalBlock(options?: RpcOptions): Promise<BlockRef | undefined>;
}

const DENSE_PAGE = 64;
const AIMED_LOGS = 5_000;
const READINGS = 3;

export function eventStream(settings: EventStreamOptions): EventStream {
  const { rpc, sources, finality, intervalMs = 250, maxRange = 10_000 } = settings;
  const addresses = sources.map(({ address }) => address);
  const decode = eventDecoder(sources);
  const window = windowOf(finality);
  let range = Math.min(2_000, maxRange);

  /** One page, shorter where the node refuses so long a one. */
  async function readPage(page: PageRange, head: number, options: RpcOptions): Promise<LogPage> {
    const isNear = page.to > head - window;
    let to = isNear ? page.to : Math.min(page.to, page.from + range - 1);
    for (;;) {
      try {
        const shorter = { ...page, to };
        const read = await (isNear ? densePage : sparsePage)(rpc, shorter, options);
        if (read.kind === 'page' && !isNear) {
          range = read.logs.length < AIMED_LOGS / 2 ? Math.min(range * 2, maxRange) : range;
        }
        return read;
      } catch (error) {
        const blocks = to - page.from + 1;
        if (blocks === 1 || !asksForLess(error)) throw error;
        to = page.from + Math.floor(blocks / 2) - 1;
        if (!isNear) range = Math.max(1, Math.floor(blocks / 2));
      }
    }
  }

  async function poll(cursor: Cursor, options: PollOptions = {}): Promise<PollOutcome> {
    const { toBlock = 'head', ...rest } = options;
    for (let reading = 1; ; reading++) {
      const head = await headOf(rpc, rest);
      const final = finality.kind === 'instant' ? head : await finalBlock(rpc, finality, rest);
      const end =
        toBlock === 'head' ? head.number : toBlock === 'final' ? (final?.number ?? -1) : toBlock;
      const newest = cursor.window.at(-1);
      const to = Math.min(end, head.number, lastOfPage(cursor.next, head.number));
      const isReadable = cursor.next <= to;
      if (isReadable) {
        const page: PageRange = { addresses, from: cursor.next, to, previous: newest };
        const read = await readPage(page, head.number, rest);
        if (read.kind === 'logsMissing') return { ...read, head: refOf(head) };
        if (read.kind === 'page') {
          const events = read.logs.flatMap(({ log, time, from }) => decode(log, time, from) ?? []);
          const next = advanced(cursor, read.blocks, window);
          return {
            kind: 'events',
            events,
            cursor: next,
            head: refOf(head),
            final: final && refOf(final),
          };
        }
      }
      // A page that does not join, or a head that contradicts the newest block read.
      const isSameHead = newest?.number === head.number && newest.hash === head.hash;
      if (isReadable || (newest !== undefined && head.number <= newest.number && !isSameHead)) {
        const fork = await forkOf(rpc, cursor, head, rest);
        if (fork !== undefined) return fork;
      }
      // Nothing to read, or the chain moved during every reading: then the next poll finds it settled.
      if (!isReadable || reading === READINGS) {
        return { kind: 'quiet', cursor, head: refOf(head), final: final && refOf(final) };
      }
    }
  }

  /** Pages far below the head end where the near ones begin, so that the window is full of neighbours. */
  function lastOfPage(from: number, head: number): number {
    const near = head - window + 1;
    return from < near ? near - 1 : from + DENSE_PAGE - 1;
  }

  async function* stream(from: Cursor, options: PollOptions = {}) {
    const { toBlock = 'head', signal } = options;
    let cursor = from;
    while (typeof toBlock !== 'number' || cursor.next <= toBlock) {
      const outcome = await poll(cursor, options);
      if ('cursor' in outcome) cursor = outcome.cursor;
      if (outcome.kind !== 'quiet') yield outcome;
      if (outcome.kind === 'tooDeep') return;
      if (outcome.kind === 'events' || outcome.kind === 'reorg') continue;
      await waitForBlock(rpc, outcome.head.number, { intervalMs, signal });
    }
  }

  return {
    poll,
    stream,
    async finalBlock(options) {
      const block = await finalBlock(rpc, finality, options);
      return block && refOf(block);
    },
  };
}

const refOf = ({ number, hash }: BlockRef): BlockRef => ({ number, hash });

/** Whether the node may answer when it is asked for fewer blocks. */
const asksForLess = (error: unknown): boolean =>
  hasCode(error, 'RpcFailed') ||
  hasCode(error, 'RpcAnswerTooLarge') ||
  (error instanceof CarelatticeError && error.facts['reason'] === 'timeout');
