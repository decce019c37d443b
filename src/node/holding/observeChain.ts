import type { EdgeEvent } from '../../chain/edgeEvents.ts';
import { nodeAfter } from '../../chain/nodeEvents.ts';
import type { EventStream } from '../../chain/eventStream.ts';
import { cursorSchema, startCursor } from '../../chain/cursor.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Components } from '../components.ts';

/** Reads the chain's final blocks into the journal: cursor and rows in one transaction, so that a restart reads on. */

/** Kind of an `AuthoritySet` by guardians. */
const RECOVERED = 2n;

/** What else a role does with an event, in the same transaction. */
export type OnEvent = (event: EdgeEvent) => void;

/**
 * Reads up to the newest final block.
 * @throws `ChainRewritten` when a final block is no longer on the chain: an operator has to look
 */
export async function observeChain(
  c: Components,
  events: EventStream,
  deployBlock: number,
  onEvent: OnEvent,
): Promise<number> {
  let seen = 0;
  for (;;) {
    const outcome = await events.poll(c.seen.cursor(cursorSchema) ?? startCursor(deployBlock), {
      toBlock: 'final',
    });
    switch (outcome.kind) {
      case 'events':
        c.db.transaction(() => {
          for (const event of outcome.events) {
            observe(c, event);
            onEvent(event);
          }
          c.seen.setCursor(outcome.cursor);
          if (outcome.final !== undefined) c.seen.setFinal(outcome.final.number);
        });
        seen += outcome.events.length;
        break;
      case 'quiet':
      case 'lagging':
      case 'logsMissing':
        return seen;
      case 'reorg':
      case 'tooDeep':
        throw new CarelatticeError(
          'ChainRewritten',
          'a final block is no longer on the chain; stop and look before going on',
          {
            facts: { kind: outcome.kind },
          },
        );
    }
  }
}

function observe(c: Components, event: EdgeEvent): void {
  const { block, time, transactionHash: tx } = event;
  switch (event.name) {
    case 'StorageRequested': {
      const { request, position, batchRoot, queryDigest, paddedCount, tagEpoch } = event.args;
      const author = c.nodes.byPosition(Number(position));
      if (author === undefined)
        throw new CarelatticeError(
          'NodeUnknown',
          'a storage request of a node that was never admitted',
        );
      c.seen.addRequest({
        request: Number(request),
        nodeId: author.nodeId,
        batchRoot,
        queryDigest,
        paddedCount: Number(paddedCount),
        tagEpoch: Number(tagEpoch),
        block,
        time,
        tx,
      });
      return;
    }
    case 'BatchSealed': {
      const { from, to, prevRoot, newRoot, deliveriesRoot, answersRoot } = event.args;
      c.seen.addSeal({
        from: Number(from),
        to: Number(to),
        prevRoot,
        newRoot,
        deliveriesRoot,
        answersRoot,
        block,
        time,
        tx,
      });
      return;
    }
    case 'ReceiptsRecorded': {
      const { from, to, settledBitmap: bitmap, receiptsRoot } = event.args;
      c.seen.addSettled({
        from: Number(from),
        to: Number(to),
        bitmap,
        receiptsRoot,
        block,
        time,
        tx,
      });
      return;
    }
    case 'LocatorUpdated':
      c.seen.addLocatorRoot(event.args.newRoot, block);
      return;
    case 'TermStarted':
      c.seen.setTerm(Number(event.args.term), event.args.nodeId, block, time);
      return;
    case 'PatientOpened':
      c.seen.addAuthority(event.args.patientId, event.args.authority, block);
      c.inbox.setKeyHash(event.args.patientId, event.args.inboxKeyHash);
      return;
    case 'AuthoritySet': {
      const { patientId, authority, kind } = event.args;
      c.seen.addAuthority(patientId, authority, block, kind === RECOVERED);
      return;
    }
    case 'InboxKeySet':
      c.inbox.setKeyHash(event.args.patientId, event.args.kemKeyHash);
      return;
    case 'RelationsSet':
      c.seen.addRelations(event.args.patientId, {
        seq: Number(event.args.seq),
        digest: event.args.relationsDigest,
        block,
        time,
      });
      return;
    case 'ScopeEpochSet': {
      const { patientId, handle, epoch, commitment } = event.args;
      c.seen.setScopeEpoch(patientId, handle, Number(epoch), commitment, block);
      return;
    }
    default: {
      const node = nodeAfter(event, (nodeId) => c.nodes.byId(nodeId));
      if (node !== undefined) c.nodes.put(node);
    }
  }
}
