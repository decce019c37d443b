import type { PinnedClient } from '../courier/pinnedClient.node.ts';
import type { KnownNode } from '../domain/knownNode.ts';
import type { GatewayFetch } from '../store/gatewayClient.ts';

/** The way to another node's gateway over HTTPS: only the node that shows the registered TLS key is asked. */
export const pinnedFetch =
  (client: PinnedClient) =>
  (node: KnownNode): GatewayFetch =>
  async (url, { method, headers, body, signal }) => {
    const { pathname, search } = new URL(url);
    const base = new URL(node.endpoint).pathname.replace(/\/+$/, '');
    const path = `${pathname.slice(base.length)}${search}`;
    return client.request(node, { method, path, headers, body, signal });
  };
