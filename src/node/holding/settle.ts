import { signDigest } from '../../crypto/signatures.ts';
import { settlementDigest } from '../../domain/deliveries.ts';
import { fromHex, toHex } from '../../hash/bytes.ts';
import { merkleRoot } from '../../hash/merkleTree.ts';
import type { Delivery } from '../../journal/holdingTables.ts';
import { MessageType } from '../../wire/envelope.ts';
import { encodeMessage, type Settlement } from '../../wire/messages.ts';
import { typedDigest } from '../../wire/typedData.ts';
import type { Components } from '../components.ts';
import { answerPresence } from './answerPresence.ts';

/** Step 5 of shared storage, at a node: what it holds of a sealed range, said once a round with its presence answers. */

/** Bytes of a report: with its frame it fills one envelope of 16 KiB. What does not fit waits for the next. */
const REPORT_BYTES = 15_500;

/** Sends this round's report, if there is anything to say, and says how many things it said. */
export async function sendReport(c: Components): Promise<number> {
  const active = c.active();
  if (active === undefined) return 0;
  const answers = await answerPresence(c);
  const due = c.holding.deliveriesIn('checked').filter((delivery) => mayBeSettled(c, delivery));
  const settlements = fitting(c, answers, due);
  if (answers.length + settlements.length === 0) return 0;
  await c.reached('holding: answered');
  c.db.transaction(() => {
    for (const { request, bitmap } of answers) c.seen.setAnswered(request, bitmap);
    for (const { delivery, settlement } of settlements) {
      const sent = [...(delivery.sent ?? []), settlementDigest(encodeMessage(settlement))];
      const { sentAt = c.now() } = delivery;
      c.holding.putDelivery({ ...delivery, state: 'settled', settlement, sent, sentAt });
    }
    const body = { answers, settlements: settlements.map(({ settlement }) => settlement) };
    c.courier.send(active.nodeId, MessageType.RoundReport, encodeMessage(body), {
      term: active.term,
    });
  });
  await c.reached('holding: settled');
  return answers.length + settlements.length;
}

/** As many settlements as the report has room for, oldest first. */
function fitting(
  c: Components,
  answers: readonly object[],
  due: readonly Delivery[],
): { delivery: Delivery; settlement: Settlement }[] {
  const taken: { delivery: Delivery; settlement: Settlement }[] = [];
  let room = REPORT_BYTES - encodeMessage({ answers, settlements: [] }).length;
  for (const delivery of due) {
    const settlement = settlementOf(c, delivery);
    room -= encodeMessage(settlement).length;
    if (room < 0) break;
    taken.push({ delivery, settlement });
  }
  return taken;
}

/** A node settles when it holds what is due, or when the window for it is over: then it says what is outstanding. */
function mayBeSettled(c: Components, { from, to }: Delivery): boolean {
  const seal = c.seen.sealOf(from);
  const isOver =
    seal !== undefined && c.now() >= seal.time + c.windows.answerRounds * c.windows.roundSeconds;
  return isOver || c.holding.heldOfRequests(from, to).every(({ state }) => state !== 'due');
}

/** Most refusals that a settlement names, so that it fits a report; every one has raised its alarm already. */
const REFUSALS = 50;

/** Signed receipts for every request whose records are all held; the rest is outstanding. Empty where nothing was due. */
function settlementOf(c: Components, delivery: Delivery): Settlement {
  const { from, to } = delivery;
  const records = c.holding.heldOfRequests(from, to);
  const requests = [...new Set(records.map((record) => record.request))];
  // What its patient erased before it was settled is not held: neither silence nor a receipt would be true.
  const refused = records.filter(({ state }) => state === 'refused' || state === 'erased');
  return {
    from,
    to,
    receipts: requests
      .filter((request) =>
        records.every((record) => record.request !== request || record.state === 'held'),
      )
      .map((request) => receiptOf(c, request, from)),
    outstanding: records.filter((record) => record.state === 'due').length,
    refused: refused.slice(0, REFUSALS).map(({ anchor, state, reason }) => ({
      anchor,
      reason: state === 'erased' ? 'RecordErased' : (reason ?? ''),
    })),
  };
}

function receiptOf(c: Components, request: number, from: number): Settlement['receipts'][number] {
  const { federationId, networkId, chainId } = c.self.network;
  const anchors = c.holding
    .heldOfRequests(request, request)
    .map(({ anchor }) => fromHex(anchor, 32));
  const receipt = {
    request,
    anchorsRoot: toHex(merkleRoot(anchors)),
    locatorRoot: c.seen.sealOf(from)?.newRoot ?? '0x',
  } as const;
  const digest = typedDigest('StorageReceipt', federationId, {
    networkId,
    chainId: BigInt(chainId),
    holder: c.self.nodeId,
    ...receipt,
    request: BigInt(request),
  });
  return { ...receipt, signature: signDigest(c.self.signingKey, digest) };
}
