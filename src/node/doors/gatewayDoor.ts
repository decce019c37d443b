import type { Courier } from '../../courier/courier.ts';
import {
  type DeliveryGround,
  type GatewayKnowledge,
  type Ground,
  mayFetch,
  type QueryGround,
} from '../../domain/mayFetch.ts';
import { hasCode } from '../../errors.ts';
import { equalBytes, fromHex, type Hex } from '../../hash/bytes.ts';
import { sha256 } from '#sha256';
import { rawCidOfDigest } from '../../store/cid.ts';
import { createGatewayMeter, type GatewayLimits } from '../../store/gatewayMeter.ts';
import {
  answerGateway,
  type GatewayAnswer,
  type GatewayComponents,
  type GatewayRequest,
} from '../../store/gatewayServer.ts';
import type { RequestedContent } from '../../store/gatewayRequest.ts';
import type { Components } from '../components.ts';
import { mayTicketFetch, type TicketHolder, ticketHolder } from './gatewayTickets.ts';
import { TICKET_HEADER } from '../../wire/readMessages.ts';

/** The gateway of this node: ciphertext to whom `mayFetch` lets have it, asked in a sealed courier frame. */

/** Header with the sealed frame (base64url) that names the asker and covers the body. */
export const FRAME_HEADER = 'carelattice-frame';

const MAX_HOLDERS = 10_000;

export type GatewayDoor = (request: GatewayRequest) => Promise<GatewayAnswer>;

export function gatewayDoor(
  c: Components,
  courier: Pick<Courier, 'authenticate'>,
  limits: GatewayLimits,
): GatewayDoor {
  const knowledge = knowledgeOf(c);
  /** Who showed a ticket, under the name that the meter counts. */
  const holders = new Map<string, TicketHolder>();
  function admit(holder: TicketHolder | undefined): string | undefined {
    if (holder === undefined) return undefined;
    const name =
      holder.kind === 'patient'
        ? `patient ${holder.patientId} ${holder.anchor ?? 'all'}`
        : `reader ${holder.access.reader} ${holder.access.requestDigest}`;
    // The oldest goes: a request names its holder anew.
    if (holders.size >= MAX_HOLDERS) holders.delete([...holders.keys()][0] ?? '');
    holders.set(name, holder);
    return name;
  }
  const components: GatewayComponents = {
    store: c.store,
    meter: createGatewayMeter(limits, Date.now),
    limits,
    async mayFetch(asker, content) {
      const holder = holders.get(asker);
      if (holder !== undefined) return mayTicketFetch(holder, content, knowledge);
      const ground = groundOf(content);
      // Owners and askers are node ids and anchors in hex; anything else fits no rule.
      return (
        ground !== undefined &&
        mayFetch(
          asker as Hex,
          { cid: content.cid, anchor: content.owner as Hex, ground },
          knowledge,
        )
      );
    },
    async authenticate(request) {
      const ticket = request.headers[TICKET_HEADER];
      if (ticket !== undefined) return admit(await ticketHolder(c, ticket));
      const frame = request.headers[FRAME_HEADER];
      if (frame === undefined) return undefined;
      try {
        const { asker, body } = await courier.authenticate(
          new Uint8Array(Buffer.from(frame, 'base64url')),
        );
        return equalBytes(body, sha256(request.body)) ? asker : undefined;
      } catch (error) {
        if (hasCode(error, 'Unauthorized')) return undefined;
        throw error;
      }
    },
    served: ({ asker, complete }) =>
      c.log('content served', {
        // A ticket names a patient: of her the log says nothing.
        asker: holders.has(asker) ? 'by ticket' : asker,
        complete: String(complete),
      }),
  };
  return (request) => answerGateway(request, components);
}

function knowledgeOf(c: Components): GatewayKnowledge {
  return {
    isAdmitted: (nodeId) => c.nodes.byId(nodeId)?.state === 'admitted',
    // Held first: a holder may have sealed its wrap anew.
    recordOf: (anchor) => heldRecord(c, anchor) ?? authoredRecord(c, anchor),
    deliveriesRoot: (from, to) => {
      const seal = c.seen.sealOf(from);
      return seal?.from === from && seal.to === to ? seal.deliveriesRoot : undefined;
    },
    relationsDigest: (patientId) => c.seen.relations(patientId)?.digest,
    queryCid: (request) => {
      const digest = c.seen.request(request)?.queryDigest;
      return digest === undefined ? undefined : rawCidOfDigest(fromHex(digest, 32));
    },
  };
}

const authoredRecord = (c: Components, anchor: Hex) => {
  const record = c.author.authored(anchor);
  return record?.erased === true ? undefined : record;
};

const heldRecord = (c: Components, anchor: Hex) => {
  const record = c.holding.held(anchor);
  return record?.state === 'held' ? record : undefined;
};

/** What the asker shows; undefined when it shows nothing that has a form. */
function groundOf(content: RequestedContent): Ground | undefined {
  if (content.ground === undefined) return undefined;
  try {
    const ground: unknown = JSON.parse(content.ground);
    return isQueryGround(ground) || isDeliveryGround(ground) ? ground : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const isRecordOf = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const isQueryGround = (value: unknown): value is QueryGround =>
  isRecordOf(value) && value['kind'] === 'presence-query' && Number.isSafeInteger(value['request']);

const isHex = (value: unknown): value is Hex =>
  typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value);
const isPath = (value: unknown): value is Hex[] =>
  Array.isArray(value) && value.length <= 64 && value.every(isHex);
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

function isDeliveryGround(value: unknown): value is DeliveryGround {
  if (!isRecordOf(value) || value['kind'] !== 'delivery') return false;
  const { entry, entryPath, range, rangePath, relation } = value;
  return (
    isRecordOf(entry) &&
    isHex(entry['salt']) &&
    isCount(entry['request']) &&
    isHex(entry['anchor']) &&
    isPath(entryPath) &&
    isRecordOf(range) &&
    isHex(range['salt']) &&
    isCount(range['from']) &&
    isCount(range['to']) &&
    isHex(range['digest']) &&
    isPath(rangePath) &&
    isRecordOf(relation) &&
    isHex(relation['salt']) &&
    isCount(relation['role']) &&
    isPath(relation['handles']) &&
    isPath(relation['path'])
  );
}
