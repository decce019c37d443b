import { setTimeout as pause } from 'node:timers/promises';
import { headTime, pendingTime } from '../chain/blockTime.ts';
import type { Manifest } from '../chain/manifest.ts';
import type { Rpc } from '../chain/rpc.ts';
import { createPinnedClient } from '../courier/pinnedClient.node.ts';
import { randomBytes } from '../crypto/random.ts';
import { CATEGORIES } from '../fhir/categories.ts';
import { pinnedFetch } from '../store/pinnedGateway.node.ts';
import type { ClientNetwork } from './enrolment/enroll.ts';
import { createClientTransport } from './httpsTransport.node.ts';
import { networkView, noConsensusNode } from './networkView.ts';
import type { ReaderNetwork } from './reading/requestRecords.ts';
import type { LogReader } from './reading/whoLooked.ts';

/** Everything that a patient's or reader's program needs of a running network, over HTTPS. */
export type HttpsWays = ClientNetwork &
  ReaderNetwork &
  LogReader & {
    /** Reads directory, anchors and time anew. */
    refresh(): Promise<void>;
    close(): void;
  };

const POLL_MS = 250;

/** Reads the directory from the chain; nobody else is believed. @throws `NoConsensusNode`, and of the transport */
export async function httpsWays(manifest: Manifest, rpc: Rpc): Promise<HttpsWays> {
  const client = createPinnedClient({ profile: manifest.profile === 'local' ? 'local' : 'public' });
  const view = networkView(manifest, rpc);
  const readTime = manifest.profile === 'local' ? pendingTime(rpc) : headTime(rpc);
  let time = 0;
  async function refresh(): Promise<void> {
    await view.refresh();
    time = await readTime();
  }
  await refresh();
  return {
    transport: createClientTransport({ client }),
    gateway: pinnedFetch(client),
    nodes: view.nodes,
    get consensus() {
      if (view.active !== undefined) return view.active;
      throw noConsensusNode();
    },
    categories: CATEGORIES,
    random: randomBytes,
    anchoredBy: (nodeId) => view.anchors.get(nodeId) ?? [],
    now: () => time,
    async pause() {
      await pause(POLL_MS);
      time = await readTime();
    },
    refresh,
    close: () => client.close(),
  };
}
