import { tableOf } from '../src/domain/sharingTable.ts';
import type { StorageNetwork } from './storageNetwork.ts';

/** Whether what was measured is what was promised; a wrong result has no number. */

const MOST_SHOWN = 10;

/** Holders that lack a record, strangers that have a block, wrong hashes on the disk, alarms, another root on chain. */
export async function storageFaults({ network, records }: StorageNetwork): Promise<string[]> {
  const faults: string[] = [];
  for (const [place, node] of network.hospitals.entries()) {
    const { store, holding } = node.open.components;
    for (const { record, person } of records) {
      const isHolder = person.hospitals.includes(place);
      for (const cid of [record.recordCid, record.wrapCid]) {
        if ((await store.has(cid)) !== isHolder)
          faults.push(
            `${node.name} ${isHolder ? 'lacks a block of a patient' : 'has a block of a stranger'}`,
          );
      }
      if (isHolder && holding.held(record.anchor)?.state !== 'held')
        faults.push(`${node.name} does not hold a record`);
    }
    // Reads every block back and hashes it.
    const { blocks, damaged } = await store.scrub();
    if (damaged.length > 0)
      faults.push(`${node.name} has ${damaged.length} of ${blocks} blocks with a wrong hash`);
    for (const { kind, request } of holding.alarms())
      faults.push(`${node.name} raised ${kind} at request ${request}`);
  }
  const active = network.consensus[0]?.open.components;
  const onChain = await active?.contracts.locator.call('root', [], 'latest');
  if (active === undefined || tableOf(active.consensus.entries()).root !== onChain) {
    faults.push('the root on chain is not that of the table');
  }
  return faults.slice(0, MOST_SHOWN);
}
