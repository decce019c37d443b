import { hasCode } from '../../errors.ts';
import { utf8 } from '../../hash/bytes.ts';
import { GATEWAY_LIMITS } from '../../store/gatewayMeter.ts';
import type { OpenNode } from '../openNode.ts';
import { courierRoute } from './courierDoor.node.ts';
import type { DoorRequest, DoorResponse, Route } from './route.ts';

/** What a node's public door leads to. */
export interface NodeBehindDoor {
  /** Undefined while the node waits for its chain. */
  node(): OpenNode | undefined;
  /** One word or two: `ready`, or why not. */
  state(): string;
  /** Something arrived: the node has a step to do. */
  arrived(): void;
}

/** Where a node's client door takes sealed questions, below its endpoint. */
export const CLIENT_PATH = '/client';
/** An enrolment with a list of 256 relations fits four times. */
const CLIENT_BYTES = 1_048_576;

export const json = (status: number, value: unknown): DoorResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: utf8(JSON.stringify(value)),
});

/** The routes that the network reaches: courier, gateway, client door, health. */
export function nodeRoutes(behind: NodeBehindDoor): readonly Route[] {
  const whenOpen =
    (handle: (node: OpenNode, request: DoorRequest) => Promise<DoorResponse>) =>
    async (request: DoorRequest): Promise<DoorResponse> => {
      const node = behind.node();
      return node === undefined
        ? { status: 503, headers: { 'retry-after': '2' } }
        : handle(node, request);
    };
  const courier = courierRoute(async (frame) => {
    const answer = await (behind.node()?.courier.receive(frame) ??
      Promise.resolve(new Uint8Array()));
    behind.arrived();
    return answer;
  });
  const gateway = (method: Route['method'], path: string): Route => ({
    method,
    path,
    maxBodyBytes: method === 'POST' ? GATEWAY_LIMITS.requestBytes : 0,
    handle: whenOpen(async (node, { method, path, query, headers, stream }) => {
      const ask = { method, path, query, headers };
      const answer = await node.gatewayDoor(method === 'POST' ? { ...ask, body: stream } : ask);
      const { status, headers: told, body } = answer;
      return { status, headers: told, ...(body === undefined ? {} : { body }) };
    }),
  });
  return [
    { ...courier, handle: whenOpen((_, request) => courier.handle(request)) },
    gateway('POST', '/ipfs'),
    gateway('GET', '/ipfs/'),
    gateway('HEAD', '/ipfs/'),
    {
      method: 'POST',
      path: CLIENT_PATH,
      maxBodyBytes: CLIENT_BYTES,
      handle: whenOpen(async (node, request) => {
        const answer = await askClientDoor(node, await request.body());
        behind.arrived();
        return answer;
      }),
    },
    {
      method: 'GET',
      path: '/healthz',
      maxBodyBytes: 0,
      handle: async () => json(200, { alive: true }),
    },
    {
      method: 'GET',
      path: '/readyz',
      maxBodyBytes: 0,
      handle: async () => {
        const state = behind.state();
        return json(state === 'ready' ? 200 : 503, { state });
      },
    },
  ];
}

async function askClientDoor(node: OpenNode, sealed: Uint8Array): Promise<DoorResponse> {
  try {
    return {
      status: 200,
      headers: { 'content-type': 'application/octet-stream' },
      body: await node.clientDoor(sealed),
    };
  } catch (error) {
    // Not sealed to this node: there is no key to answer with.
    if (hasCode(error, 'OpeningFailed')) return json(400, { code: error.code });
    throw error;
  }
}
