import { headerCall, headerOf } from './blocks.ts';
import type { BlockRef } from './blocks.ts';
import { rewound } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { sendAll } from './rpc.ts';
import type { Rpc, RpcOptions } from './rpc.ts';

/** The chain no longer holds the newest blocks that were read. */
export type Fork =
  | {
      readonly kind: 'reorg';
      /** The newest block read that is still on the chain: undo everything above it. */
      readonly commonAncestor: BlockRef;
      readonly dropped: readonly BlockRef[];
      /** Where to read on. */
      readonly cursor: Cursor;
    }
  /** No block of the window is on the chain any more: stop and alarm, never rewrite. */
  | { readonly kind: 'tooDeep'; readonly oldest: BlockRef }
  /** The node is behind what was read already, on the same chain. */
  | { readonly kind: 'lagging'; readonly head: BlockRef; readonly next: number };

/**
 * Compares the window with the chain up to `head`. Undefined: the newest block read is on the chain.
 * A node that is merely behind (syncing, restored) shows no block that contradicts the window.
 */
export async function forkOf(
  rpc: Rpc,
  cursor: Cursor,
  head: BlockRef,
  options?: RpcOptions,
): Promise<Fork | undefined> {
  const oldest = cursor.window[0];
  const newest = cursor.window.at(-1);
  if (oldest === undefined || newest === undefined) return undefined;
  const visible = cursor.window.filter(({ number }) => number <= head.number);
  const answers = await sendAll(
    rpc,
    visible.map(({ number }) => headerCall(number)),
    options,
  );
  const kept = visible.filter(({ hash }, index) => headerOf(answers[index])?.hash === hash);
  const ancestor = kept.at(-1);
  if (ancestor === newest) return undefined;
  if (kept.length === visible.length && visible.length < cursor.window.length) {
    return { kind: 'lagging', head: { number: head.number, hash: head.hash }, next: cursor.next };
  }
  if (ancestor === undefined) return { kind: 'tooDeep', oldest };
  const dropped = cursor.window.filter(({ number }) => number > ancestor.number);
  return { kind: 'reorg', commonAncestor: ancestor, dropped, cursor: rewound(cursor, ancestor) };
}
