import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBytes } from '../../crypto/random.ts';
import { CarelatticeError, messageOf } from '../../errors.ts';
import { type Hex, toHex, utf8 } from '../../hash/bytes.ts';
import { hexJson } from '../../wire/typedDataJson.ts';
import { requireSignature, type SigningTask } from './signConsent.ts';
import { pageHtml, pagePolicy } from './signingPage.ts';

export interface SigningPageOptions {
  /** Told the address to open, once. Only who knows it can open the page. */
  readonly announce: (url: string) => void;
  /** Milliseconds until it gives up. Default 15 minutes. */
  readonly withinMs?: number;
}

/** More than any wallet's answer. */
const MOST = 16_384;

/**
 * Serves one page on this machine's loopback that shows the text and asks a wallet of the browser (EIP-6963) for the
 * signature; ends when it has a right one.
 * @throws `NotSigned` when nobody signed in time
 */
export async function signInBrowser(
  task: SigningTask,
  { announce, withinMs = 900_000 }: SigningPageOptions,
): Promise<Hex> {
  const path = `/${toHex(randomBytes(32)).slice(2)}`;
  const signature = Promise.withResolvers<Hex>();
  let authority = '';
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      send(response, 500, messageOf(error));
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Another name for this address would be another site's: a page of that site could read and answer this one.
    const isHere = request.headers.host === authority && request.url === path;
    if (!isHere) {
      send(response, 404, 'Not found');
    } else if (request.method === 'GET') {
      const nonce = toHex(randomBytes(16)).slice(2);
      response.setHeader('content-security-policy', pagePolicy(nonce));
      send(response, 200, pageHtml(task, nonce), 'text/html; charset=utf-8');
    } else if (request.method !== 'POST') {
      send(response, 405, 'Method not allowed');
    } else if (request.headers.origin !== `http://${authority}`) {
      send(response, 403, 'Not from this page');
    } else {
      await take(request, response);
    }
  }

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const made = signatureIn(await bodyOf(request));
      requireSignature(task, made);
      // The page hears that it is done before the door closes.
      response.once('close', () => {
        signature.resolve(made);
      });
      send(response, 200, 'Signed');
    } catch (error) {
      send(response, 400, messageOf(error));
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // a server that listens on TCP has a port
  authority = `127.0.0.1:${port}`;
  const timer = setTimeout(() => {
    signature.reject(
      new CarelatticeError('NotSigned', 'nobody signed on the page in time; start again'),
    );
  }, withinMs);
  try {
    announce(`http://${authority}${path}`);
    return await signature.promise;
  } finally {
    clearTimeout(timer);
    server.close();
    server.closeAllConnections();
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): void {
  const bytes = utf8(body);
  response.writeHead(status, {
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    connection: 'close',
  });
  response.end(bytes);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request) {
    const bytes = part as Uint8Array; // without an encoding set, a request's parts are bytes
    size += bytes.length;
    if (size > MOST) throw badSignature();
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}

function signatureIn(body: string): Hex {
  try {
    const value: unknown = JSON.parse(body);
    const given = typeof value === 'object' && value !== null && 'signature' in value;
    return hexJson.parse(given ? String(value.signature).toLowerCase() : undefined);
  } catch (cause) {
    throw badSignature(cause);
  }
}

const badSignature = (cause?: unknown): CarelatticeError =>
  new CarelatticeError('BadSignature', 'the wallet gave no signature in hex', { cause });
