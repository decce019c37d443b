import type { TableChange } from '../../journal/consensusTables.ts';
import type { Components } from '../components.ts';
import { applyRelationsOnChain } from './applyRelations.ts';
import { postSeal } from './sealBatches.ts';

/** Brings the pending change of the table to the chain; one that failed there is void, and the next is made from what is. */
export async function postChange(c: Components, change: TableChange): Promise<void> {
  const posted =
    change.kind === 'seal' ? await postSeal(c, change) : await applyRelationsOnChain(c, change);
  if (posted === 'sent') c.consensus.setChange(change.id, 'sent');
  if (posted === 'failed') c.consensus.setChange(change.id, 'void');
}
