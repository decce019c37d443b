import { createHash, timingSafeEqual } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceSecretFile } from '../../crypto/secretFile.node.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import { sha256 } from '#sha256';
import { answerSteps, type TracedNode, traceRecord } from '../../trace/trace.ts';
import { waitingTable } from '../../journal/waitingTable.ts';
import { emergencyForOperator } from '../emergency/emergencyForOperator.ts';
import type { OpenNode } from '../openNode.ts';
import { openForOperator } from '../reading/openForOperator.ts';
import { enterInError } from '../recording/enterInError.ts';
import type { ReadSubmission } from '../recording/readSubmission.ts';
import { type Accepted, submit } from '../recording/submit.ts';
import { handInOrWait } from '../recording/waitingSubmissions.ts';
import { openDoor, type Door } from './httpsDoor.node.ts';
import { json } from './nodeRoutes.ts';
import type { DoorRequest, DoorResponse, Route } from './route.ts';
import type { TlsIdentity } from './tlsIdentity.node.ts';

/**
 * The operator's door: on loopback only, and only for whoever can read the token in the node's data folder.
 * Through it the hospital's own systems hand records in, in the clear: it never opens on another address.
 */

/** Endpoint, TLS key and token of the door, for programs of the same user. */
export const OPERATOR_FILE = 'operator.json';

/** A bundle of a whole life; `fhir` has the finer limits. */
const BUNDLE_BYTES = 64 * 1_048_576;

const OPEN_BYTES = 65_536;

export interface OperatorDoorOptions {
  readonly directory: string;
  readonly identity: TlsIdentity;
  readonly node: OpenNode;
  readonly role: 'recording' | 'consensus';
  readonly read: ReadSubmission;
  readonly state: () => string;
  /** A record was handed in. */
  readonly arrived: () => void;
  readonly random: (size: number) => Uint8Array;
  readonly onError?: (error: unknown) => void;
}

/** Opens the door and writes its file; closing it removes the file. */
export async function openOperatorDoor(options: OperatorDoorOptions): Promise<Door> {
  const { directory, identity, random, onError } = options;
  const token = Buffer.from(random(32)).toString('base64url');
  const door = await openDoor({
    identity,
    port: 0,
    host: '127.0.0.1',
    routes: operatorRoutes(options, token),
    onError: (error) => onError?.(error),
  });
  const file = join(directory, OPERATOR_FILE);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const place = { endpoint: door.endpoint, tlsKeyHash: identity.keyHash, token };
  await replaceSecretFile(file, `${JSON.stringify(place)}\n`);
  return {
    ...door,
    async close() {
      await rm(file, { force: true });
      await door.close();
    },
  };
}

function operatorRoutes(options: OperatorDoorOptions, token: string): readonly Route[] {
  const { node, role, state } = options;
  const route = (
    method: Route['method'],
    path: string,
    maxBodyBytes: number,
    handle: Route['handle'],
  ): Route => ({
    method,
    path,
    maxBodyBytes,
    async handle(request) {
      requireToken(request, token);
      return answered(() => handle(request));
    },
  });
  const self: TracedNode = { name: node.self.name, role, db: node.components.db };
  return [
    route('POST', '/records', BUNDLE_BYTES, async (request) => {
      const accepted = await handIn(options, await request.body(), request);
      options.arrived();
      return accepted;
    }),
    route('POST', '/in-error', OPEN_BYTES, async (request) => {
      const body = await request.body();
      const recordIds = recordIdsOf(Buffer.from(body).toString('utf8'));
      const key = request.headers['idempotency-key'] ?? toHex(sha256(body));
      const accepted = await enterInError(node.components, recordIds, key);
      options.arrived();
      return handedIn(accepted);
    }),
    route('POST', '/open', OPEN_BYTES, async (request) => {
      const body: unknown = JSON.parse(Buffer.from(await request.body()).toString('utf8'));
      const opened = await openForOperator(node.components, body);
      options.arrived();
      return json(200, opened);
    }),
    route('POST', '/emergency', OPEN_BYTES, async (request) => {
      requireRecording(role);
      const body: unknown = JSON.parse(Buffer.from(await request.body()).toString('utf8'));
      const answer = await emergencyForOperator(node.components, body);
      options.arrived();
      return json(200, answer);
    }),
    route('GET', '/trace/', 0, async ({ path, query }) => {
      const recordId = path.slice('/trace/'.length);
      if (!isRecordId(recordId)) throw badRecordId(recordId);
      const steps = traceRecord(recordId, [self]);
      const asked = Number(query.get('request') ?? 0);
      const { author, holding } = node.components;
      const request =
        author.authoredById(recordId)?.request ?? holding.heldById(recordId)?.request ?? asked;
      return json(200, {
        request,
        steps: steps.length > 0 || request === 0 ? steps : answerSteps(request, [self]),
      });
    }),
    route('GET', '/status', 0, async () => {
      const { seen } = node.components;
      const { nodeId, name, account } = node.self;
      const waiting = waitingTable(node.components.db).count();
      const numbers = { block: seen.final(), requests: seen.lastRequest(), waiting };
      return json(200, { name, nodeId, account, role, state: state(), ...numbers });
    }),
  ];
}

/** The key of a hand-in: given by the caller, else its content, so that the same bundle is taken once. */
async function handIn(
  { node, role, read }: OperatorDoorOptions,
  bundle: Uint8Array,
  request: DoorRequest,
): Promise<DoorResponse> {
  requireRecording(role);
  const amends = recordIdsOf(request.headers['amends'] ?? '');
  const key = request.headers['idempotency-key'] ?? toHex(sha256(bundle));
  // A new version does not wait: by the time the key comes, the old one may have got another.
  if (amends.length > 0)
    return handedIn(await submit(node.components, read, bundle, key, { amends }));
  const accepted = await handInOrWait(node.components, read, bundle, key);
  return 'waiting' in accepted ? json(202, accepted) : handedIn(accepted);
}

const handedIn = ({ submission, records }: Accepted): DoorResponse =>
  json(200, {
    resources: submission.resources,
    records: records.map(({ recordId, category, recordSize }) => ({
      recordId,
      category,
      recordSize,
    })),
  });

/** Ids with commas between them; none for an empty text. @throws `BadRecordId` */
function recordIdsOf(text: string): Hex[] {
  const given = text.split(',').map((one) => one.trim());
  return given
    .filter((one) => one !== '')
    .map((one) => {
      if (!isRecordId(one)) throw badRecordId(one);
      return one;
    });
}

const badRecordId = (given: string): CarelatticeError =>
  new CarelatticeError('BadRecordId', 'a record id is 0x and 32 hex digits', {
    facts: { given: given.slice(0, 80) },
  });

/** @throws `NotRecordingNode` */
function requireRecording(role: OperatorDoorOptions['role']): void {
  if (role === 'recording') return;
  throw new CarelatticeError(
    'NotRecordingNode',
    'a consensus node keeps no records; hand the bundle in at a recording node',
  );
}

const isRecordId = (text: string): text is `0x${string}` => /^0x[0-9a-f]{32}$/.test(text);

/** Compares digests, so that neither time nor length tells anything of the token. */
function requireToken({ headers }: DoorRequest, token: string): void {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  if (timingSafeEqual(digest(headers['authorization'] ?? ''), digest(`Bearer ${token}`))) return;
  throw new CarelatticeError('Unauthorized', 'the operator door wants the token of its file');
}

/** Refusals go to the operator as they are: he owns this node and its records. */
async function answered(work: () => Promise<DoorResponse>): Promise<DoorResponse> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CarelatticeError)) throw error;
    const { code, message, retryable } = error;
    return json(422, { code, message, retryable });
  }
}
