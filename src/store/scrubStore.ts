import { hasCode } from '../errors.ts';
import type { BlockKeeper } from './blockKeeper.ts';
import { throwIfAborted } from './byteStream.ts';
import type { ContentStatus, ContentStore, ScrubCall, ScrubReport } from './contentStore.ts';
import type { Ledger } from './ledger.node.ts';
import type { Lock } from './lock.ts';
import { verifyHash } from './verifiedDag.ts';

export interface ScrubParts {
  ledger: Ledger;
  keeper: BlockKeeper;
  lock: Lock;
  pullMany: ContentStore['pullMany'];
}

/** Hashes each block once, whatever number of contents needs it; then pulls the damaged contents. */
export async function scrubStore(
  parts: ScrubParts,
  holdersOf: ScrubCall['holdersOf'],
  signal: AbortSignal,
): Promise<ScrubReport> {
  const { ledger, lock } = parts;
  const damaged = new Set<string>();
  let blocks = 0;
  for (const { cid, place } of ledger.blocks()) {
    throwIfAborted(signal);
    blocks++;
    if (place !== 'lost' && (await isGood(parts, cid, signal))) continue;
    await lock(async () => {
      // Erased, or healed, since it was read.
      if (ledger.block(cid) === undefined || (await isGood(parts, cid, signal))) return;
      for (const content of ledger.transaction(() =>
        ledger.lose([cid], 'ContentCorrupt: a stored block was damaged'),
      )) {
        damaged.add(content);
      }
      await parts.keeper.discard([cid], signal);
    });
  }
  const healed: string[] = [];
  if (holdersOf !== undefined) {
    for (const cid of damaged) {
      const content = ledger.content(cid);
      if (content !== undefined && (await heal(parts, content, holdersOf, signal)))
        healed.push(cid);
    }
  }
  return { blocks, damaged: [...damaged], healed };
}

async function heal(
  parts: ScrubParts,
  content: ContentStatus,
  holdersOf: NonNullable<ScrubCall['holdersOf']>,
  signal: AbortSignal,
): Promise<boolean> {
  // Another damaged content may have brought the shared block back already.
  if (content.state === 'pinned') return true;
  const [owner] = content.owners;
  if (owner === undefined) return false;
  const wanted = { owner, cid: content.cid, size: content.size };
  const [outcome] = await parts.pullMany([wanted], await holdersOf(content), { signal });
  return outcome?.kind === 'stored';
}

async function isGood(parts: ScrubParts, cid: string, signal: AbortSignal): Promise<boolean> {
  const bytes = await parts.keeper.load({ cid }, signal);
  if (bytes === undefined) return false;
  try {
    verifyHash(cid, bytes);
    return true;
  } catch (error) {
    if (hasCode(error, 'ContentCorrupt')) return false;
    throw error;
  }
}
