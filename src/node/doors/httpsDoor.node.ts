import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { CarelatticeError } from '../../errors.ts';
import { answerOf, readableRequest, send, type Exchange } from './httpExchange.node.ts';
import { isRefusedPort } from './refusedPorts.ts';
import { findRoute, type Route } from './route.ts';
import type { TlsIdentity } from './tlsIdentity.node.ts';

export interface DoorLimits {
  /** Milliseconds for TLS handshake and headers. Default 10,000. */
  readonly headersMs: number;
  /** Milliseconds between two pieces of a request body, or for the client to take a piece of the answer. Default 10,000. */
  readonly idleMs: number;
  /** Milliseconds until the whole request is here. Default 60,000. */
  readonly requestMs: number;
  /** Connections at once; more are closed. Default 512. */
  readonly maxConnections: number;
  /** Milliseconds that open requests get to end when the door closes. Default 5,000. */
  readonly graceMs: number;
}

export interface DoorOptions {
  readonly identity: TlsIdentity;
  readonly routes: readonly Route[];
  /** 0 for any free port. */
  readonly port: number;
  /** Address to listen on; default 127.0.0.1, so that only this machine reaches the door. */
  readonly host?: string;
  readonly limits?: Partial<DoorLimits>;
  /** Told of what a route threw; the client gets the code only where it is meant for it. */
  readonly onError?: (error: unknown, route: Route) => void;
}

export interface Door {
  readonly port: number;
  /** `https://host:port` */
  readonly endpoint: string;
  /** Takes no new request, lets the open ones end, then cuts what is left. */
  close(): Promise<void>;
}

const DEFAULTS: DoorLimits = {
  headersMs: 10_000,
  idleMs: 10_000,
  requestMs: 60_000,
  maxConnections: 512,
  graceMs: 5_000,
};

function assertPort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535 || isRefusedPort(port)) {
    throw new CarelatticeError('PortRefused', 'no client connects to this port; take another', {
      facts: { port },
    });
  }
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const facts = { port, host };
      const known: Record<string, CarelatticeError> = {
        EADDRINUSE: new CarelatticeError('PortInUse', 'the port is taken; end the other process', {
          facts,
          cause: error,
        }),
        EACCES: new CarelatticeError(
          'PortRefused',
          'the system keeps this port; take one above 1023',
          {
            facts,
            cause: error,
          },
        ),
      };
      reject(known[error.code ?? ''] ?? error);
    });
    server.listen(port, host, () => {
      resolve(server.address() as AddressInfo); // a listening TCP server has one
    });
  });
}

/**
 * Opens an HTTPS server (TLS 1.3, HTTP/1.1) with a table of routes.
 * @throws `PortInUse`, `PortRefused`
 */
export async function openDoor(options: DoorOptions): Promise<Door> {
  assertPort(options.port);
  const limits = { ...DEFAULTS, ...options.limits };
  const host = options.host ?? '127.0.0.1';
  const server = createServer({
    cert: options.identity.certificate,
    key: options.identity.privateKey,
    minVersion: 'TLSv1.3',
    handshakeTimeout: limits.headersMs,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headersMs, limits.requestMs),
    maxHeaderSize: 32 * 1024,
  });
  server.maxConnections = limits.maxConnections;
  server.on('request', (request, response) => {
    const { idleMs } = limits;
    void serve(options, { request, response, idleMs, isClosing: () => !server.listening });
  });
  const { port } = await listen(server, options.port, host);
  return {
    port,
    endpoint: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () => closeGracefully(server, limits.graceMs),
  };
}

async function serve({ routes, onError }: DoorOptions, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const [path = ''] = (request.url ?? '').split('?', 1);
  const route = findRoute(routes, request.method ?? '', path);
  if (!('handle' in route)) {
    const allow = route.join(', ');
    const answer = route.length === 0 ? { status: 404 } : { status: 405, headers: { allow } };
    return send(exchange, answer).catch(() => undefined); // the client has gone: nobody to tell
  }
  try {
    const answer = await route.handle(readableRequest(exchange, path, route.maxBodyBytes));
    await send(exchange, answer);
  } catch (error) {
    onError?.(error, route);
    if (response.headersSent) response.destroy();
    else await send(exchange, answerOf(error)).catch(() => undefined); // as above
  }
}

function closeGracefully(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
