import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { connect, type TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { CarelatticeError } from '../errors.ts';
import type { Hex } from '../hash/bytes.ts';
import { allowedEndpoint, resolveByDns } from './endpointPolicy.node.ts';
import type { AllowedEndpoint, EndpointProfile, Resolve } from './endpointPolicy.node.ts';
import { tlsKeyHashOf } from './tlsKeyHash.node.ts';

/** A door of a peer: where it is and which TLS key it has, both from the registry. */
export interface PinnedPeer {
  /** `https://host[:port][/path]` */
  readonly endpoint: string;
  /** SHA-256 of the SubjectPublicKeyInfo of its TLS key. */
  readonly tlsKeyHash: Hex;
}

export interface PinnedRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** Begins with a slash; put behind the path of the endpoint. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
}

export interface PinnedResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read to its end or left early (`return`), which ends the connection. Throws `PeerUnreachable`. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** HTTPS to peers known by their TLS key: no certificate authority, no redirect, no proxy, no cookie. */
export interface PinnedClient {
  /** @throws `PeerUnreachable` (retryable), `WrongTlsKey`, `EndpointRefused` */
  request(peer: PinnedPeer, request: PinnedRequest): Promise<PinnedResponse>;
  /** Ends all connections. */
  close(): void;
}

export interface PinnedClientOptions {
  readonly profile: EndpointProfile;
  readonly resolve?: Resolve;
  /** Milliseconds without a byte, connecting included, after which a request ends; default 10,000. */
  readonly idleMs?: number;
}

const IDLE_MS = 10_000;

const unreachable = (host: string, cause: unknown): CarelatticeError =>
  new CarelatticeError('PeerUnreachable', 'a peer did not answer', {
    facts: { host },
    cause,
    retryable: true,
  });

/** Connects and hands the socket out only once the peer has shown the pinned key: nothing is sent to another one. */
function pinnedAgent(target: AllowedEndpoint, tlsKeyHash: Hex, idleMs: number): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 16, scheduling: 'lifo' });
  const createConnection = (
    _options: unknown,
    created?: (error: Error | null, stream?: Duplex) => void,
  ): undefined => {
    const socket = connect({
      host: target.address,
      port: target.port,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: false, // the pin below is the check: there is no certificate authority
    });
    const fail = (error: Error): void => {
      socket.destroy();
      created?.(error);
    };
    socket.setTimeout(idleMs, () => fail(new Error('connecting took too long')));
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      socket.setTimeout(0);
      socket.removeListener('error', fail);
      if (shownKey(socket) === tlsKeyHash) return created?.(null, socket);
      fail(
        new CarelatticeError('WrongTlsKey', 'a peer shows another TLS key than the registry', {
          facts: { host: target.host },
        }),
      );
    });
    return undefined;
  };
  return Object.assign(agent, { createConnection });
}

function shownKey(socket: TLSSocket): Hex | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : tlsKeyHashOf(certificate);
}

export function createPinnedClient(options: PinnedClientOptions): PinnedClient {
  const idleMs = options.idleMs ?? IDLE_MS;
  /** One agent per address and key: a new key never meets an old connection. */
  const agents = new Map<string, Agent>();

  const agentOf = (target: AllowedEndpoint, tlsKeyHash: Hex): Agent => {
    const name = `${target.address} ${target.port} ${tlsKeyHash}`;
    const known = agents.get(name);
    if (known !== undefined) return known;
    const agent = pinnedAgent(target, tlsKeyHash, idleMs);
    agents.set(name, agent);
    return agent;
  };

  return {
    async request(peer, { method, path, headers = {}, body, signal }) {
      const target = await allowedEndpoint(
        peer.endpoint,
        options.profile,
        options.resolve ?? resolveByDns,
      );
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = httpsRequest({
          agent: agentOf(target, peer.tlsKeyHash),
          host: target.address,
          port: target.port,
          method,
          path: target.basePath + path,
          headers: {
            host: target.host,
            ...(body === undefined ? {} : { 'content-length': body.length }),
            ...headers,
          },
          timeout: idleMs,
          ...(signal === undefined ? {} : { signal }),
        });
        request.once('timeout', () => request.destroy(new Error('no byte for too long')));
        request.once('response', resolve);
        request.on('error', (error) => {
          reject(error instanceof CarelatticeError ? error : unreachable(target.host, error));
        });
        request.end(body);
      });
      return {
        status: answer.statusCode ?? 0,
        headers: answer.headers,
        body: bodyOf(answer, target.host),
      };
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

async function* bodyOf(answer: IncomingMessage, host: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer) yield new Uint8Array(chunk as Buffer); // no encoding is set
  } catch (error) {
    throw unreachable(host, error);
  }
}

/** All of a response body. @throws `AnswerTooLong` above `maxBytes`, `PeerUnreachable` */
export async function readAll(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new CarelatticeError('AnswerTooLong', 'a peer answers with more than was asked for', {
        facts: { most: maxBytes },
      });
    }
    chunks.push(chunk);
  }
  const all = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}
