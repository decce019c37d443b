import { startSha256 } from '#sha256';
import { equalBytes } from '../hash/bytes.ts';
import type { BlockKeeper, ContentReceiver, KeeperBatch } from './blockKeeper.ts';
import type { BlockEntry, BuiltContent } from './buildDag.ts';
import { piecesOf } from './byteStream.ts';
import type { ByteSource } from './byteStream.ts';
import { encodeCarBlock, encodeCarHeader, writeCar } from './car.ts';
import type { Block } from './car.ts';
import { CHUNK_BYTES } from './cid.ts';
import { STORE_LIMITS, composeStore } from './composeStore.ts';
import type { StoreLimits } from './composeStore.ts';
import { contentCorrupt, storeMismatch } from './contentErrors.ts';
import type { ContentStore } from './contentStore.ts';
import { connectKubo } from './kuboRpc.ts';
import type { KuboOptions, KuboRpc } from './kuboRpc.ts';
import { testKubo } from './kuboSelfTest.ts';
import { openLedger } from './ledger.node.ts';
import type { Ledger } from './ledger.node.ts';
import { createPipe } from './pipe.ts';
import { readCar, readDag } from './verifiedDag.ts';
import type { ContentRef, VerifiedBlock } from './verifiedDag.ts';

export interface KuboStoreOptions extends KuboOptions {
  /** File of the store's own ledger: owners, states, what was erased. */
  ledger: string;
  limits?: StoreLimits;
}

/**
 * The driver for an operator's own Kubo. Blocks and pins lie there; who needs them lies here.
 * @throws `StoreMismatch` when the daemon gives other CIDs, `ContentUnavailable` when it does not answer
 */
export async function openKuboStore(options: KuboStoreOptions): Promise<ContentStore> {
  const rpc = connectKubo(options);
  await testKubo(rpc, AbortSignal.timeout(options.requestMs ?? 120_000));
  const ledger = openLedger(options.ledger);
  return composeStore(ledger, keepInKubo(rpc, ledger), options.limits ?? STORE_LIMITS);
}

function keepInKubo(rpc: KuboRpc, ledger: Pick<Ledger, 'block'>): BlockKeeper {
  const load: BlockKeeper['load'] = ({ cid }, signal) => rpc.block(cid, signal);

  async function* read(content: ContentRef, signal: AbortSignal): AsyncGenerator<VerifiedBlock> {
    for await (const event of readCar(rpc.exportCar(content.cid, signal), [content])) {
      if (event.kind === 'missing') throw contentCorrupt(content.cid, 'the root is missing');
      if (event.kind === 'block') yield event.block;
      if (event.kind === 'repeat') {
        yield* readDag(event.expected, (block) => load(block, signal), signal);
      }
    }
  }

  /** Walks a content in the daemon to its end. @returns its blocks, and the hash of its bytes */
  async function walk(content: ContentRef, signal: AbortSignal) {
    const blocks = new Map<string, BlockEntry>();
    const hash = startSha256();
    for await (const { cid, bytes, leaf } of read(content, signal)) {
      blocks.set(cid, { cid, size: bytes.length });
      if (leaf) hash.update(bytes);
    }
    return { blocks: [...blocks.values()], digest: hash.digest() };
  }

  /** Unpins contents and removes blocks. @returns blocks that another pin of the daemon needs */
  async function remove(
    contents: readonly string[],
    blocks: readonly string[],
    signal: AbortSignal,
  ): Promise<string[]> {
    for (const cid of contents) await rpc.unpin(cid, signal);
    const removals = await rpc.removeBlocks(blocks, signal);
    return blocks.filter((cid) => removals.get(cid) === 'pinned');
  }

  function openBatch(): KeeperBatch {
    const pinned = new Set<string>();
    const arrived = new Set<string>();
    const small: Block[] = [];

    async function write(source: ByteSource, signal: AbortSignal): Promise<BuiltContent> {
      const hash = startSha256();
      let size = 0;
      const counted = async function* (): AsyncGenerator<Uint8Array> {
        for await (const piece of piecesOf(source)) {
          hash.update(piece);
          size += piece.length;
          yield piece;
        }
      };
      const cid = await rpc.add(counted(), signal);
      pinned.add(cid);
      arrived.add(cid);
      const { blocks, digest } = await walk({ cid, size }, signal);
      for (const block of blocks) arrived.add(block.cid);
      if (!equalBytes(digest, hash.digest())) {
        throw storeMismatch('it stored other bytes than it was given', { cid });
      }
      return { cid, size, blocks };
    }

    function receive(content: ContentRef, signal: AbortSignal): ContentReceiver {
      if (content.size <= CHUNK_BYTES) return receiveSmall();
      const pipe = createPipe();
      const sending = rpc.importCar(pipe.pieces, [content.cid], signal);
      // Reported by whole; a write into a broken request fails by itself.
      sending.catch((error: unknown) => pipe.fail(error));
      let head: Uint8Array | undefined = encodeCarHeader([content.cid]);
      return {
        async take(block) {
          if (head !== undefined) await pipe.write(head);
          head = undefined;
          arrived.add(block.cid);
          await pipe.write(encodeCarBlock(block));
        },
        async whole() {
          pipe.end();
          await sending;
          pinned.add(content.cid);
          await walk(content, signal);
        },
        async abandon() {
          pipe.fail(new Error('the content broke off'));
          await sending.catch(() => undefined);
        },
      };
    }

    /** One raw block: sent with the others of its batch, in one request. */
    const receiveSmall = (): ContentReceiver => ({
      async take({ cid, bytes }) {
        small.push({ cid, bytes: bytes.slice() });
      },
      whole: async () => undefined,
      abandon: async () => undefined,
    });

    return {
      write,
      receive,
      async place(signal) {
        if (small.length === 0) return;
        const roots = small.map(({ cid }) => cid);
        for (const cid of roots) arrived.add(cid);
        const blocks = async function* (): AsyncGenerator<Block> {
          yield* small;
        };
        await rpc.importCar(writeCar(roots, blocks()), roots, signal);
        for (const cid of roots) pinned.add(cid);
        for (const { cid, bytes } of small) await walk({ cid, size: bytes.length }, signal);
      },
      placeOf: () => ({ place: 'driver' }),
      async finish(recorded) {
        // What the ledger needs, from this batch or an earlier one, stays.
        const isStray = (cid: string): boolean =>
          !recorded.has(cid) && ledger.block(cid) === undefined;
        const stray = [...arrived].filter(isStray);
        if (stray.length === 0) return;
        await remove([...pinned].filter(isStray), stray, AbortSignal.timeout(CLEAN_UP_MS));
      },
    };
  }

  return {
    openBatch,
    load,
    read,
    async remove({ contents, blocks }, signal) {
      const kept = await remove(contents, blocks, signal);
      // A root that an earlier, interrupted erasure left pinned.
      return kept.length === 0 ? kept : remove(kept, kept, signal);
    },
    // The daemon overwrites a block that is imported again (Datastore.WriteThrough), pinned or not.
    discard: async () => undefined,
    close: () => undefined,
  };
}

const CLEAN_UP_MS = 30_000;
