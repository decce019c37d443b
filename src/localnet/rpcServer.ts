import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { CarelatticeError, messageOf } from '../errors.ts';
import type { Eip1193Provider } from '../chain/rpc.ts';
import { portInUse, requireUsablePort } from './freePort.ts';

export interface RpcServer {
  readonly url: string;
  close(): Promise<void>;
}

const MAX_BODY = 16 * 1024 * 1024;

/**
 * Serves a simulated chain on loopback, so that one process and its neighbours see the same chain
 * (Hardhat's own `createServer` makes a chain of its own). @param port 0 for any free one.
 * @throws `PortRefused`, `PortInUse`
 */
export async function serveRpc(provider: Eip1193Provider, port = 0): Promise<RpcServer> {
  requireUsablePort(port);
  const server = createServer((request, response) => {
    void answer(provider, request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portInUse(port, error)));
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${actual}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(provider: Eip1193Provider, request: IncomingMessage) {
  try {
    const calls: unknown = JSON.parse(await bodyOf(request));
    const answers = Array.isArray(calls)
      ? await Promise.all(calls.map((call: unknown) => answerOne(provider, call)))
      : await answerOne(provider, calls);
    return { status: 200, body: JSON.stringify(answers) };
  } catch (error) {
    const refusal = { code: -32700, message: messageOf(error) };
    return { status: 400, body: JSON.stringify({ jsonrpc: '2.0', id: null, error: refusal }) };
  }
}

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on('data', (part: Buffer) => {
      size += part.length;
      if (size <= MAX_BODY) parts.push(part);
    });
    request.on('error', reject);
    request.on('end', () => {
      if (size <= MAX_BODY) resolve(Buffer.concat(parts).toString('utf8'));
      else reject(new CarelatticeError('BodyTooLarge', 'the request is too large'));
    });
  });
}

async function answerOne(provider: Eip1193Provider, call: unknown): Promise<unknown> {
  const fields = typeof call === 'object' && call !== null ? call : {};
  const id = 'id' in fields ? fields.id : null;
  const method = 'method' in fields ? String(fields.method) : '';
  const params: readonly unknown[] =
    'params' in fields && Array.isArray(fields.params) ? fields.params : [];
  try {
    return { jsonrpc: '2.0', id, result: await provider.request({ method, params }) };
  } catch (error) {
    const thrown = typeof error === 'object' && error !== null ? error : {};
    const code = 'code' in thrown && typeof thrown.code === 'number' ? thrown.code : -32603;
    const data = 'data' in thrown ? thrown.data : undefined;
    return { jsonrpc: '2.0', id, error: { code, message: messageOf(error), data } };
  }
}
