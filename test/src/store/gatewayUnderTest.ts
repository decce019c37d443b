import { GATEWAY_LIMITS, createGatewayMeter } from '../../../src/store/gatewayMeter.ts';
import type { GatewayLimits } from '../../../src/store/gatewayMeter.ts';
import type { GatewayContent } from '../../../src/store/gatewayClient.ts';
import { answerGateway } from '../../../src/store/gatewayServer.ts';
import type {
  GatewayAnswer,
  GatewayComponents,
  GatewayRequest,
  ServedRead,
} from '../../../src/store/gatewayServer.ts';
import { openMemoryStore } from '../../../src/store/memoryStore.ts';
import { bytesOf, ownerOf, seededBytes } from './contents.ts';

export const ASKER = 'node of the asker';
/** A CID of nothing that any test stores. */
export const ABSENT = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';

type Asked = Partial<GatewayRequest> & { path: string };

/** A gateway over a store in memory, with rights by owner for one asker. */
export interface GatewayUnderTest {
  store: ReturnType<typeof openMemoryStore>;
  components: GatewayComponents;
  rights: Set<string>;
  /** What the gateway said it served. */
  served: ServedRead[];
  /** Owners for which the right was asked, in order. */
  rightsAsked: string[];
  /** The meter's clock, milliseconds. */
  now: number;
  /** Stores a content of its own for a name. */
  hold(name: string, length: number): Promise<GatewayContent>;
  allow(...contents: { owner: string }[]): void;
  withLimits(changed: Partial<GatewayLimits>): void;
  ask(request: Asked): Promise<GatewayAnswer>;
  get(
    owner: string,
    cid: string,
    format: string,
    headers?: Record<string, string>,
  ): Promise<GatewayAnswer>;
}

export function openGatewayUnderTest(): GatewayUnderTest {
  const store = openMemoryStore();
  const withLimits = (changed: Partial<GatewayLimits>): GatewayComponents => {
    const limits = { ...GATEWAY_LIMITS, ...changed };
    return {
      store,
      async mayFetch(who, { owner }) {
        gateway.rightsAsked.push(owner);
        return who === ASKER && gateway.rights.has(owner);
      },
      authenticate: async ({ headers }) => headers['authorization'],
      served: (read) => gateway.served.push(read),
      meter: createGatewayMeter(limits, () => gateway.now),
      limits,
    };
  };
  const gateway: GatewayUnderTest = {
    store,
    components: withLimits({}),
    rights: new Set(),
    served: [],
    rightsAsked: [],
    now: 0,
    async hold(name, length) {
      const owner = ownerOf(name);
      return { owner, ...(await store.put(owner, seededBytes(name, length))) };
    },
    allow(...contents) {
      for (const { owner } of contents) gateway.rights.add(owner);
    },
    withLimits(changed) {
      gateway.components = withLimits(changed);
    },
    ask: (request) =>
      answerGateway(
        {
          method: 'GET',
          query: new URLSearchParams('format=car'),
          headers: { authorization: ASKER },
          ...request,
        },
        gateway.components,
      ),
    get: (owner, cid, format, headers = {}) =>
      gateway.ask({
        path: `/ipfs/${cid}`,
        query: new URLSearchParams({ format }),
        headers: { authorization: ASKER, 'carelattice-owner': owner, ...headers },
      }),
  };
  return gateway;
}

export const bodyOf = async ({ body }: GatewayAnswer): Promise<Uint8Array> =>
  body === undefined || body instanceof Uint8Array ? (body ?? new Uint8Array()) : bytesOf(body);
