import type { GatewayFetch } from './gatewayClient.ts';

/** Where a gateway is, and the TLS key that it has to show. */
export interface PinnedGateway {
  readonly endpoint: string;
  readonly tlsKeyHash: `0x${string}`;
}

type Init = Parameters<GatewayFetch>[1];

/** As much of a pinned HTTPS client as is used here. */
export interface GatewayRequester {
  request(
    peer: PinnedGateway,
    request: Pick<Init, 'method' | 'headers' | 'body' | 'signal'> & { readonly path: string },
  ): ReturnType<GatewayFetch>;
}

/** The way to a node's gateway over HTTPS: only the node that shows the registered TLS key is asked. */
export const pinnedFetch =
  (client: GatewayRequester) =>
  (node: PinnedGateway): GatewayFetch =>
  async (url, { method, headers, body, signal }) => {
    const { pathname, search } = new URL(url);
    const base = new URL(node.endpoint).pathname.replace(/\/+$/, '');
    const path = `${pathname.slice(base.length)}${search}`;
    return client.request(node, { method, path, headers, body, signal });
  };
