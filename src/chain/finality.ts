import { headerAt, headOf } from './blocks.ts';
import type { BlockHeader } from './blocks.ts';
import type { Rpc, RpcOptions } from './rpc.ts';

/**
 * When a block counts as final, configured per chain and never guessed: at once, `blocks` below the
 * newest block, or where the client's tag says so.
 */
export type Finality =
  | { readonly kind: 'instant' }
  | { readonly kind: 'depth'; readonly blocks: number }
  | { readonly kind: 'tag'; readonly tag: 'finalized' | 'safe' };

/** The newest final block; undefined while the chain is too young to have one. */
export async function finalBlock(
  rpc: Rpc,
  finality: Finality,
  options?: RpcOptions,
): Promise<BlockHeader | undefined> {
  switch (finality.kind) {
    case 'instant':
      return await headOf(rpc, options);
    case 'depth': {
      const head = await headOf(rpc, options);
      const number = head.number - finality.blocks;
      return number < 0 ? undefined : await headerAt(rpc, number, options);
    }
    case 'tag':
      return await headerAt(rpc, finality.tag, options);
  }
}

/** Block hashes a reader keeps to find its way back after a reorganisation: max(64, 2 x depth). */
export const windowOf = (finality: Finality): number =>
  finality.kind === 'depth' ? Math.max(64, 2 * finality.blocks) : 64;
