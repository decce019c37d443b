import {
  type GatewayKnowledge,
  mayFetchGranted,
  mayFetchInEmergency,
  mayFetchOwn,
} from '../../domain/mayFetch.ts';
import { hasCode } from '../../errors.ts';
import { ZERO_32, type Hex } from '../../hash/bytes.ts';
import { decodeMessage } from '../../wire/messages.ts';
import { type GatewayTicket, gatewayTicket } from '../../wire/readMessages.ts';
import { readerFetchDigest } from '../../wire/readDigests.ts';
import type { RequestedContent } from '../../store/gatewayRequest.ts';
import type { Components } from '../components.ts';
import { emergencyTime } from '../emergency/chainClock.ts';
import type { Access } from '../reading/access.ts';
import { isAnchored } from '../reading/anchorReceipts.ts';
import { requireOnce, requirePatientFetch } from '../reading/patientToken.ts';
import { requireStanding } from '../reading/standing.ts';

/** Who asks without a courier: the patient for one of her records or all, or a reader for what it was granted. */
export type TicketHolder =
  | { readonly kind: 'patient'; readonly patientId: Hex; readonly anchor: Hex | undefined }
  | { readonly kind: 'reader'; readonly access: Access; readonly granted: ReadonlySet<Hex> };

/** Told to nobody apart. */
const REFUSALS = ['Unauthorized', 'MalformedBody', 'Revoked', 'NotHerSigner', 'NothingAllowed'];

/** The holder of a ticket that is signed for this gateway and time and was not shown before; else undefined (401). */
export async function ticketHolder(
  c: Components,
  header: string,
): Promise<TicketHolder | undefined> {
  try {
    const ticket = decodeMessage(gatewayTicket, new Uint8Array(Buffer.from(header, 'base64url')));
    return ticket.kind === 'patient' ? patientOf(c, ticket) : await readerOf(c, ticket);
  } catch (error) {
    if (REFUSALS.some((code) => hasCode(error, code))) return undefined;
    throw error;
  }
}

function patientOf(
  c: Components,
  { kind, ...fetch }: Extract<GatewayTicket, { kind: 'patient' }>,
): TicketHolder {
  requirePatientFetch(c, fetch);
  const { patientId, anchor } = fetch;
  return { kind, patientId, anchor: anchor === ZERO_32 ? undefined : anchor };
}

/** Under a request that was granted here and whose consent stands now. */
async function readerOf(
  c: Components,
  { kind, ...fetch }: Extract<GatewayTicket, { kind: 'reader' }>,
): Promise<TicketHolder | undefined> {
  const node = c.nodes.byId(fetch.reader);
  const digest = readerFetchDigest(c.self.network, { ...fetch, gateway: c.self.nodeId });
  requireOnce(c, {
    ...fetch,
    owner: fetch.reader,
    signer: node?.state === 'admitted' ? node.account : undefined,
    digest,
  });
  const access = c.receipts.accessOf<Access>(fetch.requestDigest);
  if (access?.state !== 'released' || access.reader !== fetch.reader || c.now() >= access.until)
    return undefined;
  // An emergency stands on no consent; its end comes also while the chain stands still.
  if (access.emergency !== undefined) {
    if ((await emergencyTime(c)).now >= access.until) return undefined;
  } else {
    if (!(await isAnchored(c, access.place))) return undefined;
    await requireStanding(c, access, 'latest');
  }
  return { kind, access, granted: new Set(access.anchors) };
}

/** The patient: records and wraps of hers; a reader: what it was granted, a wrap only in an emergency. */
export function mayTicketFetch(
  holder: TicketHolder,
  { owner, cid }: RequestedContent,
  known: Pick<GatewayKnowledge, 'recordOf'>,
): boolean {
  const anchor = owner as Hex; // an anchor in hex; anything else fits no record
  if (holder.kind === 'reader') {
    const mayFetch = holder.access.emergency === undefined ? mayFetchGranted : mayFetchInEmergency;
    return mayFetch(holder.granted, { cid, anchor }, known);
  }
  return (
    (holder.anchor === undefined || holder.anchor === anchor) &&
    mayFetchOwn(holder.patientId, { cid, anchor }, known)
  );
}
