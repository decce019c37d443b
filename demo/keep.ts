import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collect, piecesOf } from '../src/store/byteStream.ts';
import { rawCidOfDigest } from '../src/store/cid.ts';
import { fromHex } from '../src/hash/bytes.ts';
import type { LocalNetwork } from '../src/localnet/network.ts';
import type { Facts } from './facts.ts';
import { chainDump, chainState } from './outsider.ts';

/** Leaves what everybody could see: `public/` with the chain and the presence queries. The nodes' own lies in `private/`. */
export async function keepPublic(
  folder: string,
  network: LocalNetwork,
  facts: Facts,
): Promise<void> {
  const target = join(folder, 'public');
  await mkdir(join(target, 'presence-queries'), { recursive: true });
  const { blocks, receipts } = await chainDump(network);
  const state = await chainState(network, receipts);
  await writeFile(
    join(target, 'chain.json'),
    JSON.stringify({ chainId: network.manifest.chainId, blocks, receipts, state }, undefined, 1),
  );
  await writeFile(join(target, 'manifest.json'), JSON.stringify(network.manifest, undefined, 1));
  for (const { request, nodeId, queryDigest, paddedCount } of facts.requests) {
    const author = network.hospitals.find(({ self }) => self.nodeId === nodeId);
    if (author === undefined) continue;
    const size = paddedCount * 16;
    const content = author.open.components.store.get(
      rawCidOfDigest(fromHex(queryDigest, 32)),
      size,
    );
    const query = await collect(
      piecesOf(content),
      size,
      () => new Error('the query is longer than announced'),
    );
    await writeFile(join(target, 'presence-queries', `${request}.bin`), query);
  }
}
