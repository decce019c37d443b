import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';

const call = z.object({ id: z.number(), method: z.string() });

/** The one call of a request. */
export const callOf = (body: string) => call.parse(JSON.parse(body));

/** The calls of a batch. */
export const callsOf = (body: string) => z.array(call).parse(JSON.parse(body));

export interface StandIn {
  readonly url: string;
  /** Bodies received. */
  readonly bodies: readonly string[];
  close(): Promise<void>;
}

/** A tiny loopback server in the place of a node; `answer` writes whatever a broken node might. */
export async function standIn(
  answer: (body: string, response: ServerResponse, request: IncomingMessage) => void,
): Promise<StandIn> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => (body += part));
    request.on('end', () => {
      bodies.push(body);
      answer(body, response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    bodies,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
