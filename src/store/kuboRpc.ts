import { create } from 'kubo-rpc-client';
import { CarelatticeError, messageOf } from '../errors.ts';
import { refuseBlockedPort } from './blockedPorts.ts';
import { limited, piecesOfStream, throwIfAborted, withLimits } from './byteStream.ts';
import { parseCid } from './cid.ts';
import { contentIncomplete, contentUnavailable } from './contentErrors.ts';

export interface KuboOptions {
  /** Base of the RPC, `http://127.0.0.1:5001`. */
  url: string;
  /** Value of the `Authorization` header, as in the daemon's `API.Authorizations`. */
  authorization?: string;
  /** Longest time of one request, milliseconds. Default 120,000. */
  requestMs?: number;
}

/** What block/rm said of a block. `absent` is as good as `removed`; `pinned` means somebody needs it. */
export type Removal = 'removed' | 'absent' | 'pinned';

/**
 * The endpoints of Kubo's RPC that the store uses, each with every option, a time limit and, where
 * only local content is meant, `offline`. @throws `ContentUnavailable` from every call
 */
export interface KuboRpc {
  /** @returns the root's CID in whatever version the daemon chose; more options override ours */
  add(
    source: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
    more?: { onlyHash?: boolean; pin?: boolean; chunker?: string },
  ): Promise<string>;
  /** Imports and pins a CAR. @throws `ContentIncomplete` when a root was not pinned */
  importCar(
    source: AsyncIterable<Uint8Array>,
    roots: readonly string[],
    signal: AbortSignal,
  ): Promise<void>;
  /** The CAR as it comes: its end proves nothing. */
  exportCar(cid: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  block(cid: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Takes a recursive pin off; none is fine. */
  unpin(cid: string, signal: AbortSignal): Promise<void>;
  removeBlocks(cids: readonly string[], signal: AbortSignal): Promise<Map<string, Removal>>;
}

/** The profile `unixfs-v1-2025`: the daemon's own defaults are the profile of 2015. */
const ADD_OPTIONS = {
  cidVersion: 1,
  rawLeaves: true,
  chunker: 'size-1048576',
  maxFileLinks: 1_024,
  hashAlg: 'sha2-256',
  trickle: false,
} as const;

const NOT_HERE = /could not find|not found locally|block was not found/;
const NOT_PINNED = /not pinned/;
const BLOCKS_PER_REQUEST = 100;

export function connectKubo(options: KuboOptions): KuboRpc {
  const { url, authorization, requestMs = 120_000 } = options;
  refuseBlockedPort(url);
  const headers = authorization === undefined ? {} : { authorization };
  const client = create({ url, headers });
  const base = url.replace(/\/+$/, '');

  /** Runs a request under its time limit; every failure is one of ours. */
  const request = async <T>(
    what: string,
    signal: AbortSignal,
    send: (options: { signal: AbortSignal; timeout: number }) => Promise<T>,
  ): Promise<T> => {
    throwIfAborted(signal);
    const both = AbortSignal.any([signal, AbortSignal.timeout(requestMs)]);
    try {
      return await withLimits(send({ signal: both, timeout: requestMs }), { signal: both });
    } catch (error) {
      if (error instanceof CarelatticeError) throw error;
      throw contentUnavailable(`the IPFS daemon failed at ${what}`, error, {
        reason: messageOf(error).slice(0, 200),
      });
    }
  };

  return {
    add: (source, signal, more = {}) =>
      request('add', signal, async (limits) => {
        const guarded = failingWith(source);
        // The client's type does not know maxFileLinks, but passes it on.
        const all = { ...ADD_OPTIONS, pin: true, ...more, ...limits, wrapWithDirectory: false };
        try {
          const added = await client.add(guarded.pieces, all);
          guarded.rethrow();
          return added.cid.toString();
        } catch (error) {
          guarded.rethrow();
          throw error;
        }
      }),
    importCar: (source, roots, signal) =>
      request('dag/import', signal, async (limits) => {
        const guarded = failingWith(source);
        const open = new Set(roots);
        try {
          const answers = client.dag.import([guarded.pieces], { ...limits, pinRoots: true });
          for await (const { root } of answers) {
            const cid = root.cid.toString();
            // Kubo answers 200 also when a block was missing, and tells it only here.
            if (root.pinErrorMsg !== '') throw contentIncomplete(cid, new Error(root.pinErrorMsg));
            open.delete(cid);
          }
        } catch (error) {
          guarded.rethrow();
          throw error;
        }
        guarded.rethrow();
        for (const cid of open) throw contentIncomplete(cid);
      }),
    async *exportCar(cid, signal) {
      // Not by the client: it sends neither `offline` nor `timeout` here.
      const query = `arg=${cid}&offline=true&timeout=${requestMs}ms`;
      const answer = await request('dag/export', signal, () =>
        fetch(`${base}/api/v0/dag/export?${query}`, { method: 'POST', headers, signal }),
      );
      if (!answer.ok || answer.body === null) {
        const reason = (await answer.text()).slice(0, 200);
        throw contentUnavailable('the IPFS daemon failed at dag/export', undefined, { reason });
      }
      yield* limited(piecesOfStream(answer.body), { signal, idleMs: requestMs });
    },
    block: (cid, signal) =>
      request('block/get', signal, async (limits) => {
        // The client's type does not know offline, but passes it on.
        const all = { ...limits, offline: true };
        try {
          return await client.block.get(parseCid(cid), all);
        } catch (error) {
          if (NOT_HERE.test(messageOf(error))) return undefined;
          throw error;
        }
      }),
    unpin: (cid, signal) =>
      request('pin/rm', signal, async (limits) => {
        try {
          await client.pin.rm(parseCid(cid), { ...limits, recursive: true });
        } catch (error) {
          if (!NOT_PINNED.test(messageOf(error))) throw error;
        }
      }),
    async removeBlocks(cids, signal) {
      const removals = new Map<string, Removal>();
      for (let at = 0; at < cids.length; at += BLOCKS_PER_REQUEST) {
        const group = cids.slice(at, at + BLOCKS_PER_REQUEST);
        await request('block/rm', signal, async (limits) => {
          for await (const { cid, error } of client.block.rm(group.map(parseCid), limits)) {
            // An error text lies in an answer of status 200, and the client does not throw it.
            removals.set(cid.toString(), removalOf(error));
          }
          const silent = group.find((cid) => !removals.has(cid));
          if (silent !== undefined) throw new Error(`no answer for ${silent}`);
        });
      }
      return removals;
    },
  };
}

function removalOf(error: Error | undefined): Removal {
  if (error === undefined) return 'removed';
  if (NOT_HERE.test(error.message)) return 'absent';
  if (error.message.startsWith('pinned')) return 'pinned';
  throw error;
}

/** The client swallows what a source throws while it uploads; this keeps it. */
function failingWith(source: AsyncIterable<Uint8Array>): {
  pieces: AsyncIterable<Uint8Array>;
  rethrow(): void;
} {
  let failed: { error: unknown } | undefined;
  return {
    pieces: (async function* () {
      try {
        yield* source;
      } catch (error) {
        failed = { error };
        throw error;
      }
    })(),
    rethrow() {
      if (failed !== undefined) throw failed.error;
    },
  };
}
