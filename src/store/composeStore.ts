import type { CarelatticeError } from '../errors.ts';
import type { BlockKeeper, KeeperBatch } from './blockKeeper.ts';
import type { BlockEntry } from './buildDag.ts';
import { limited } from './byteStream.ts';
import { writeCar } from './car.ts';
import type { Block } from './car.ts';
import { parseCid } from './cid.ts';
import {
  asOurs,
  contentCorrupt,
  contentErased,
  contentIncomplete,
  contentNotFound,
  contentUnavailable,
  storeClosed,
} from './contentErrors.ts';
import type {
  ContentOutcome,
  ContentStatus,
  ContentStore,
  StoreCall,
  WantedContent,
} from './contentStore.ts';
import type { Arrival, Ledger } from './ledger.node.ts';
import { createLock } from './lock.ts';
import { pullContents } from './pullContents.ts';
import { scrubStore } from './scrubStore.ts';
import { readCar, readDag, verifyHash } from './verifiedDag.ts';
import type { ContentRef, VerifiedBlock } from './verifiedDag.ts';

export interface StoreLimits {
  /** Longest time of one call, milliseconds. */
  callMs: number;
  /** Longest wait for the next piece of a stream from elsewhere, milliseconds. */
  idleMs: number;
}

export const STORE_LIMITS: StoreLimits = { callMs: 600_000, idleMs: 30_000 };

/** A `ContentStore` over a ledger and a driver: what all three drivers have in common. */
export function composeStore(
  ledger: Ledger,
  keeper: BlockKeeper,
  limits: StoreLimits = STORE_LIMITS,
): ContentStore {
  const lock = createLock();
  let closed = false;

  const signalOf = (call: StoreCall | undefined): AbortSignal => {
    if (closed) throw storeClosed();
    const limit = AbortSignal.timeout(limits.callMs);
    return call?.signal === undefined ? limit : AbortSignal.any([call.signal, limit]);
  };
  const refuseErased = (owner: string): void => {
    if (ledger.isErased(owner)) throw contentErased(owner);
  };
  const pinned = (cid: string): ContentStatus => {
    if (closed) throw storeClosed();
    const content = ledger.content(cid);
    if (content?.state !== 'pinned') throw contentNotFound(cid);
    return content;
  };

  /** Group commit. @returns the arrivals whose owner was erased in the meantime */
  const commit = (batch: KeeperBatch, arrivals: readonly Arrival[], signal: AbortSignal) =>
    lock(async (): Promise<Arrival[]> => {
      if (closed) throw storeClosed();
      await batch.place(signal);
      return ledger.transaction(() => {
        const refused = arrivals.filter((arrival) => ledger.isErased(arrival.owner));
        for (const arrival of arrivals) {
          if (!refused.includes(arrival)) ledger.arrive(arrival, (cid) => batch.placeOf(cid));
        }
        return refused;
      });
    });
  const blocksOf = (arrivals: readonly Arrival[]): Set<string> =>
    new Set(arrivals.flatMap((arrival) => arrival.blocks.map((block) => block.cid)));
  /** Runs `work` with a batch that is always ended; `work` tells what was recorded. */
  const inBatch = async <T>(
    work: (batch: KeeperBatch, recorded: (arrivals: readonly Arrival[]) => void) => Promise<T>,
  ): Promise<T> => {
    const batch = keeper.openBatch();
    let kept: ReadonlySet<string> = new Set();
    try {
      return await work(batch, (arrivals) => (kept = blocksOf(arrivals)));
    } finally {
      await lock(() => batch.finish(kept));
    }
  };

  const putMany: ContentStore['putMany'] = async (items, call) => {
    const signal = signalOf(call);
    for (const { owner } of items) refuseErased(owner);
    return inBatch(async (batch, recorded) => {
      const arrivals: Arrival[] = [];
      for (const { owner, source } of items) {
        const built = await batch.write(
          source instanceof Uint8Array ? source : limited(source, { signal }),
          signal,
        );
        arrivals.push({ owner, ...built });
      }
      const refused = await commit(batch, arrivals, signal);
      recorded(arrivals.filter((arrival) => !refused.includes(arrival)));
      if (refused[0] !== undefined) throw contentErased(refused[0].owner);
      return arrivals.map(({ cid, size }) => ({ cid, size }));
    });
  };

  /** Takes what comes whole off a CAR; the rest fails with the error that ended it. */
  const takeCar = async (
    stream: AsyncIterable<Uint8Array>,
    wanted: readonly WantedContent[],
    signal: AbortSignal,
    holder?: string,
  ): Promise<ContentOutcome[]> => {
    for (const { owner } of wanted) refuseErased(owner);
    const byCid = new Map(wanted.map((content) => [content.cid, content]));
    const failed = new Map<string, CarelatticeError>();
    const whole = new Map<string, BlockEntry[]>();
    return inBatch(async (batch, recorded) => {
      let under: { cid: string; receiver: ReturnType<KeeperBatch['receive']> } | undefined;
      let blocks: BlockEntry[] = [];
      try {
        const pieces = limited(stream, { signal, idleMs: limits.idleMs });
        for await (const event of readCar(pieces, [...byCid.values()])) {
          const { cid } = event.content;
          if (event.kind === 'missing') failed.set(cid, contentNotFound(cid));
          if (event.kind === 'block') {
            if (under?.cid !== cid) {
              under = { cid, receiver: batch.receive(event.content, signal) };
              blocks = [];
            }
            await under.receiver.take(event.block);
            blocks.push({ cid: event.block.cid, size: event.block.bytes.length });
          }
          if (event.kind === 'whole') {
            await under?.receiver.whole();
            under = undefined;
            whole.set(cid, blocks);
          }
        }
      } catch (error) {
        const why = asOurs(error);
        await under?.receiver.abandon();
        for (const cid of byCid.keys()) {
          // Behind the one that broke, the others are only cut off.
          if (whole.has(cid) || failed.has(cid)) continue;
          const isBroken =
            under === undefined || under.cid === cid || why.code !== 'ContentCorrupt';
          failed.set(cid, isBroken ? why : contentIncomplete(cid, why));
        }
      }
      const arrivals = wanted.flatMap((content): Arrival[] => {
        const entries = whole.get(content.cid);
        if (entries === undefined) return [];
        return [{ ...content, blocks: entries, ...(holder === undefined ? {} : { holder }) }];
      });
      const refused = arrivals.length === 0 ? [] : await commit(batch, arrivals, signal);
      recorded(arrivals.filter((arrival) => !refused.includes(arrival)));
      return wanted.map((content): ContentOutcome => {
        const error =
          failed.get(content.cid) ??
          (refused.some((arrival) => arrival.owner === content.owner)
            ? contentErased(content.owner)
            : undefined);
        return error === undefined
          ? { kind: 'stored', wanted: content }
          : { kind: 'failed', wanted: content, error };
      });
    });
  };

  const readVerified = (content: ContentRef, signal: AbortSignal): AsyncIterable<VerifiedBlock> =>
    keeper.read?.(content, signal) ??
    readDag(content, (block) => keeper.load(block, signal), signal);

  async function* blocksOnce(
    contents: readonly ContentRef[],
    signal: AbortSignal,
  ): AsyncGenerator<Block> {
    for (const content of contents) {
      const seen = new Set<string>();
      for await (const block of readVerified(content, signal)) {
        if (seen.has(block.cid)) continue;
        seen.add(block.cid);
        yield block;
      }
    }
  }

  async function* exportMany(
    cids: readonly string[],
    call?: StoreCall,
  ): AsyncGenerator<Uint8Array> {
    const signal = signalOf(call);
    const contents = [...new Set(cids)].map(pinned);
    yield* writeCar(
      contents.map(({ cid }) => cid),
      blocksOnce(contents, signal),
    );
  }

  /** Takes owners off under the lock, then the blocks off the disk, then the traces out of the log. */
  const release = (owner: string, cid: string | undefined, call?: StoreCall) => {
    const signal = signalOf(call);
    return lock(async () => {
      const freed = ledger.transaction(() => ledger.release(owner, cid));
      // What an earlier, interrupted removal left behind goes as well.
      const doomed = [...new Set([...freed.blocks, ...ledger.doomed()])];
      const kept = new Set(await keeper.remove({ ...freed, blocks: doomed }, signal));
      ledger.transaction(() => ledger.unlinked(doomed));
      await ledger.flushDeleted(signal);
      return {
        owner,
        unlinked: doomed.filter((block) => !kept.has(block)),
        stillNeeded: [...freed.stillNeeded, ...kept],
      };
    });
  };

  const importMany: ContentStore['importMany'] = async (stream, wanted, call) =>
    takeCar(stream, wanted, signalOf(call));
  const pullMany: ContentStore['pullMany'] = async (wanted, holders, call) => {
    const signal = signalOf(call);
    return pullContents({ ledger, lock, takeCar }, wanted, holders, signal);
  };

  return {
    putMany,
    async put(owner, source, call) {
      const [stored] = await putMany([{ owner, source }], call);
      if (stored === undefined) throw contentUnavailable('nothing was stored');
      return stored;
    },
    async *get(cid, size, call) {
      const signal = signalOf(call);
      parseCid(cid);
      const content = pinned(cid);
      if (content.size !== size) {
        throw contentCorrupt(cid, 'another size', { expected: size, stored: content.size });
      }
      for await (const block of readVerified(content, signal)) if (block.leaf) yield block.bytes;
    },
    async has(cid) {
      if (closed) throw storeClosed();
      return ledger.content(cid)?.state === 'pinned';
    },
    async status(cid) {
      if (closed) throw storeClosed();
      return ledger.content(cid);
    },
    async *list() {
      if (closed) throw storeClosed();
      for (const content of ledger.contents()) yield content;
    },
    pin: (owner, cid) =>
      lock(async () => {
        pinned(cid);
        ledger.transaction(() => {
          refuseErased(owner);
          ledger.addOwner(owner, cid);
        });
      }),
    async unpin(owner, cid) {
      await release(owner, cid);
    },
    queue: (wanted) =>
      lock(async () => {
        if (closed) throw storeClosed();
        for (const content of wanted) parseCid(content.cid);
        ledger.transaction(() => {
          for (const content of wanted) {
            refuseErased(content.owner);
            ledger.note(content, 'queued', {});
          }
        });
      }),
    pullMany,
    async pull(owner, cid, size, holders, call) {
      throwIfFailed(await pullMany([{ owner, cid, size }], holders, call));
    },
    importMany,
    async importCar(owner, stream, cid, size, call) {
      throwIfFailed(await importMany(stream, [{ owner, cid, size }], call));
    },
    exportCar: (cid, call) => exportMany([cid], call),
    exportMany,
    async block(content, cid, call) {
      const signal = signalOf(call);
      if (ledger.content(content)?.state !== 'pinned' || !ledger.isBlockOf(content, cid)) {
        return undefined;
      }
      const bytes = await keeper.load({ cid }, signal);
      if (bytes === undefined) throw contentCorrupt(content, 'a block is missing', { block: cid });
      verifyHash(cid, bytes);
      return { cid, bytes, leaf: cid.startsWith('bafkrei') };
    },
    erase: async (owner, call) => release(owner, undefined, call),
    async scrub(call) {
      const signal = signalOf(call);
      return scrubStore({ ledger, keeper, lock, pullMany }, call?.holdersOf, signal);
    },
    close: () =>
      lock(async () => {
        if (closed) return;
        closed = true;
        keeper.close();
        ledger.close();
      }),
  };
}

function throwIfFailed(outcomes: readonly ContentOutcome[]): void {
  for (const outcome of outcomes) if (outcome.kind === 'failed') throw outcome.error;
}
