import { encodeMessage } from '../../wire/messages.ts';
import { type GatewayTicket, TICKET_HEADER } from '../../wire/readMessages.ts';
import { concat } from '../../hash/bytes.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import {
  createGatewayClient,
  type GatewayClient,
  type GatewayContent,
  type GatewayFetch,
} from '../../store/gatewayClient.ts';

/** The way to a node's gateway. */
export type GatewayWay = (node: KnownNode) => GatewayFetch;

/** A node's gateway, asked with a new ticket at each request. */
export const ticketGateway = (
  way: GatewayWay,
  node: KnownNode,
  ticket: () => GatewayTicket,
): GatewayClient =>
  createGatewayClient({
    url: node.endpoint,
    fetch: way(node),
    authorize: () => Promise.resolve({ [TICKET_HEADER]: base64url(encodeMessage(ticket())) }),
  });

/** What fits into one answer's memory; larger contents come as a stream. */
const SMALL = 1 << 20;

/** The bytes of all these contents, in their order. @throws `ContentNotFound`, `ContentUnavailable`, `ContentCorrupt` */
export async function fetchAll(
  gateway: GatewayClient,
  contents: readonly GatewayContent[],
): Promise<Uint8Array[]> {
  // Records of one batch share a wrap: it comes once.
  const once = new Map(contents.map((content) => [content.cid, content]));
  const small = [...once.values()].filter(({ size }) => size <= SMALL);
  const bytes = new Map<string, Uint8Array>();
  for (const one of small.length === 0 ? [] : await gateway.fetchMany(small)) {
    if (one.kind === 'failed') throw one.error;
    bytes.set(one.content.cid, one.bytes);
  }
  for (const content of once.values()) {
    if (bytes.has(content.cid)) continue;
    const pieces: Uint8Array[] = [];
    for await (const piece of gateway.stream(content)) pieces.push(piece);
    bytes.set(content.cid, concat(...pieces));
  }
  return contents.flatMap(({ cid }) => bytes.get(cid) ?? []);
}

function base64url(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
