import { deriveKemKeyPair } from '../../src/crypto/hpkeSealing.ts';
import { accountOf, signDigest } from '../../src/crypto/signatures.ts';
import type { InProcessBus } from '../../src/courier/inProcessTransport.ts';
import { createCourier, type Courier } from '../../src/courier/courier.ts';
import {
  createMemoryOutbox,
  createMemorySeenIds,
  type MemoryOutbox,
} from '../../src/courier/memoryOutbox.ts';
import type {
  Clock,
  Handle,
  IncomingMessage,
  Peer,
  SeenIds,
  Self,
  Transport,
} from '../../src/courier/ports.ts';
import type { Random } from '../../src/domain/random.ts';
import { labelledHash } from '../../src/hash/labelled.ts';
import { toHex, type Hex } from '../../src/hash/bytes.ts';
import { HYBRID_SUITE } from '../../src/wire/kemSuite.ts';

export const FEDERATION: Hex = `0x${'fe'.repeat(32)}`;
export const NETWORK: Hex = `0x${'a0'.repeat(32)}`;
export const CHAIN_ID = 41_001n;

export const idOf = (name: string): Hex => toHex(labelledHash('test-node', name));

/** Repeatable random numbers (Mulberry32). */
export function seeded(seed: number): { bytes: Random; below(bound: number): number } {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    below: (bound) => next() % bound,
  };
}

export interface TestClock extends Clock {
  /** Milliseconds. */
  wall: number;
  /** Seconds. */
  chain: number;
}

export function testClock(): TestClock {
  const clock = {
    wall: 1_000_000,
    chain: 1_800_000_000,
    now: () => clock.wall,
    chainTime: () => clock.chain,
  };
  return clock;
}

/** A network of couriers that know each other. */
export interface Neighbourhood {
  readonly clock: TestClock;
  readonly peers: Map<Hex, Peer>;
  add(name: string, options: NodeOptions): Promise<TestNode>;
}

export interface NodeOptions {
  readonly transport: Transport;
  readonly handle?: Handle;
  /** Opens the node's endpoint. */
  readonly listen?: InProcessBus['listen'];
  /** What a registry says besides: another network, endpoint, ... */
  readonly self?: Partial<Self>;
  readonly peer?: Partial<Peer>;
  readonly seed?: number;
}

export interface TestNode {
  readonly nodeId: Hex;
  readonly self: Self;
  readonly privateKey: Uint8Array;
  courier: Courier;
  readonly outbox: MemoryOutbox;
  readonly seen: SeenIds;
  /** What its handler took, in order. */
  readonly taken: IncomingMessage[];
  /** What its courier did not take. */
  readonly refused: unknown[];
  /** A new courier over the same outbox and seen ids, as after a restart of the process. */
  restart(): void;
  stop: () => void;
}

export function neighbourhood(): Neighbourhood {
  const clock = testClock();
  const peers = new Map<Hex, Peer>();
  return {
    clock,
    peers,
    async add(name, options) {
      const nodeId = idOf(name);
      const privateKey = labelledHash('test-key', name);
      const keyPair = await deriveKemKeyPair(HYBRID_SUITE, labelledHash('test-kem', name));
      const self: Self = {
        federationId: FEDERATION,
        networkId: NETWORK,
        chainId: CHAIN_ID,
        nodeId,
        keyEpoch: 1,
        sign: (digest) => signDigest(privateKey, digest),
        kemKeyPair: (epoch) => (epoch === 1 ? keyPair : undefined),
        ...options.self,
      };
      const endpoint = `in-process:${name}`;
      peers.set(nodeId, {
        nodeId,
        signingAccount: accountOf(privateKey),
        keyEpoch: 1,
        kemPublicKey: keyPair.publicKey,
        kemKeyEpoch: 1,
        endpoint,
        tlsKeyHash: toHex(new Uint8Array(32)),
        suspended: false,
        ...options.peer,
      });
      const outbox = createMemoryOutbox();
      const seen = createMemorySeenIds(() => clock.chain);
      const taken: IncomingMessage[] = [];
      const refused: unknown[] = [];
      const random = seeded((options.seed ?? 1) + Number.parseInt(nodeId.slice(2, 9), 16)).bytes;
      const make = (): Courier =>
        createCourier({
          self,
          directory: { peer: (id) => peers.get(id) },
          transport: options.transport,
          outbox,
          seen,
          clock,
          random,
          async handle(message) {
            const answer = await options.handle?.(message);
            taken.push(message);
            return answer;
          },
          onRefused: (error) => refused.push(error),
        });
      const courier = make();
      const node: TestNode = {
        nodeId,
        self,
        privateKey,
        courier,
        outbox,
        seen,
        taken,
        refused,
        restart() {
          node.courier = make();
        },
        stop: () => undefined,
      };
      node.stop = options.listen?.(endpoint, (frame) => node.courier.receive(frame)) ?? node.stop;
      return node;
    },
  };
}
