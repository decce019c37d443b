import { piecesOf } from './byteStream.ts';
import { storeMismatch } from './contentErrors.ts';
import type { KuboRpc } from './kuboRpc.ts';

/** Byte i of the contents whose CIDs a real Kubo gave (`vectors/cids.json`). */
const knownBytes = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (131 * i + 31 * (i >>> 8) + 17 * (i >>> 16) + 7) & 255);

const VECTORS = [
  { length: 1_024, cid: 'bafkreiav64xtxy54ogqfaceno562v3ti4264lfipxciun7iiwqucpp2oza' },
  { length: 1_048_577, cid: 'bafybeiaizzdirdv5hkeu3v7z4iamldeexzufondc4gl4vqifpx5vancn74' },
  // 200 leaves under one node: shows max-file-links, which else shows only above 174 MiB.
  {
    length: 204_800,
    chunker: 'size-1024',
    cid: 'bafybeigluiwlgdzt3654w6ahfcuodmeb7fbiod76rhvozcssy3u2zpputa',
  },
];

/** Has the daemon hash known contents, storing nothing. @throws `StoreMismatch`, `ContentUnavailable` */
export async function testKubo(rpc: KuboRpc, signal: AbortSignal): Promise<void> {
  for (const { length, cid, chunker } of VECTORS) {
    const got = await rpc.add(piecesOf(knownBytes(length)), signal, {
      onlyHash: true,
      pin: false,
      ...(chunker === undefined ? {} : { chunker }),
    });
    if (got !== cid) {
      throw storeMismatch('it gives other CIDs than the profile; take a later Kubo', {
        bytes: length,
        expected: cid,
        got,
      });
    }
  }
}
