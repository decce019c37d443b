import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { createPinnedClient, readAll } from '../../courier/pinnedClient.node.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import { type Hex, utf8 } from '../../hash/bytes.ts';
import type { TraceStep } from '../../trace/trace.ts';
import { refusalOf } from '../../wire/refusal.ts';
import type { AskNode } from './emergencyOperator.ts';
import { OPERATOR_FILE } from './operatorDoor.node.ts';

/** The other side of the operator's door, for programs on the node's machine. */

const place = z.strictObject({
  endpoint: z.url(),
  tlsKeyHash: z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value)),
  token: z.string(),
});
const refusal = z.object({ code: z.string(), message: z.string(), retryable: z.boolean() });
const handedIn = z.union([
  z.object({
    resources: z.number(),
    records: z.array(
      z.object({ recordId: z.string(), category: z.string(), recordSize: z.number() }),
    ),
  }),
  /** Taken, and sealed when the patient's new key has come. */
  z.object({ waiting: z.string() }),
]);
const traced = z.object({
  request: z.number(),
  steps: z.array(z.custom<TraceStep>((value) => typeof value === 'object' && value !== null)),
});
const openedRecords = z.object({
  records: z.array(
    z.object({
      recordId: z.string(),
      category: z.string(),
      author: z.string(),
      recordedAt: z.number(),
      text: z.string(),
    }),
  ),
});
const status = z.object({ name: z.string(), state: z.string(), block: z.number() });

export type HandedIn = z.infer<typeof handedIn>;

export interface Operator {
  /** @throws the node's refusal under its own code */
  handIn(bundle: Uint8Array, key?: string, amends?: readonly string[]): Promise<HandedIn>;
  /** Says of records of this node that they were written in error, in new versions without content. */
  enterInError(recordIds: readonly string[]): Promise<HandedIn>;
  /** This node's part of a record's way, and the storage request where it knows it, else 0. */
  trace(recordId: string, request?: number): Promise<z.infer<typeof traced>>;
  /** Opens records of the patient with these identifiers; the opening is logged for her. */
  open(
    identifiers: readonly { system: string; value: string }[],
    recordId?: string,
  ): Promise<z.infer<typeof openedRecords>['records']>;
  /** For `emergencyOperator`. */
  emergency: AskNode;
  status(): Promise<z.infer<typeof status>>;
  close(): void;
}

/** @param directory the data folder of the node @throws `NodeNotRunning` */
export async function operatorOf(directory: string): Promise<Operator> {
  const peer = place.parse(JSON.parse(await readPlace(directory)));
  // Handing in waits for validation and sealing of the whole bundle.
  const client = createPinnedClient({ profile: 'local', idleMs: 120_000 });
  async function ask<T>(
    schema: z.ZodType<T>,
    request: {
      method: 'GET' | 'POST';
      path: string;
      body?: Uint8Array;
      key?: string;
      amends?: readonly string[];
    },
  ): Promise<T> {
    const { method, path, body, key, amends = [] } = request;
    const headers: Record<string, string> = {
      authorization: `Bearer ${peer.token}`,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(amends.length === 0 ? {} : { amends: amends.join() }),
    };
    const answer = await client
      .request(peer, { method, path, headers, ...(body === undefined ? {} : { body }) })
      .catch((error: unknown) => {
        throw hasCode(error, 'PeerUnreachable') ? notRunning(directory, error) : error;
      });
    const bytes = await readAll(answer.body, MOST_BYTES);
    const text = Buffer.from(bytes).toString('utf8');
    if (answer.status === 200 || answer.status === 202) return schema.parse(JSON.parse(text));
    if (answer.status === 422) {
      // It may pass on what another node wrote.
      throw refusalOf(refusal.parse(JSON.parse(text)));
    }
    throw new CarelatticeError('OperatorDoorFailed', 'the node could not answer; see its log', {
      facts: { status: answer.status },
    });
  }
  return {
    handIn: (body, key, amends = []) =>
      ask(handedIn, {
        method: 'POST',
        path: '/records',
        body,
        amends,
        ...(key === undefined ? {} : { key }),
      }),
    enterInError: (recordIds) =>
      ask(handedIn, { method: 'POST', path: '/in-error', body: utf8(recordIds.join()) }),
    trace: (recordId, request = 0) =>
      ask(traced, {
        method: 'GET',
        path: `/trace/${encodeURIComponent(recordId)}?request=${request}`,
      }),
    open: async (identifiers, recordId) => {
      const body = utf8(JSON.stringify({ identifiers, recordId }));
      return (await ask(openedRecords, { method: 'POST', path: '/open', body })).records;
    },
    emergency: (schema, act) =>
      ask(schema, { method: 'POST', path: '/emergency', body: utf8(JSON.stringify(act)) }),
    status: () => ask(status, { method: 'GET', path: '/status' }),
    close: () => client.close(),
  };
}

const MOST_BYTES = 256 * 1_048_576;

async function readPlace(directory: string): Promise<string> {
  try {
    return await readFile(join(directory, OPERATOR_FILE), 'utf8');
  } catch (cause) {
    throw notRunning(directory, cause);
  }
}

const notRunning = (directory: string, cause: unknown): CarelatticeError =>
  new CarelatticeError('NodeNotRunning', 'this node does not run; start it with run-node', {
    facts: { data: directory },
    cause,
    retryable: true,
  });
